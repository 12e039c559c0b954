"""What is stored about the keys of an instance."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Column, Index, text
from sqlmodel import Field, SQLModel

from service.database.columns import JSON_COLUMN, enum_column
from service.instance_keys.states import MACHINE, KeyEvent, KeyState
from service.values.state_machine import StateMachine


def _one_of(state: KeyState) -> Index:
    """Return the index by which an instance has at most one key in this state."""
    where = text(f"state = '{state}'")
    return Index(
        f"uq_instance_key_{state}", "instance_id", unique=True, sqlite_where=where, postgresql_where=where
    )


class InstanceKey(SQLModel, table=True):
    """An ES256 key of an instance; its id is its thumbprint (RFC 7638), which is its `kid` on the wire.

    The private half is sealed, and gone once the key signs no more. The row stays: whoever publishes one of our
    old keys as theirs is still found out. `until` is when the present state ends by itself.
    """

    __tablename__ = "instance_key"
    __table_args__ = (_one_of(KeyState.NEXT), _one_of(KeyState.CURRENT))
    MACHINE: ClassVar[StateMachine[KeyState, KeyEvent]] = MACHINE
    connection_id: ClassVar[None] = None  # its changes are in no connection's history

    id: str = Field(primary_key=True, max_length=43)
    instance_id: str = Field(foreign_key="instance.id", index=True, max_length=40, ondelete="CASCADE")
    state: KeyState = Field(default=MACHINE.initial, sa_type=enum_column(KeyState))
    private_key_sealed: str | None = None
    public_jwk: dict[str, Any] = Field(sa_column=Column(JSON_COLUMN, nullable=False))
    until: datetime | None = None
    created_at: datetime
