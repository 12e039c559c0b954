"""What is stored when another node asks us: the request, and the clients whose documents were read."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Column, UniqueConstraint, bindparam
from sqlmodel import Field, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.authorization.requests.states import MACHINE, AuthorizationEvent, AuthorizationState
from service.database.columns import JSON_COLUMN, enum_column
from service.values.state_machine import StateMachine


class AuthorizationRequest(SQLModel, table=True):
    """One attempt, seen by its responder, from the pushed request (RFC 9126) on.

    `client` is the snapshot of the asking side's document and keys. The code is kept as a hash, and sealed
    for its 60 seconds so that the same decision made again gives the same answer. `key_thumbprint` is the
    DPoP key that the code is, or was, redeemed with. `reconnects` is the shared id of an active connection that is
    verified anew: the attempt has a shared id of its own, so that its end is never that of the connection.
    """

    __tablename__ = "authorization_request"
    __table_args__ = (UniqueConstraint("instance_id", "client_id", "shared_id"),)
    MACHINE: ClassVar[StateMachine[AuthorizationState, AuthorizationEvent]] = MACHINE

    id: str = Field(primary_key=True, max_length=40)
    instance_id: str = Field(foreign_key="instance.id", max_length=40, ondelete="CASCADE")
    connection_id: str | None = Field(default=None, foreign_key="connection.id", index=True, max_length=40)
    state: AuthorizationState = Field(default=MACHINE.initial, sa_type=enum_column(AuthorizationState))
    client_id: str = Field(max_length=2048)
    client: dict[str, Any] = Field(sa_column=Column(JSON_COLUMN, nullable=False))
    shared_id: str = Field(max_length=36)
    reconnects: str | None = Field(default=None, max_length=36)
    request_uri_hash: str = Field(max_length=64, unique=True)
    redirect_uri: str = Field(max_length=2048)
    client_state_sealed: str
    nonce: str = Field(max_length=512)
    code_challenge: str = Field(max_length=43)
    scope: list[str] = Field(sa_column=Column(JSON_COLUMN, nullable=False))
    details: dict[str, Any] = Field(sa_column=Column(JSON_COLUMN, nullable=False))
    comparison_code: str = Field(max_length=20)
    code_hash: str | None = Field(default=None, max_length=64, unique=True)
    code_sealed: str | None = None
    code_expires_at: datetime | None = None
    subject: str | None = Field(default=None, max_length=64)
    admin_name: str | None = Field(default=None, max_length=255)
    auth_time: datetime | None = None
    key_thumbprint: str | None = Field(default=None, max_length=43)
    attestation: str | None = None
    redeemed_at: datetime | None = None
    expires_at: datetime = Field(index=True)
    created_at: datetime


async def find_locked(
    session: AsyncSession, instance_id: str, client_id: str, shared_id: str
) -> AuthorizationRequest | None:
    """Return the request that this client pushed here under this shared id, locked."""
    values = {"instance_id": instance_id, "client_id": client_id, "shared_id": shared_id}
    return (await session.exec(_PUSHED, params=values)).one_or_none()


_PUSHED = (
    select(AuthorizationRequest)
    .where(
        AuthorizationRequest.instance_id == bindparam("instance_id"),
        AuthorizationRequest.client_id == bindparam("client_id"),
        AuthorizationRequest.shared_id == bindparam("shared_id"),
    )
    .with_for_update()
    .execution_options(populate_existing=True)
)
