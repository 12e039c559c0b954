"""One exchange gives what waits here and gets what waits there: the side that can dial calls, the other answers.

The called side believes nothing that the call's token does not prove, and each side stores what it got before it
acknowledges it. So whatever is lost on the way is sent again, and what comes twice is known by its number.
"""

from datetime import datetime, timedelta
from enum import Enum, auto

from sqlmodel.ext.asyncio.session import AsyncSession

from service.channel.inbox import note_forgotten, receive, room_of
from service.channel.models import Channel
from service.channel.outbox import acknowledge, lock_channel, next_messages
from service.connections.models import Connection
from service.connections.peers import caller_of, can_be_asked, read_peer
from service.connections.states import ConnectionState
from service.database.rows import find
from service.database.sessions import reading, transaction
from service.instances.models import Instance
from service.jobs.models import Job
from service.jobs.operations import enqueue
from service.jobs.worker import TryAgain
from service.node import Node
from service.protocol.client import PeerRefused, PeerUnavailable, connection_token, exchange
from service.protocol.messages import MessageBatch
from service.words import Network

EXCHANGE_JOB = "exchange_messages"
MOST_EXCHANGES = 20
COMES_BACK_FOR = timedelta(minutes=2)
LATER = timedelta(minutes=5)


class Then(Enum):
    """What comes after an exchange."""

    AGAIN = auto()
    SOON = auto()
    WHEN_THERE_IS_ROOM = auto()
    NOTHING = auto()


PAUSES = {
    Then.SOON: timedelta(seconds=5),
    Then.WHEN_THERE_IS_ROOM: timedelta(minutes=1),
    Then.NOTHING: None,
}


async def wake(session: AsyncSession, connection: Connection, now: datetime) -> None:
    """An exchange takes place soon, where this side can dial and is not paused; else the other side comes for it."""
    if can_be_asked(connection) and connection.state is ConnectionState.ACTIVE:
        await enqueue(session, EXCHANGE_JOB, connection.id, run_at=now, now=now)


async def exchange_messages(node: Node, job: Job) -> timedelta | None:
    """All that waits here is there, and all that waits there is here; while the other side is full, it is tried again.

    A side that only dials out comes back for more for some time, as nobody can tell it that there is some.
    """
    connection = await _find_running(node, job.subject)
    if connection is None:
        return None
    record, shared_id = connection.peer or {}, connection.shared_id or ""
    try:
        caller = await caller_of(node, connection.instance_id, record.get("registered_as"))
        peer = await read_peer(node, record["issuer"])
        token = (await connection_token(caller, peer, shared_id)).access_token
        for _ in range(MOST_EXCHANGES):
            said = await _speak(node, connection.id)
            heard = await exchange(caller, peer, shared_id, token, said)
            then = await _hear(node, connection, said, heard)
            if then is not Then.AGAIN:
                return PAUSES[then]
    except PeerUnavailable as failure:
        raise TryAgain(failure.reason) from failure
    except PeerRefused as refusal:
        # Where it is over there, the next status probe closes it here, too.
        raise TryAgain(str(refusal), LATER if refusal.is_over else None) from refusal
    return timedelta(0)


async def _find_running(node: Node, connection_id: str) -> Connection | None:
    async with reading(node.database) as session:
        connection = await find(session, Connection, connection_id)
    is_running = connection is not None and connection.state is ConnectionState.ACTIVE
    return connection if connection is not None and is_running and can_be_asked(connection) else None


async def _speak(node: Node, connection_id: str) -> MessageBatch:
    async with transaction(node.database) as session:
        channel = await lock_channel(session, connection_id)
        said = await _batch(session, node, channel)
        if said.messages:
            channel.moved_at = node.clock.now()
        return said


async def _hear(node: Node, connection: Connection, said: MessageBatch, heard: MessageBatch) -> Then:
    """Store what the other side said; return what comes next. Raises TryAgain where it does not take what it could."""
    now = node.clock.now()
    async with transaction(node.database) as session:
        channel = await lock_channel(session, connection.id)
        before = (channel.acknowledged, channel.received, channel.next)
        await _take_in(session, node, channel, heard, now)
        has_moved = before != (channel.acknowledged, channel.received, channel.next)
        instance = await find(session, Instance, connection.instance_id)
        if channel.to_send and not heard.room:
            return Then.WHEN_THERE_IS_ROOM
        if said.messages and not has_moved:
            raise TryAgain("the other side acknowledges nothing")
        if channel.to_send or (heard.messages and has_moved):
            return Then.AGAIN
        was_lately = channel.moved_at is not None and now - channel.moved_at < COMES_BACK_FOR
        is_private = instance is not None and instance.network is Network.PRIVATE
        return Then.SOON if is_private and was_lately else Then.NOTHING


async def answer(
    session: AsyncSession, node: Node, connection: Connection, heard: MessageBatch, now: datetime
) -> MessageBatch:
    """Return what this side says to a batch of the other one, after it has stored that; paused, it gives nothing."""
    channel = await lock_channel(session, connection.id)
    await _take_in(session, node, channel, heard, now)
    said = await _batch(session, node, channel, gives=connection.state is ConnectionState.ACTIVE)
    if said.messages:
        channel.moved_at = now
    return said


async def _take_in(
    session: AsyncSession, node: Node, channel: Channel, heard: MessageBatch, now: datetime
) -> None:
    await acknowledge(session, channel, heard.acknowledges, now, forked=heard.forked)
    await note_forgotten(session, channel, heard.acknowledged, now)
    await receive(session, node, channel, heard.messages, now)
    channel.room, channel.exchanged_at = heard.room, now
    if heard.messages:
        channel.moved_at = now


async def _batch(session: AsyncSession, node: Node, channel: Channel, *, gives: bool = True) -> MessageBatch:
    messages = await next_messages(session, node, channel) if gives else []
    return MessageBatch(
        acknowledges=channel.received,
        acknowledged=channel.acknowledged,
        room=room_of(channel),
        forked=channel.is_forked,
        messages=messages,
    )


HANDLERS = {EXCHANGE_JOB: exchange_messages}
