"""What is stored about what happened."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, text
from sqlmodel import Field, SQLModel

from service.database.columns import JSON_COLUMN, enum_column
from service.http.acting import ActorKind


class Event(SQLModel, table=True):
    """One entry of a connection's history; it is written once and never changed.

    `what` names it (`connection.activate`, `callback.refused`), `why` is its reason in one word, and `detail` holds
    what else a reader needs. No secret is ever in it.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_connection", "connection_id", "id"),
        Index(
            "ix_event_refused",
            "at",
            sqlite_where=text("what LIKE '%.refused'"),
            postgresql_where=text("what LIKE '%.refused'"),
        ),
    )

    id: str = Field(primary_key=True, max_length=40)
    connection_id: str = Field(foreign_key="connection.id", max_length=40, ondelete="CASCADE")
    what: str = Field(max_length=80)
    why: str | None = Field(default=None, max_length=100)
    detail: dict[str, Any] = Field(sa_column=Column(JSON_COLUMN, nullable=False))
    actor_kind: ActorKind = Field(sa_type=enum_column(ActorKind))
    actor_id: str | None = Field(default=None, max_length=2048)
    actor_name: str | None = Field(default=None, max_length=255)
    address: str | None = Field(default=None, max_length=64)
    request_id: str | None = Field(default=None, max_length=80)
    at: datetime
