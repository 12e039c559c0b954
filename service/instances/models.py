"""What is stored about an instance and its signing keys."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from service.database.columns import JSON_COLUMN, enum_column
from service.words import Network


class Instance(SQLModel, table=True):
    """One work-management system. Its issuer is `{public_url}/i/{slug}`; the slug never changes.

    Until `credential_renewing_until` one process renews the connection's access: a refresh token works once.
    """

    __tablename__ = "instance"

    id: str = Field(primary_key=True, max_length=40)
    slug: str = Field(max_length=63, unique=True)
    name: str = Field(max_length=100)
    platform: str = Field(max_length=40)
    url: str = Field(max_length=2048, index=True)
    network: Network = Field(sa_type=enum_column(Network))
    return_urls: list[str] = Field(sa_column=Column(JSON_COLUMN, nullable=False))
    identity: dict[str, Any] = Field(sa_column=Column(JSON_COLUMN, nullable=False))
    credential_sealed: str | None = None
    credential_renewing_until: datetime | None = None
    oauth_client_id: str | None = Field(default=None, max_length=255)
    oauth_secret_sealed: str | None = None
    created_at: datetime
    updated_at: datetime
