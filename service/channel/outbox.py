"""What is to be sent waits here until the other side has it, and is sent again until then."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.channel.models import Channel, OutgoingMessage
from service.database.rows import get_for_update, upsert
from service.events.operations import record_seldom
from service.node import Node
from service.protocol.messages import APPLICATION, ChannelMessage
from service.values.texts import new_id

MOST_WAITING = 10_000
MOST_WAITING_BYTES = 200 * 1024 * 1024
MOST_IN_A_BATCH = 100
MOST_BYTES_IN_A_BATCH = 192 * 1024


async def lock_channel(session: AsyncSession, connection_id: str) -> Channel:
    """Return the channel of this connection, locked; it exists from its first use on."""
    new = upsert(session, Channel).values(
        id=connection_id, next=1, sent=0, acknowledged=0, received=0, taken=0, is_forked=False,
        to_send=0, to_send_bytes=0, to_take=0, to_take_bytes=0,
    )  # fmt: skip
    await session.exec(new.on_conflict_do_nothing())
    return await get_for_update(session, Channel, connection_id)


def has_room(channel: Channel, size: int) -> bool:
    """True while a message of so many bytes may wait here, too."""
    return channel.to_send < MOST_WAITING and channel.to_send_bytes + size <= MOST_WAITING_BYTES


def put(session: AsyncSession, node: Node, channel: Channel, body: bytes, now: datetime) -> OutgoingMessage:
    """Return the message, which waits behind all that were put before it.

    Its number is taken under the lock of the channel's row, so that what is committed first comes first.
    """
    message_id = new_id("msg")
    message = OutgoingMessage(
        id=message_id,
        connection_id=channel.id,
        sequence=channel.next,
        body_sealed=node.sealer.seal(body, _context(message_id)),
        size=len(body),
        created_at=now,
    )
    session.add(message)
    channel.next += 1
    channel.to_send += 1
    channel.to_send_bytes += message.size
    return message


async def next_messages(session: AsyncSession, node: Node, channel: Channel) -> list[ChannelMessage]:
    """Return what is sent next: the oldest that wait, as many as the other side takes and one call carries.

    What leaves is noted before it does: an acknowledgement of more than that is of a history that was lost here.
    """
    most = MOST_IN_A_BATCH if channel.room is None else min(MOST_IN_A_BATCH, channel.room)
    waiting = select(OutgoingMessage).where(col(OutgoingMessage.connection_id) == channel.id)
    batch: list[ChannelMessage] = []
    size = 0
    for message in await session.exec(waiting.order_by(col(OutgoingMessage.sequence)).limit(most)):
        if batch and size + message.size > MOST_BYTES_IN_A_BATCH:
            break
        size += message.size
        batch.append(_as_sent(node, message))
    if batch:
        channel.sent = max(channel.sent, batch[-1].sequence)
    return batch


async def acknowledge(
    session: AsyncSession, channel: Channel, until: int, now: datetime, *, forked: bool
) -> None:
    """What the other side has is gone from here.

    Where one of the two goes on from an older backup, no number means two messages: what waits is numbered anew behind
    all that the other side has, and the history says so. What it had and lost with its backup is told there, too.
    """
    if forked or until > channel.sent:
        await _renumber(session, channel, until)
        await record_seldom(session, channel.id, "channel.renumbered", now, detail={"after": until})
        return
    if until < channel.acknowledged:
        lost = {"from": until + 1, "to": channel.acknowledged}
        await record_seldom(session, channel.id, "channel.forgotten_there", now, detail=lost)
    known = (col(OutgoingMessage.connection_id) == channel.id, col(OutgoingMessage.sequence) <= until)
    if until > channel.acknowledged:
        count, size = (
            await session.exec(select(func.count(), func.sum(OutgoingMessage.size)).where(*known))
        ).one()
        await session.exec(delete(OutgoingMessage).where(*known))
        channel.to_send -= count
        channel.to_send_bytes -= size or 0
    channel.acknowledged = until


async def _renumber(session: AsyncSession, channel: Channel, until: int) -> None:
    """Move all that waits beyond the numbers that either side has ever seen."""
    beyond = max(until, channel.next - 1)
    first = channel.next - channel.to_send
    ours = update(OutgoingMessage).where(col(OutgoingMessage.connection_id) == channel.id)
    shift = beyond + 1 - first
    moved = ours.values(sequence=col(OutgoingMessage.sequence) + shift)
    await session.exec(moved.execution_options(synchronize_session=False))
    channel.next += shift
    channel.sent, channel.acknowledged = beyond, until


async def forget_unsent(session: AsyncSession, connection_id: str) -> int:
    """Nothing waits to be sent any more; return how many did."""
    channel = await session.get(Channel, connection_id)
    if channel is None or not channel.to_send:
        return 0
    dropped, channel.to_send, channel.to_send_bytes = channel.to_send, 0, 0
    await session.exec(delete(OutgoingMessage).where(col(OutgoingMessage.connection_id) == connection_id))
    return dropped


def _as_sent(node: Node, message: OutgoingMessage) -> ChannelMessage:
    body: Any = json.loads(node.sealer.open(message.body_sealed, _context(message.id)))
    return ChannelMessage(sequence=message.sequence, id=message.id, kind=APPLICATION, body=body)


def _context(message_id: str) -> str:
    return f"outgoing_message.body_sealed.{message_id}"
