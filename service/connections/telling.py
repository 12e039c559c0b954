"""The other side hears that a shared id is over, also when it is offline now, until it answers for certain (P10)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.peers import caller_of, read_peer
from service.connections.states import ConnectionState
from service.database.sessions import transaction
from service.jobs.models import Job
from service.jobs.operations import enqueue
from service.jobs.worker import TryAgain
from service.node import Node
from service.problems.tree import NotFound
from service.protocol.client import Caller, Peer, PeerRefused, PeerUnavailable, connection_token, end

END_JOB = "end_at_peer"
PATIENCE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Telling:
    """When the other side is told, as whom it knows us, and until when it can matter to it."""

    run_at: datetime
    registered_as: str | None = None
    until: datetime | None = None


async def tell_peer(
    session: AsyncSession,
    instance_id: str,
    issuer: str,
    shared_id: str,
    now: datetime,
    telling: Telling | None = None,
) -> None:
    """The other side will hear that this shared id is over, also when it is offline now."""
    how = telling or Telling(now)
    payload = {
        "instance_id": instance_id,
        "issuer": issuer,
        "shared_id": shared_id,
        "registered_as": how.registered_as,
        "until": how.until.isoformat() if how.until else None,
    }
    # Each side may use any shared id: another peer's attempt under the same one is another job.
    told = hashlib.sha256(f"{instance_id} {issuer}".encode()).hexdigest()[:24]
    await enqueue(session, END_JOB, f"{shared_id}:{told}", run_at=how.run_at, now=now, payload=payload)


async def untold_endings(session: AsyncSession, instance_id: str) -> Sequence[Job]:
    """Return what partners of this instance have still to be told to be over."""
    statement = select(Job).where(Job.kind == END_JOB, col(Job.done_at).is_(None))
    jobs = (await session.exec(statement)).all()
    return [job for job in jobs if job.payload["instance_id"] == instance_id]


async def end_at_peer(node: Node, job: Job) -> None:
    """Done once the other side has answered 204, 404 or 410, or the instance is gone; given up after two weeks."""
    instance_id, shared_id = job.payload["instance_id"], job.payload["shared_id"]
    try:
        callers = await _callers_of(node, instance_id, job.payload.get("registered_as"))
    except NotFound:
        return
    try:
        peer = await read_peer(node, job.payload["issuer"])
        await _end_as_any(callers, peer, shared_id)
    except (PeerRefused, PeerUnavailable) as failure:
        if not (isinstance(failure, PeerRefused) and failure.is_over):
            if _is_too_late(node, job):
                return
            raise TryAgain(str(failure)) from failure
    await _note_told(node, instance_id, job.payload["issuer"], shared_id)


async def _callers_of(node: Node, instance_id: str, registered_as: str | None) -> list[Caller]:
    """Return us under each name that the other side may know: where we have moved, it may have heard so."""
    caller = await caller_of(node, instance_id, registered_as)
    return [await caller_of(node, instance_id), caller] if caller.is_former else [caller]


async def _end_as_any(callers: list[Caller], peer: Peer, shared_id: str) -> None:
    """It is over there under one of the names; raises PeerRefused where it is known by none of them."""
    for caller in callers:
        try:
            token = await connection_token(caller, peer, shared_id)
            await end(caller, peer, shared_id, token.access_token)
        except PeerRefused as refusal:
            if caller is callers[-1] or not refusal.is_over:
                raise
        else:
            return


def _is_too_late(node: Node, job: Job) -> bool:
    """True where the other side has ended it by itself by now, or has to ask when it is back after so long."""
    until = job.payload.get("until")
    latest = datetime.fromisoformat(until) if until else job.created_at + PATIENCE
    return node.clock.now() >= latest


async def _note_told(node: Node, instance_id: str, issuer: str, shared_id: str) -> None:
    """A connection that was closed here shows that the other side knows."""
    statement = update(Connection).where(
        col(Connection.instance_id) == instance_id,
        col(Connection.shared_id) == shared_id,
        col(Connection.destination_node_url) == issuer,
        col(Connection.state) == ConnectionState.CLOSED,
    )
    seen = {"destination_state": ConnectionState.CLOSED.value, "destination_seen_at": node.clock.now()}
    async with transaction(node.database) as session:
        await session.exec(statement.values(**seen, revision=col(Connection.revision) + 1))


HANDLERS = {END_JOB: end_at_peer}
