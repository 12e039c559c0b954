"""Messages as programs send and get them, and how the channel stands."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, JsonValue

from service.channel.outbox import MOST_IN_A_BATCH
from service.values.texts import RequestBody

Number = Annotated[int, Field(ge=0, lt=2**53)]


class MessageIn(RequestBody):
    """A message for whoever uses the connection at the other side."""

    body: JsonValue = Field(
        description="Any JSON value of at most 64 KB; Parley carries it as it is and does not look into it.",
        examples=[{"kind": "issue.changed", "key": "SHOP-42", "title": "The door sticks"}],
    )


class MessageOut(BaseModel):
    """A message that is on its way to the other side."""

    id: str = Field(
        description="Names the message at both sides; a repeated one is known by it.",
        examples=["msg_0199c0de7f3a7c4e8a01b2c3d4e5f607"],
    )
    object: Literal["message"] = "message"
    connection: str = Field(
        description="The connection that carries it.", examples=["con_0199c0de7f3a7c4e8a01b2c3d4e5f607"]
    )
    sequence: int = Field(description="Its place: the other side gets messages in this order.", examples=[1])
    size: int = Field(description="How many bytes the body has as JSON.", examples=[74])
    created_at: datetime = Field(description="When this side took it.")


class ReceivedMessageOut(BaseModel):
    """A message that the other side sent."""

    id: str = Field(
        description="What the sender calls it; unique among the messages of this connection.",
        examples=["msg_0199c0de7f3a7c4e8a01b2c3d4e5f607"],
    )
    object: Literal["received_message"] = "received_message"
    sequence: int = Field(
        description="Its place; give the last one that you are done with back.", examples=[1]
    )
    body: Any = Field(
        description="The body as the other side sent it: of unknown origin, as any input is.",
        examples=[{"kind": "issue.changed", "key": "SHOP-42", "title": "The door sticks"}],
    )
    received_at: datetime = Field(description="When it arrived here.")


class ReceivedMessages(BaseModel):
    """The oldest messages that nobody here has taken yet, in the order in which they were sent."""

    object: Literal["list"] = "list"
    items: list[ReceivedMessageOut] = Field(
        max_length=MOST_IN_A_BATCH, description="At most 100; after them comes `after=` the last `sequence`."
    )
    to_take: int = Field(description="How many wait in all, these included.", examples=[1])


class MessagesTaken(RequestBody):
    """How far the reader has come."""

    sequence: Number = Field(
        description="The `sequence` of the last message that you are done with; all up to it are forgotten here.",
        examples=[1],
    )


class SyncState(StrEnum):
    """Whether messages flow; further states may come."""

    RUNNING = "running"
    PAUSED = "paused"
    HELD = "held"
    CLOSED = "closed"


class SyncStatus(BaseModel):
    """How the channel of a connection stands on this side."""

    object: Literal["sync_status"] = "sync_status"
    connection: str = Field(description="The connection.", examples=["con_0199c0de7f3a7c4e8a01b2c3d4e5f607"])
    state: SyncState = Field(
        description="`running`; `paused` while this side is deactivated; `held` while the other side takes no more; "
        "`closed` after the connection has ended."
    )
    to_send: int = Field(
        description="How many messages the other side does not have yet. Wait for 0 before you close.",
        examples=[0],
    )
    to_send_since: datetime | None = Field(description="Since when the oldest of them waits.")
    to_take: int = Field(
        description="How many messages of the other side nobody here has taken.", examples=[0]
    )
    acknowledged: int = Field(
        description="The `sequence` of the last own message that the other side has.", examples=[1]
    )
    received: int = Field(description="The `sequence` of the last message of the other side.", examples=[0])
    taken: int = Field(description="The last of those that was taken here.", examples=[0])
    room: int | None = Field(
        description="How many more the other side takes, as it last said.", examples=[10000]
    )
    exchanged_at: datetime | None = Field(description="When both sides last spoke about messages.")
