"""What is stored about callers: service tokens and sign-in sessions, both by keyed hash only."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from service.database.columns import JSON_COLUMN, enum_column


class SessionKind(StrEnum):
    """How the session's secret travels."""

    COOKIE = "cookie"
    BEARER = "bearer"


class ServiceToken(SQLModel, table=True):
    """A scoped token of a service. `instance_ids` of None means every instance of the node.

    The two `maker_…` name the person behind it, as whose right it lasts: also where a token of theirs made it.
    """

    __tablename__ = "service_token"

    id: str = Field(primary_key=True, max_length=40)
    name: str = Field(max_length=100)
    secret_hash: str = Field(max_length=64, unique=True)
    scopes: list[str] = Field(sa_column=Column(JSON_COLUMN, nullable=False))
    instance_ids: list[str] | None = Field(sa_column=Column(JSON_COLUMN, nullable=True))
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    maker_instance_id: str | None = Field(default=None, max_length=40)
    maker_account_id: str | None = Field(default=None, max_length=255)
    revoked_at: datetime | None = None


class SignInSession(SQLModel, table=True):
    """A person signed in with an instance's own account; their rights were checked live at `signed_in_at`.

    `for_request` binds a sign-in to the one authorization request that it was made for. `browser_id` stays the same
    when somebody signs in again in the same browser.
    """

    __tablename__ = "sign_in_session"

    id: str = Field(primary_key=True, max_length=40)
    instance_id: str = Field(foreign_key="instance.id", index=True, max_length=40, ondelete="CASCADE")
    secret_hash: str = Field(max_length=64, unique=True)
    kind: SessionKind = Field(sa_type=enum_column(SessionKind))
    account_id: str = Field(max_length=255)
    login: str = Field(max_length=255)
    display_name: str = Field(max_length=255)
    is_admin: bool
    missing: str | None = None
    for_request: str | None = Field(default=None, max_length=40)
    browser_id: str = Field(max_length=40)
    signed_in_at: datetime
    expires_at: datetime = Field(index=True)


class NodeSecret(SQLModel, table=True):
    """A random secret of this node, sealed; made when the node first starts."""

    __tablename__ = "node_secret"

    name: str = Field(primary_key=True, max_length=40)
    sealed: str


class GuessCount(SQLModel, table=True):
    """How often somebody guessed, in the window that ends at `ends_at`; `subject` is a hash of who it was.

    A row whose window is over counts for nothing, and the sweeper removes it.
    """

    __tablename__ = "guess_count"

    kind: str = Field(primary_key=True, max_length=60)
    subject: str = Field(primary_key=True, max_length=64)
    count: int
    ends_at: datetime = Field(index=True)
