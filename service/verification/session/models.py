"""What is stored about one attempt: intent before each call, result after it."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from service.database.columns import JSON_COLUMN, enum_column
from service.values.state_machine import StateMachine
from service.verification.session.states import MACHINE, VerificationEvent, VerificationState
from service.words import Mode


class Purpose(StrEnum):
    """What the proof is for."""

    SET_UP = "set_up"
    RECONNECT = "reconnect"


class VerificationSession(SQLModel, table=True):
    """One run of the handshake, seen by its initiator. Secrets are hashed or sealed.

    `peer` is the snapshot of the other node's metadata and keys that the whole attempt uses (no mix-up by a later
    look-up); where we have moved meanwhile, `registered_as` in it is what the other side still calls us. `mode` is
    what a basic connection is to become. `completed_at` is when both sides were done with it.
    `owner_account` is the person it belongs to; empty until somebody signs in on the start page.
    """

    __tablename__ = "verification_session"
    __table_args__ = (UniqueConstraint("instance_id", "shared_id"),)
    MACHINE: ClassVar[StateMachine[VerificationState, VerificationEvent]] = MACHINE

    id: str = Field(primary_key=True, max_length=40)
    connection_id: str = Field(foreign_key="connection.id", index=True, max_length=40, ondelete="CASCADE")
    instance_id: str = Field(foreign_key="instance.id", max_length=40, ondelete="CASCADE")
    purpose: Purpose = Field(default=Purpose.SET_UP, sa_type=enum_column(Purpose))
    state: VerificationState = Field(default=MACHINE.initial, sa_type=enum_column(VerificationState))
    shared_id: str = Field(max_length=36)
    owner_account: str | None = Field(default=None, max_length=255)
    browser_id: str | None = Field(default=None, max_length=40)
    peer_issuer: str = Field(max_length=2048)
    peer: dict[str, Any] = Field(sa_column=Column(JSON_COLUMN, nullable=False))
    mode: Mode | None = Field(default=None, sa_type=enum_column(Mode))
    requested_scope: list[str] = Field(sa_column=Column(JSON_COLUMN, nullable=False))
    comparison_code: str = Field(max_length=20)
    code_verifier_sealed: str
    state_hash: str | None = Field(default=None, max_length=64, unique=True)
    state_sealed: str | None = None
    nonce: str | None = Field(default=None, max_length=64)
    request_uri_sealed: str | None = None
    request_expires_at: datetime | None = None
    code_sealed: str | None = None
    access_token_sealed: str | None = None
    access_token_expires_at: datetime | None = None
    admin_name: str | None = Field(default=None, max_length=255)
    admin_checked_at: datetime | None = None
    completed_at: datetime | None = None
    last_error: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON_COLUMN, nullable=True))
    revision: int = 1
    expires_at: datetime
    created_at: datetime

    @property
    def is_renewal(self) -> bool:
        """True where the connection is active already, and stays so however this ends."""
        return self.purpose is Purpose.RECONNECT
