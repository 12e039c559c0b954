"""Both sides ask each other now and then, and tell each other at once what has changed (P11)."""

from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus

from sqlmodel.ext.asyncio.session import AsyncSession

from service.channel.exchanging import wake
from service.connections.models import Connection
from service.connections.peers import caller_of, can_be_asked
from service.connections.states import ESTABLISHED, CloseReason
from service.database.rows import find, get_for_update
from service.database.sessions import reading, transaction
from service.discovery.node_metadata import NodeSnapshot
from service.instances.models import Instance
from service.jobs.models import Job
from service.jobs.operations import enqueue
from service.jobs.worker import TryAgain
from service.lifecycle.ending import close
from service.lifecycle.other_side import read_other_side, take_over_keys
from service.lifecycle.status import compare, own_status, see
from service.node import Node
from service.protocol.client import (
    UNKNOWN_CLIENT,
    PeerRefused,
    PeerUnavailable,
    connection_token,
    status,
    tell,
)
from service.protocol.messages import ConnectionStatus
from service.words import Network

STATUS_PROBE = "probe_status"
TELL_JOB = "tell_status"
EVERY = timedelta(hours=1)
EVERY_BY_PRIVATE = timedelta(minutes=2)


async def schedule(session: AsyncSession, connection: Connection, now: datetime) -> None:
    """The other side is asked from now on, again and again."""
    await enqueue(
        session, STATUS_PROBE, connection.id, run_at=now + await _pause(session, connection), now=now
    )


async def _pause(session: AsyncSession, connection: Connection) -> timedelta:
    """Return how long until the other side is asked again: who cannot be told of a change asks more often."""
    instance = await find(session, Instance, connection.instance_id)
    is_private = instance is not None and instance.network is Network.PRIVATE
    return EVERY_BY_PRIVATE if is_private else EVERY


async def tell_soon(session: AsyncSession, connection: Connection, now: datetime) -> None:
    """The other side hears how this one stands, also when it is offline now; one that only dials out asks itself."""
    if can_be_asked(connection):
        await enqueue(session, TELL_JOB, connection.id, run_at=now, now=now)


async def probe_status(node: Node, job: Job) -> timedelta | None:
    """`destination.state` is what the other side says now; where it is over there, it is over here."""
    async with reading(node.database) as session:
        connection = await find(session, Connection, job.subject)
        if connection is None or not can_be_asked(connection):
            return None
        pause = await _pause(session, connection)
    with suppress(PeerUnavailable, PeerRefused):
        await look(node, connection)
    return pause


async def tell_status(node: Node, job: Job) -> None:
    """Done once the other side has answered to what this one is now."""
    async with reading(node.database) as session:
        connection = await find(session, Connection, job.subject)
    if connection is None or not can_be_asked(connection):
        return
    try:
        await look(node, connection, is_telling=True)
    except PeerUnavailable as failure:
        raise TryAgain(failure.reason) from failure
    except PeerRefused as refusal:
        raise TryAgain(str(refusal)) from refusal


async def look(
    node: Node, connection: Connection, published: NodeSnapshot | None = None, *, is_telling: bool = False
) -> None:
    """What the other side says now is stored, also that it is over there; raises PeerUnavailable, PeerRefused.

    What it publishes is read here, unless the caller just has.
    """
    peer_record, shared_id = connection.peer or {}, connection.shared_id or ""
    shown: ConnectionStatus | None = None
    reason = CloseReason.CLOSED_BY_PEER
    caller = await caller_of(node, connection.instance_id, peer_record.get("registered_as"))
    try:
        peer = await take_over_keys(node, connection, published or await read_other_side(node, connection))
        token = (await connection_token(caller, peer, shared_id)).access_token
        if is_telling:
            shown = await tell(caller, peer, shared_id, token, own_status(connection))
        else:
            shown = await status(caller, peer, shared_id, token)
    except PeerRefused as refusal:
        # Who has moved may be known by the new name already, and then the former one says nothing.
        if not refusal.is_over or (caller.is_former and refusal.error == UNKNOWN_CLIENT):
            raise
        if refusal.status != HTTPStatus.GONE:
            reason = CloseReason.UNKNOWN_THERE
    await _store(node, connection, shown, reason)


async def _store(node: Node, asked: Connection, shown: ConnectionStatus | None, reason: CloseReason) -> None:
    """The connection shows what its other side said, and is over where that is over."""
    now = node.clock.now()
    async with transaction(node.database) as session:
        connection = await get_for_update(session, Connection, asked.id)
        if connection.state not in ESTABLISHED:
            return
        if shown is None or shown.state == "closed":
            see(connection, now)
            await close(session, connection, reason, now)
        else:
            compare(session, node, connection, shown, asked.destination_changed_at)
            if shown.messages_waiting:
                await wake(session, connection, now)


HANDLERS = {STATUS_PROBE: probe_status, TELL_JOB: tell_status}
