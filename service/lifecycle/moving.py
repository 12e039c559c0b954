"""When a node URL changes, an operator says which: it moved and partners are told, or this is a copy (ADR 0028)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.peers import caller_of, read_peer
from service.connections.states import CloseReason, ConnectionState
from service.connections.telling import untold_endings
from service.database.sessions import reading, transaction
from service.events.operations import record
from service.instance_keys.rotation import RotationKind, rotate
from service.instances.identity import NODE_URL, old_node_url
from service.instances.models import Instance
from service.instances.operations import get_instance, issuer_of
from service.jobs.models import Job
from service.jobs.operations import enqueue, wake_paused
from service.jobs.worker import TryAgain
from service.lifecycle import ending
from service.lifecycle.status import see
from service.lifecycle.unfinished import forget_attempt, leave_attempt, take_back_invitation
from service.node import Node
from service.platforms.registry import SANDBOX
from service.protocol.client import (
    Caller,
    Peer,
    PeerRefused,
    PeerUnavailable,
    announce_issuer,
    connection_token,
    status,
)
from service.protocol.messages import CLIENT_DOCUMENT_PATH

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
    known_as = before + CLIENT_DOCUMENT_PATH
    _settle_in(node, instance, url)
    place = issuer_of(node.settings, instance.slug) if old else instance.url
    told, to_tell = [], []
    for connection in await _open_connections(session, instance.id):
        if old is not None or connection.peer is None:
            await leave_attempt(session, node, connection, known_as, place)
        if old is not None and connection.peer is None:
            await take_back_invitation(session, node, connection, place)
        if connection.peer is None:
            continue
        record(session, connection.id, "instance.move", now, detail={"from": before})
        if connection.peer["issuer"] is None:
            to_tell.append(connection.id)
        else:
            # Until it has heard of the new name, the other side knows us by this one only.
            connection.peer = {**connection.peer, "registered_as": _name_of(connection.peer, known_as)}
            await enqueue(session, ANNOUNCE_JOB, connection.id, run_at=now, now=now)
            told.append(connection.id)
    for job in await untold_endings(session, instance.id):
        job.payload = {**job.payload, "registered_as": _name_of(job.payload, known_as)}
    await wake_paused(session, now)
    return Moved(told, to_tell)


def _name_of(known: Mapping[str, Any], otherwise: str) -> str:
    """Return what the other side calls us: the name of a move or registration that it has not replaced yet."""
    return known.get("registered_as") or otherwise


async def forget_original(session: AsyncSession, node: Node, instance: Instance) -> None:
    """This copy has keys of its own and no connection: those stay with the original, which hears nothing."""
    now = node.clock.now()
    _settle_in(node, instance, None)
    for connection in await _open_connections(session, instance.id):
        await forget_attempt(session, node, connection)
        await ending.close(session, connection, CloseReason.COPIED, now)
    await rotate(session, node, instance.id, RotationKind.EMERGENCY, now)
    for job in await untold_endings(session, instance.id):
        await session.delete(job)
    await wake_paused(session, now)


def _settle_in(node: Node, instance: Instance, url: str | None) -> None:
    """The instance is at home under its present node URL, so that it is not paused any more."""
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


async def announce_late(
    session: AsyncSession, node: Node, connection: Connection, claimed_as: str | None
) -> None:
    """The inviter will hear our node URL of now, where it is another than the one under which we claimed."""
    instance = await get_instance(session, connection.instance_id)
    present = issuer_of(node.settings, instance.slug) + CLIENT_DOCUMENT_PATH
    if claimed_as is not None and claimed_as.endswith(CLIENT_DOCUMENT_PATH) and claimed_as != present:
        now = node.clock.now()
        await enqueue(session, ANNOUNCE_JOB, connection.id, run_at=now, now=now)


async def announce(node: Node, job: Job) -> None:
    """Done once the other side knows the new node URL; it reads there that the keys are the ones it knows."""
    async with reading(node.database) as session:
        connection = await session.get(Connection, job.subject)
    if connection is None or connection.state is ConnectionState.CLOSED or connection.peer is None:
        return
    shared_id, known_as = connection.shared_id or "", connection.peer.get("registered_as")
    if known_as is None or not known_as.endswith(CLIENT_DOCUMENT_PATH):
        return  # an inviter that registered us by our key alone has no node URL of ours
    present = await caller_of(node, connection.instance_id)
    former = await caller_of(node, connection.instance_id, known_as)
    try:
        peer = await read_peer(node, connection.peer["issuer"])
        if not await _is_known_as(present, peer, shared_id):
            token = await connection_token(former, peer, shared_id)
            await announce_issuer(former, peer, shared_id, token.access_token)
    except PeerUnavailable as failure:
        raise TryAgain(failure.reason) from failure
    except PeerRefused as failure:
        # Known by neither name: the hourly look, under the present one, finds that it was closed.
        if not failure.is_over:
            raise TryAgain(str(failure)) from failure
    await _note_told(node, connection.id)


async def _is_known_as(present: Caller, peer: Peer, shared_id: str) -> bool:
    """True where the other side has heard of the move before, and its answer was lost."""
    try:
        token = await connection_token(present, peer, shared_id)
        await status(present, peer, shared_id, token.access_token)
    except PeerRefused as refusal:
        if not refusal.is_over:
            raise
        return False
    return True


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
