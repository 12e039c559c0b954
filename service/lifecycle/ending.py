"""P10: a connection ends on both sides. Here at once; the other side is told until it answers for certain."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.pending_invitations import settle
from service.connections.states import ESTABLISHED, CloseReason, ConnectionEvent, ConnectionState
from service.database.database import advance, transaction
from service.discovery.node_metadata import NodeUnreadable, read_node
from service.instance_keys.operations import current_key_id, public_keys, signing_key
from service.instances.identity import require_running
from service.instances.operations import get_instance, issuer_of
from service.invitations.invitation.models import Direction, Invitation
from service.jobs.models import Job
from service.jobs.operations import enqueue
from service.jobs.worker import TryAgain
from service.lifecycle.renewal_endings import end_renewal
from service.node import Node
from service.problems.tree import NotFound
from service.protocol.client import Caller, Peer, PeerRefused, PeerUnavailable, connection_token, end
from service.protocol.messages import REGISTERED_CLIENT_PATH
from service.words import DestinationType, Network

END_JOB = "end_at_peer"
LATEST_CLAIM = timedelta(seconds=90)
PATIENCE = timedelta(days=14)


async def close(
    session: AsyncSession, connection: Connection, reason: CloseReason, now: datetime
) -> Connection:
    """The connection is over here for good; a peer that may know of it will be told."""
    knows = connection.state in ESTABLISHED or connection.state is ConnectionState.PENDING
    changes: dict[str, object] = {"reason": reason, "updated_at": now, "expires_at": None}
    if reason is CloseReason.CLOSED_BY_PEER or connection.type is DestinationType.LOCAL:
        changes |= {"destination_state": ConnectionState.CLOSED.value, "destination_seen_at": now}
    await advance(session, connection, ConnectionEvent.CLOSE, **changes)
    peer = connection.peer["issuer"] if connection.peer else connection.destination_node_url
    told = reason is CloseReason.CLOSED_HERE and connection.type is not DestinationType.LOCAL
    invitation = await settle(session, connection)
    if renewal := await end_renewal(session, connection):
        known_as = Telling(now, renewal.peer.get("registered_as"))
        issuer, shared_id = renewal.peer_issuer, renewal.shared_id
        await tell_peer(session, connection.instance_id, issuer, shared_id, now, known_as)
    if knows and told and peer and connection.shared_id:
        telling = await _telling(session, connection, invitation, now)
        await tell_peer(session, connection.instance_id, peer, connection.shared_id, now, telling)
    return connection


@dataclass(frozen=True, slots=True)
class Telling:
    """When the other side is told, as whom it knows us, and until when it can matter to it."""

    run_at: datetime
    registered_as: str | None = None
    until: datetime | None = None


async def _telling(
    session: AsyncSession, connection: Connection, invitation: Invitation | None, now: datetime
) -> Telling:
    """Return how the other side is told.

    What was sent just before may arrive late, and be known there under a name that we never heard: a claim under
    way is ended once it can arrive no more. Where nobody hears it, it ends there with the invitation.
    """
    if connection.peer is not None:
        return Telling(now, connection.peer.get("registered_as"))
    if invitation is None:
        return Telling(now)
    if invitation.direction is Direction.SENT or invitation.claimed_at is not None:
        return Telling(now, invitation.client_id)
    instance = await get_instance(session, invitation.instance_id)
    name = None
    if instance.network is Network.PRIVATE and invitation.expected_partner is None:
        key_id = await current_key_id(session, instance.id) or ""
        name = invitation.inviter_issuer + REGISTERED_CLIENT_PATH + key_id
    return Telling(now + LATEST_CLAIM, name, invitation.expires_at + LATEST_CLAIM)


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


async def caller_of(node: Node, instance_id: str, registered_as: str | None = None) -> Caller:
    """Return us as other nodes know us: the instance's issuer and its key, or as one of them registered us.

    Raises InstancePaused: an instance that may be a copy speaks to nobody.
    """
    async with transaction(node.database) as session:
        instance = await get_instance(session, instance_id)
        require_running(node.settings, instance)
        key = await signing_key(session, node.sealer, instance_id)
        own = frozenset(each["kid"] for each in await public_keys(session, instance_id))
    issuer = issuer_of(node.settings, instance.slug)
    return Caller(issuer, key, own, node.egress, node.clock.now(), registered_as)


async def read_peer(node: Node, issuer: str) -> Peer:
    """Return where the other node is called, as its metadata says now; raises PeerUnavailable."""
    try:
        snapshot = await read_node(node.egress, issuer, now=node.clock.now())
    except NodeUnreadable as failure:
        raise PeerUnavailable(failure.reason) from failure
    return peer_of(snapshot.to_json())


def peer_of(snapshot: dict[str, object]) -> Peer:
    """Return where the other node is called, from a stored snapshot of its metadata."""
    metadata = snapshot["metadata"]
    assert isinstance(metadata, dict)  # noqa: S101 - the shape of our own snapshot
    return Peer(
        issuer=metadata["issuer"],
        authorization_endpoint=metadata["authorization_endpoint"],
        token_endpoint=metadata["token_endpoint"],
        par_endpoint=metadata["pushed_authorization_request_endpoint"],
        registration_endpoint=metadata.get("registration_endpoint") or f"{metadata['issuer']}/oauth/register",
    )


HANDLERS = {END_JOB: end_at_peer}
