"""What is stored about an invitation: by the inviter's node once issued, by the invited one once accepted."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from service.database.columns import JSON_COLUMN, enum_column
from service.invitations.invitation.states import MACHINE, InvitationEvent, InvitationState
from service.values.state_machine import StateMachine
from service.words import Mode


class Direction(StrEnum):
    """Whose it is: this side invites, or is invited."""

    SENT = "sent"
    RECEIVED = "received"


class Invitation(SQLModel, table=True):
    """One invitation, seen by one of its two sides; both know it by the same `reference`.

    The inviter keeps a keyed hash of the secret; the invited side keeps it sealed, until the inviter has taken it.
    `claimant` is who claimed a sent one: how far its host was verified, its keys, and what it says of itself.
    `peer` is the snapshot of the inviter's node that a received one is carried on with.
    """

    __tablename__ = "invitation"
    __table_args__ = (
        UniqueConstraint("instance_id", "reference", "inviter_issuer"),
        Index("ix_invitation_created", "created_at", "id"),
        Index("ix_invitation_shared", "instance_id", "shared_id"),
    )
    MACHINE: ClassVar[StateMachine[InvitationState, InvitationEvent]] = MACHINE

    id: str = Field(primary_key=True, max_length=40)
    instance_id: str = Field(foreign_key="instance.id", max_length=40, ondelete="CASCADE")
    connection_id: str | None = Field(
        default=None, foreign_key="connection.id", index=True, max_length=40, ondelete="CASCADE"
    )
    direction: Direction = Field(sa_type=enum_column(Direction))
    state: InvitationState = Field(default=MACHINE.initial, sa_type=enum_column(InvitationState))
    reference: str = Field(max_length=40)
    inviter_issuer: str = Field(max_length=2048)
    mode: Mode = Field(sa_type=enum_column(Mode))
    scope: list[str] = Field(sa_column=Column(JSON_COLUMN, nullable=False))
    expected_partner: str | None = Field(default=None, max_length=2048)
    confirmation_required: bool = True
    secret_hash: str | None = Field(default=None, max_length=64)
    secret_sealed: str | None = None
    wrong_codes: int = 0
    shared_id: str | None = Field(default=None, max_length=36)
    client_id: str | None = Field(default=None, max_length=2048)
    claimant: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON_COLUMN, nullable=True))
    peer: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON_COLUMN, nullable=True))
    comparison_code: str | None = Field(default=None, max_length=20)
    reason: str | None = Field(default=None, max_length=500)
    last_error: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON_COLUMN, nullable=True))
    revision: int = 1
    claimed_at: datetime | None = None
    expires_at: datetime
    created_at: datetime
