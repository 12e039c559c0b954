"""What the other side sent is here before it is acknowledged, once and in order, until it is taken."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.channel.models import Channel, IncomingMessage
from service.channel.outbox import MOST_WAITING, MOST_WAITING_BYTES
from service.connections.models import Connection
from service.connections.states import ConnectionState
from service.events.operations import record_seldom
from service.node import Node
from service.protocol.messages import APPLICATION, ChannelMessage
from service.values.texts import new_id

KEEP_AFTER_THE_END = timedelta(days=30)
log = structlog.get_logger(__name__)


def room_of(channel: Channel) -> int:
    """Return how many more messages are taken now."""
    return 0 if channel.to_take_bytes >= MOST_WAITING_BYTES else max(0, MOST_WAITING - channel.to_take)


async def note_forgotten(session: AsyncSession, channel: Channel, acknowledged: int, now: datetime) -> None:
    """The history says which messages this side had, and has lost with the time since its backup."""
    if acknowledged > channel.received:
        lost = {"from": channel.received + 1, "to": acknowledged}
        await record_seldom(session, channel.id, "channel.forgotten_here", now, detail=lost)


async def receive(
    session: AsyncSession, node: Node, channel: Channel, messages: Sequence[ChannelMessage], now: datetime
) -> None:
    """All that is new is here, as far as there is room; what comes again changes nothing.

    A number that was received with another message is of a history that one of the sides has lost: the other side is
    told, and numbers anew what it has not sent. What this version cannot read is received and not kept, and holds
    nothing up.
    """
    for message in sorted(messages, key=lambda each: each.sequence):
        if message.sequence <= channel.received:
            if message.sequence == channel.received and message.id != channel.received_id:
                channel.is_forked = True
                return
            continue
        if not room_of(channel):
            return
        channel.received, channel.received_id, channel.is_forked = message.sequence, message.id, False
        try:
            body = to_bytes(message.body)
        except ValueError:
            log.warning("message_unreadable", connection=channel.id, message=message.id)
            continue
        if message.kind == APPLICATION:
            _keep(session, node, channel, message, body, now)
        else:
            log.warning("message_of_an_unknown_kind", connection=channel.id, kind=message.kind)


def _keep(
    session: AsyncSession, node: Node, channel: Channel, message: ChannelMessage, body: bytes, now: datetime
) -> None:
    row_id = new_id("msg")
    session.add(
        IncomingMessage(
            id=row_id,
            connection_id=channel.id,
            sequence=message.sequence,
            sender_id=message.id,
            body_sealed=node.sealer.seal(body, _context(row_id)),
            size=len(body),
            received_at=now,
        )
    )
    channel.to_take += 1
    channel.to_take_bytes += len(body)


async def waiting_messages(
    session: AsyncSession, connection_id: str, after: int, limit: int
) -> Sequence[IncomingMessage]:
    """Return what waits to be taken behind this number, the oldest first."""
    behind = (col(IncomingMessage.connection_id) == connection_id, col(IncomingMessage.sequence) > after)
    in_order = select(IncomingMessage).where(*behind).order_by(col(IncomingMessage.sequence))
    return (await session.exec(in_order.limit(limit))).all()


async def take(session: AsyncSession, channel: Channel, until: int) -> None:
    """Everything up to this number was taken, and is gone from here; repeating it changes nothing."""
    if until <= channel.taken:
        return
    taken = (col(IncomingMessage.connection_id) == channel.id, col(IncomingMessage.sequence) <= until)
    count, size = (
        await session.exec(select(func.count(), func.sum(IncomingMessage.size)).where(*taken))
    ).one()
    await session.exec(delete(IncomingMessage).where(*taken))
    channel.to_take -= count
    channel.to_take_bytes -= size or 0
    channel.taken = until


async def forget_untaken(session: AsyncSession, now: datetime) -> None:
    """What nobody took within a month after its connection was closed is gone."""
    ended = select(Connection.id).where(
        Connection.state == ConnectionState.CLOSED, col(Connection.updated_at) < now - KEEP_AFTER_THE_END
    )
    await session.exec(delete(IncomingMessage).where(col(IncomingMessage.connection_id).in_(ended)))


def open_body(node: Node, message: IncomingMessage) -> Any:
    """Return the body as it was sent."""
    return json.loads(node.sealer.open(message.body_sealed, _context(message.id)))


def to_bytes(body: Any) -> bytes:
    """Return a body as it is kept; raises ValueError for what JSON has no form for (RFC 8259)."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _context(row_id: str) -> str:
    return f"incoming_message.body_sealed.{row_id}"
