"""A connection ends, here at once and with everything that was pending for it; the other side is told (P10).

An instance and its keys stay until every partner was told.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.channel.outbox import forget_unsent
from service.connections.models import Connection
from service.connections.pending import current_attempt, end_attempt
from service.connections.states import ESTABLISHED, CloseReason, ConnectionEvent, ConnectionState
from service.connections.telling import PATIENCE, Telling, tell_peer, untold_endings
from service.database.rows import advance, find, get_for_update
from service.events.operations import record
from service.instance_keys.operations import current_key_id
from service.instances.operations import get_instance
from service.invitations.invitation.models import Direction, Invitation
from service.invitations.invitation.states import WAITING, InvitationEvent
from service.node import Node
from service.protocol.messages import REGISTERED_CLIENT_PATH
from service.verification.session.models import VerificationSession
from service.verification.session.states import OPEN, VerificationEvent, VerificationState
from service.words import DestinationType, Network

LATEST_CLAIM = timedelta(seconds=90)
# A verified attempt may be active there already, so only the other side's answer ends it.
STILL_OURS = OPEN - {VerificationState.VERIFIED}


async def close_here(session: AsyncSession, node: Node, connection: Connection) -> None:
    """The connection is closed on both sides, its open attempt with it; repeating it changes nothing."""
    if connection.state is ConnectionState.CLOSED:
        return
    now = node.clock.now()
    attempt = await current_attempt(session, connection)
    if attempt is not None and attempt.state in OPEN and connection.state not in ESTABLISHED:
        await end_attempt(session, node, connection, attempt, VerificationEvent.CANCEL)
    await close(session, connection, CloseReason.CLOSED_HERE, now)


async def close(
    session: AsyncSession, connection: Connection, reason: CloseReason, now: datetime
) -> Connection:
    """The connection is over here for good; the other side is told where this one closed it."""
    knows = connection.state in ESTABLISHED or connection.state is ConnectionState.PENDING
    changes: dict[str, object] = {"reason": reason, "updated_at": now, "expires_at": None}
    if reason is CloseReason.CLOSED_BY_PEER or connection.type is DestinationType.LOCAL:
        changes |= {"destination_state": ConnectionState.CLOSED.value, "destination_seen_at": now}
    await advance(session, connection, ConnectionEvent.CLOSE, **changes)
    if unsent := await forget_unsent(session, connection.id):
        record(session, connection.id, "channel.dropped", now, detail={"messages": unsent})
    peer = connection.peer["issuer"] if connection.peer else connection.destination_node_url
    told = reason is CloseReason.CLOSED_HERE and connection.type is not DestinationType.LOCAL
    invitation = await _settle(session, connection)
    if renewal := await _end_renewal(session, connection):
        known_as = Telling(now, renewal.peer.get("registered_as"))
        issuer, shared_id = renewal.peer_issuer, renewal.shared_id
        await tell_peer(session, connection.instance_id, issuer, shared_id, now, known_as)
    if knows and told and peer and connection.shared_id:
        telling = await _telling(session, connection, invitation, now)
        await tell_peer(session, connection.instance_id, peer, connection.shared_id, now, telling)
    return connection


async def _settle(session: AsyncSession, connection: Connection) -> Invitation | None:
    """The invitation of a connection that has closed is over with it; return it as it was carried on last."""
    if connection.invitation_id is None:
        return None
    invitation = await get_for_update(session, Invitation, connection.invitation_id)
    if invitation.state in WAITING:
        sent = invitation.direction is Direction.SENT
        by = InvitationEvent.REVOKE if sent else InvitationEvent.REJECT
        await advance(session, invitation, by, secret_sealed=None)
    return invitation


async def _end_renewal(session: AsyncSession, connection: Connection) -> VerificationSession | None:
    """The open renewal is cancelled; return it where the other side has heard of it, and will be told."""
    if connection.verification_session_id is None:
        return None
    found = await find(session, VerificationSession, connection.verification_session_id)
    if found is None or not found.is_renewal:
        return None
    attempt = await get_for_update(session, VerificationSession, found.id)
    if attempt.state not in STILL_OURS:
        return None
    was_pushed = attempt.state is not VerificationState.CREATED
    changes = {"code_sealed": None, "access_token_sealed": None}
    await advance(session, attempt, VerificationEvent.CANCEL, **changes)
    return attempt if was_pushed else None


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


async def unheard_endings(session: AsyncSession, instance_id: str, now: datetime) -> Mapping[str, datetime]:
    """Return the connections that a partner may still take for active, and until when it is waited for."""
    jobs = await untold_endings(session, instance_id)
    being_told = {job.payload["shared_id"]: job.created_at for job in jobs}
    statement = select(Connection).where(
        Connection.instance_id == instance_id, col(Connection.shared_id).is_not(None)
    )
    since = {}
    for connection in (await session.exec(statement)).all():
        if connection.shared_id in being_told:
            since[connection.id] = being_told[connection.shared_id]
        elif _has_to_ask(connection):
            since[connection.id] = connection.updated_at
    return {each: begun + PATIENCE for each, begun in since.items() if begun + PATIENCE > now}


def _has_to_ask(connection: Connection) -> bool:
    """True where the partner cannot be told, for it only dials out, and has not asked since it was closed here."""
    is_private = connection.peer is not None and connection.peer["issuer"] is None
    is_news = connection.destination_state != ConnectionState.CLOSED.value
    return is_private and connection.reason is CloseReason.CLOSED_HERE and is_news
