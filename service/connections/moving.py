"""A node URL that changed: on purpose, and the other sides are told, or because this is a copy (ADR 0028)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections import ending
from service.connections.attempts import current_attempt, end_badly
from service.connections.ending import END_JOB, caller_of, read_peer
from service.connections.models import Connection
from service.connections.states import CloseReason, ConnectionState
from service.connections.status import see
from service.database import reading, transaction
from service.events.operations import record
from service.instance_keys.rotation import RotationKind, rotate
from service.instances.identity import NODE_URL, old_node_url
from service.instances.models import Instance
from service.instances.operations import issuer_of
from service.jobs.models import Job
from service.jobs.operations import enqueue
from service.jobs.worker import TryAgain
from service.node import Node
from service.platforms.registry import SANDBOX
from service.protocol.client import PeerRefused, PeerUnavailable, announce_issuer, connection_token, status
from service.protocol.messages import CLIENT_DOCUMENT_PATH
from service.verification_sessions.states import OPEN, VerificationEvent

ANNOUNCE_JOB = "announce_move"


@dataclass(frozen=True, slots=True)
class Moved:
    """The connections whose other sides are being told, and those whose private partners nobody here can dial."""

    told: Sequence[str]
    to_tell: Sequence[str]


async def move(session: AsyncSession, node: Node, instance: Instance, url: str | None) -> Moved:
    """The instance is known by its present node URL, and runs; each partner that can be reached will hear of it."""
    now, old = node.clock.now(), old_node_url(node.settings, instance)
    before = old or issuer_of(node.settings, instance.slug)
    _settle_in(node, instance, url)
    told, to_tell = [], []
    for connection in await _open_connections(session, instance.id):
        if connection.peer is None:
            await _end_attempt(session, node, connection)
            continue
        record(session, connection.id, "instance.move", now, detail={"from": before})
        if connection.peer["issuer"] is None:
            to_tell.append(connection.id)
        else:
            known_as = connection.peer.get("registered_as") or before + CLIENT_DOCUMENT_PATH
            # Until it has heard of the new name, the other side knows us by this one only.
            connection.peer = {**connection.peer, "registered_as": known_as}
            await enqueue(session, ANNOUNCE_JOB, connection.id, run_at=now, now=now)
            told.append(connection.id)
    return Moved(told, to_tell)


async def forget_original(session: AsyncSession, node: Node, instance: Instance) -> None:
    """This copy has keys of its own and no connection: those stay with the original, which hears nothing."""
    now = node.clock.now()
    _settle_in(node, instance, None)
    for connection in await _open_connections(session, instance.id):
        await _end_attempt(session, node, connection)
        await ending.close(session, connection, CloseReason.COPIED, now)
    await rotate(session, node, instance.id, RotationKind.EMERGENCY, now)
    untold = select(Job).where(Job.kind == END_JOB, col(Job.done_at).is_(None))
    for job in (await session.exec(untold)).all():
        if job.payload["instance_id"] == instance.id:
            await session.delete(job)


def _settle_in(node: Node, instance: Instance, url: str | None) -> None:
    instance.identity = {**instance.identity, NODE_URL: issuer_of(node.settings, instance.slug)}
    if instance.platform == SANDBOX:
        instance.url = f"{node.settings.public_url}/sandbox/{instance.slug}"
    elif url is not None:
        instance.url = url
    instance.updated_at = node.clock.now()


async def _open_connections(session: AsyncSession, instance_id: str) -> Sequence[Connection]:
    statement = (
        select(Connection)
        .where(Connection.instance_id == instance_id, Connection.state != ConnectionState.CLOSED)
        .order_by(Connection.id)
    )
    return (await session.exec(statement.with_for_update())).all()


async def _end_attempt(session: AsyncSession, node: Node, connection: Connection) -> None:
    """What began under the old node URL cannot be finished under the new one; the draft stays."""
    attempt = await current_attempt(session, connection)
    if attempt is not None and attempt.state in OPEN and connection.peer is None:
        await end_badly(session, node, connection, attempt, by=VerificationEvent.CANCEL, problem=None)


async def announce(node: Node, job: Job) -> None:
    """Done once the other side knows the new node URL; it reads there that the keys are the ones it knows."""
    async with reading(node.database) as session:
        connection = await session.get(Connection, job.subject)
    if connection is None or connection.state is ConnectionState.CLOSED or connection.peer is None:
        return
    shared_id, known_as = connection.shared_id or "", connection.peer.get("registered_as")
    if known_as is None or not known_as.endswith(CLIENT_DOCUMENT_PATH):
        return  # an inviter that registered us by our key alone has no node URL of ours
    old = await caller_of(node, connection.instance_id, known_as)
    try:
        peer = await read_peer(node, connection.peer["issuer"])
        try:
            token = await connection_token(old, peer, shared_id)
            await announce_issuer(old, peer, shared_id, token.access_token)
        except PeerRefused:
            # Where the answer to an earlier announcement was lost, only the new name is known there.
            new = await caller_of(node, connection.instance_id)
            token = await connection_token(new, peer, shared_id)
            await status(new, peer, shared_id, token.access_token)
    except PeerUnavailable as failure:
        raise TryAgain(failure.reason) from failure
    except PeerRefused as failure:
        if failure.is_over:  # known by neither name: the hourly look finds that it was closed
            return
        raise TryAgain(str(failure)) from failure
    await _note_told(node, connection.id)


async def _note_told(node: Node, connection_id: str) -> None:
    now = node.clock.now()
    async with transaction(node.database) as session:
        connection = await session.get(Connection, connection_id, with_for_update=True)
        if connection is not None and connection.peer is not None:
            if connection.peer.get("registered_as"):
                connection.peer = {**connection.peer, "registered_as": None}
            see(connection, now)
            record(session, connection.id, "instance.move_known", now)


HANDLERS = {ANNOUNCE_JOB: announce}
