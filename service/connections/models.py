"""What is stored about a connection: both sides, the answers given so far, and how the set-up stands."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Column, Index, text
from sqlmodel import Field, SQLModel

from service.connections.states import MACHINE, CloseReason, ConnectionEvent, ConnectionState
from service.database.columns import JSON_COLUMN, enum_column
from service.values.state_machine import StateMachine
from service.words import DestinationType, Mode, Role


class Connection(SQLModel, table=True):
    """One connection as this node lists it: the local side is the instance, the destination the other side.

    `mode_refusals` says for each mode that the destination cannot have why not, as the probe told it.
    `peer` holds the other side's issuer and public keys once both sides agree. `changed_at` is when this side last
    changed what it says of itself, `destination_changed_at` the same of the other side, by its own clock (ADR 0027).
    """

    __tablename__ = "connection"
    __table_args__ = (
        Index("ix_connection_created", "instance_id", "created_at", "id"),
        Index("ix_connection_updated", "instance_id", "updated_at", "id"),
        Index("ix_connection_name", "instance_id", "name", "id"),
        Index("ix_connection_shared", "instance_id", "shared_id"),
        Index("ix_connection_all_created", "created_at", "id"),
        Index("ix_connection_all_updated", "updated_at", "id"),
        Index(
            "uq_connection_open_name",
            "instance_id",
            "name",
            unique=True,
            sqlite_where=text("state <> 'closed'"),
            postgresql_where=text("state <> 'closed'"),
        ),
    )
    MACHINE: ClassVar[StateMachine[ConnectionState, ConnectionEvent]] = MACHINE

    id: str = Field(primary_key=True, max_length=40)
    instance_id: str = Field(foreign_key="instance.id", max_length=40, ondelete="CASCADE")
    role: Role = Field(sa_type=enum_column(Role))
    state: ConnectionState = Field(default=MACHINE.initial, sa_type=enum_column(ConnectionState))
    reason: CloseReason | None = Field(default=None, sa_type=enum_column(CloseReason))
    type: DestinationType | None = Field(default=None, sa_type=enum_column(DestinationType))
    mode: Mode | None = Field(default=None, sa_type=enum_column(Mode))
    scope: list[str] = Field(sa_column=Column(JSON_COLUMN, nullable=False))
    shared_id: str | None = Field(default=None, max_length=36)
    name: str | None = Field(default=None, max_length=255)
    description: str = Field(default="", max_length=2000)
    local_short_name: str | None = Field(default=None, max_length=30)
    destination_short_name: str | None = Field(default=None, max_length=30)
    destination_url: str | None = Field(default=None, max_length=2048)
    destination_node_url: str | None = Field(default=None, max_length=2048)
    destination_platform: str | None = Field(default=None, max_length=40)
    destination_state: str | None = Field(default=None, max_length=40)
    destination_seen_at: datetime | None = None
    destination_changed_at: datetime | None = None
    mode_refusals: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON_COLUMN, nullable=False))
    peer: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON_COLUMN, nullable=True))
    verification_session_id: str | None = Field(default=None, max_length=40)
    invitation_id: str | None = Field(default=None, max_length=40)
    last_error: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON_COLUMN, nullable=True))
    return_url: str | None = Field(default=None, max_length=2048)
    labels: dict[str, str] = Field(sa_column=Column("metadata", JSON_COLUMN, nullable=False))
    revision: int = 1
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None
    activated_at: datetime | None = None
    changed_at: datetime | None = None
    verified_at: datetime | None = None
    verified_by: str | None = Field(default=None, max_length=255)

    def touch(self, now: datetime) -> None:
        """It has a new revision, so that readers see that something changed."""
        self.revision += 1
        self.updated_at = now
