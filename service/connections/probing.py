"""P11: both sides ask each other now and then, so that any difference between them is found."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.attempts import touch
from service.connections.ending import caller_of, close
from service.connections.models import Connection
from service.connections.peer_keys import look_again
from service.connections.states import CloseReason, ConnectionState
from service.database import get_for_update, reading, transaction
from service.jobs.models import Job
from service.jobs.operations import enqueue
from service.node import Node
from service.protocol.client import PeerRefused, PeerUnavailable, connection_token, status

STATUS_PROBE = "probe_status"
EVERY = timedelta(hours=1)


async def schedule(session: AsyncSession, connection: Connection, now: datetime) -> None:
    """The other side is asked within the hour, and every hour from then on."""
    await enqueue(session, STATUS_PROBE, connection.id, run_at=now + EVERY, now=now)


async def probe_status(node: Node, job: Job) -> timedelta | None:
    """`destination.state` is what the other side says now; where it is over there, it is over here."""
    async with reading(node.database) as session:
        connection = await session.get(Connection, job.subject)
    if connection is None or connection.state is not ConnectionState.ACTIVE or connection.peer is None:
        return None
    if connection.shared_id is None or connection.peer["issuer"] is None:
        return None
    try:
        caller = await caller_of(node, connection.instance_id, connection.peer.get("registered_as"))
        peer = await look_again(node, connection)
        token = await connection_token(caller, peer, connection.shared_id)
        state = (await status(caller, peer, connection.shared_id, token.access_token)).state
    except PeerUnavailable:
        return EVERY
    except PeerRefused as refusal:
        if not refusal.is_over:
            return EVERY
        state = "closed"
    return await _store(node, connection.id, state)


async def _store(node: Node, connection_id: str, state: str) -> timedelta | None:
    """The connection shows what its other side said; None where there is nothing left to ask."""
    now = node.clock.now()
    async with transaction(node.database) as session:
        connection = await get_for_update(session, Connection, connection_id)
        connection.destination_state = state
        connection.destination_seen_at = now
        touch(connection, now)
        if connection.state is not ConnectionState.ACTIVE:
            return None
        if state == "closed":
            await close(session, connection, CloseReason.CLOSED_BY_PEER, now)
            return None
    return EVERY


HANDLERS = {STATUS_PROBE: probe_status}
