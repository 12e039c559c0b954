"""What programs ask of a channel: to send a message, to get and take those of the other side, to say how it stands."""

from pydantic import JsonValue
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.channel.exchanging import wake
from service.channel.inbox import open_body, take, to_bytes, waiting_messages
from service.channel.models import Channel, IncomingMessage, OutgoingMessage
from service.channel.outbox import MOST_IN_A_BATCH, has_room, lock_channel, put
from service.channel.schemas import MessageOut, ReceivedMessageOut, ReceivedMessages, SyncState, SyncStatus
from service.connections.desk import Desk
from service.connections.models import Connection
from service.connections.operations import get_visible, lock_visible
from service.connections.refusals import take_up
from service.connections.states import ESTABLISHED, ConnectionState
from service.connections.upkeep import Upkeep, UpkeepRefused
from service.node import Node
from service.problems.tree import ChannelFull, PayloadTooLarge, ValidationFailed, fault
from service.words import DestinationType

MOST_BYTES = 64 * 1024
LOCAL = "A local connection has one side only, so it carries no messages."
NOT_YET = "Messages can be sent once the connection is active."


async def send(desk: Desk, session: AsyncSession, connection_id: str, body: JsonValue) -> MessageOut:
    """The message waits for the other side behind all that were sent before; it leaves at once where that can be.

    Raises StepNotAllowed, ConnectionClosed, ValidationFailed, PayloadTooLarge, and ChannelFull while too many wait.
    """
    content = _read(body)
    connection = await lock_visible(session, desk.principal, connection_id)
    await _require_two_sides(desk, session, connection)
    channel, now = await lock_channel(session, connection.id), desk.node.clock.now()
    if not has_room(channel, len(content)):
        raise ChannelFull("{to_send} messages wait for the other side.", to_send=channel.to_send)
    message = put(session, desk.node, channel, content, now)
    await wake(session, connection, now)
    return MessageOut(
        id=message.id,
        connection=connection.id,
        sequence=message.sequence,
        size=message.size,
        created_at=message.created_at,
    )


async def get(desk: Desk, session: AsyncSession, connection_id: str, after: int) -> ReceivedMessages:
    """Return the oldest messages of the other side behind this number; they stay until they are taken."""
    connection = await get_visible(session, desk.principal, connection_id)
    channel = await session.get(Channel, connection.id)
    found = await waiting_messages(session, connection.id, after, MOST_IN_A_BATCH)
    items = [_shown(desk.node, message) for message in found]
    return ReceivedMessages(items=items, to_take=channel.to_take if channel else 0)


async def take_until(desk: Desk, session: AsyncSession, connection_id: str, sequence: int) -> SyncStatus:
    """All up to this number are forgotten here, so that there is room for more; repeating it changes nothing.

    A reader that knows more than this node, which goes on from a backup, takes what there is.
    """
    connection = await lock_visible(session, desk.principal, connection_id)
    channel = await lock_channel(session, connection.id)
    await take(session, channel, min(sequence, channel.received))
    return await read_status(session, connection, channel)


async def read_status(session: AsyncSession, connection: Connection, channel: Channel | None) -> SyncStatus:
    """Return how the channel stands; one that was never used is empty."""
    channel = channel or Channel(id=connection.id)
    oldest = (
        select(OutgoingMessage.created_at)
        .where(col(OutgoingMessage.connection_id) == connection.id)
        .order_by(col(OutgoingMessage.sequence))
        .limit(1)
    )
    return SyncStatus(
        connection=connection.id,
        state=_state(connection, channel),
        to_send=channel.to_send,
        to_send_since=(await session.exec(oldest)).first() if channel.to_send else None,
        to_take=channel.to_take,
        acknowledged=channel.acknowledged,
        received=channel.received,
        taken=channel.taken,
        room=channel.room,
        exchanged_at=channel.exchanged_at,
    )


async def has_messages(session: AsyncSession, connection: Connection) -> bool:
    """True where messages wait that the other side has to come for, because it only dials out."""
    comes_itself = connection.peer is not None and connection.peer["issuer"] is None
    if not comes_itself or connection.state is not ConnectionState.ACTIVE:
        return False
    channel = await session.get(Channel, connection.id)
    return channel is not None and channel.to_send > 0


def _state(connection: Connection, channel: Channel) -> SyncState:
    if connection.state is ConnectionState.CLOSED:
        return SyncState.CLOSED
    if connection.state is not ConnectionState.ACTIVE:
        return SyncState.PAUSED
    return SyncState.HELD if channel.room == 0 and channel.to_send else SyncState.RUNNING


async def _require_two_sides(desk: Desk, session: AsyncSession, connection: Connection) -> None:
    """Raise a refusal with the way out unless there is another side that has agreed."""
    with (await take_up(desk, session, connection)).way_out():
        if connection.type is DestinationType.LOCAL:
            raise UpkeepRefused(Upkeep.SEND, LOCAL, "Work with the instance itself: both projects are there.")
        if connection.state not in ESTABLISHED:
            raise UpkeepRefused(
                Upkeep.SEND, NOT_YET if connection.state is not ConnectionState.CLOSED else None
            )


def _read(body: JsonValue) -> bytes:
    """Return the body as it is kept; raises ValidationFailed, PayloadTooLarge."""
    try:
        content = to_bytes(body)
    except (ValueError, RecursionError):
        detail = "JSON has no form for this: NaN, infinity, half a surrogate pair, or nesting without an end."
        raise ValidationFailed(detail, errors=[fault("/body", "not_json", detail)]) from None
    if len(content) > MOST_BYTES:
        raise PayloadTooLarge(
            f"The body has {len(content)} bytes as JSON; a message carries {MOST_BYTES} at most."
        )
    return content


def _shown(node: Node, message: IncomingMessage) -> ReceivedMessageOut:
    return ReceivedMessageOut(
        id=message.sender_id,
        sequence=message.sequence,
        body=open_body(node, message),
        received_at=message.received_at,
    )
