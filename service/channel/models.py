"""What waits to be sent, what waits to be taken, and how far each side has come."""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel


class Channel(SQLModel, table=True):
    """The channel of the connection with the same id; its row is locked by whoever moves a message.

    Of our own messages, `next` is the number that the next one gets, `sent` the last that ever left here and
    `acknowledged` the last that the other side has. Of theirs, `received` is the last that is here, `received_id` its
    id, and `taken` the last that was taken by whoever it is for. `room` is how many more the other side takes; both
    sides last spoke at `exchanged_at`, and a message last went either way at `moved_at`.
    """

    __tablename__ = "channel"

    id: str = Field(primary_key=True, max_length=40, foreign_key="connection.id", ondelete="CASCADE")
    next: int = Field(default=1, sa_type=BigInteger)
    sent: int = Field(default=0, sa_type=BigInteger)
    acknowledged: int = Field(default=0, sa_type=BigInteger)
    to_send: int = 0
    to_send_bytes: int = Field(default=0, sa_type=BigInteger)
    received: int = Field(default=0, sa_type=BigInteger)
    received_id: str | None = Field(default=None, max_length=40)
    is_forked: bool = False
    taken: int = Field(default=0, sa_type=BigInteger)
    to_take: int = 0
    to_take_bytes: int = Field(default=0, sa_type=BigInteger)
    room: int | None = None
    exchanged_at: datetime | None = None
    moved_at: datetime | None = None


class OutgoingMessage(SQLModel, table=True):
    """A message that the other side has not acknowledged."""

    __tablename__ = "outgoing_message"
    __table_args__ = (Index("uq_outgoing_message", "connection_id", "sequence", unique=True),)

    id: str = Field(primary_key=True, max_length=40)
    connection_id: str = Field(max_length=40, foreign_key="connection.id", ondelete="CASCADE")
    sequence: int = Field(sa_type=BigInteger)
    body_sealed: str
    size: int
    created_at: datetime


class IncomingMessage(SQLModel, table=True):
    """A message of the other side that nobody here has taken; `sender_id` is what the other side calls it."""

    __tablename__ = "incoming_message"
    __table_args__ = (Index("uq_incoming_message", "connection_id", "sequence", unique=True),)

    id: str = Field(primary_key=True, max_length=40)
    connection_id: str = Field(max_length=40, foreign_key="connection.id", ondelete="CASCADE")
    sequence: int = Field(sa_type=BigInteger)
    sender_id: str = Field(max_length=40)
    body_sealed: str
    size: int
    received_at: datetime
