"""The inviter has decided, and this side copies it: the connection is active on both sides, or over on both."""

from datetime import datetime

import structlog

from service.connections.peers import peer_record
from service.connections.pending import lock
from service.connections.states import CloseReason, ConnectionState
from service.connections.telling import Telling, tell_peer
from service.database.rows import advance
from service.database.sessions import transaction
from service.invitations.invitation.models import Invitation
from service.invitations.invitation.states import ENDED_BY, InvitationEvent, InvitationState
from service.invitations.invited.received import secret_of
from service.jobs.worker import TryAgain
from service.lifecycle import ending
from service.lifecycle.activation import make_active
from service.lifecycle.moving import announce_late
from service.node import Node
from service.problems.tree import DestinationRefused, InvitationUnusable, Problem, as_error
from service.protocol.client import Caller, Peer, PeerRefused, PeerUnavailable
from service.protocol.errors import InitialTokenRefused
from service.protocol.messages import InvitationStatus
from service.protocol.registration import invitation_status

GONE = frozenset({"rejected", "revoked", "expired", "locked"})

log = structlog.get_logger(__name__)


async def end_as_told(
    node: Node, caller: Caller, peer: Peer, invitation: Invitation, refusal: PeerRefused
) -> None:
    """The inviter refuses for good: its status says why, in one word."""
    try:
        secret = secret_of(node, invitation)
        shown = await invitation_status(caller, peer, invitation.reference, secret)
    except PeerUnavailable as failure:
        raise TryAgain(failure.reason) from failure
    except PeerRefused:
        shown = None
    if shown is not None and shown.state in GONE:
        await end_as_shown(node, invitation, shown)
        return
    if shown is not None and shown.state == "active" and invitation.client_id is not None:
        # Only this side's key could have activated it: whatever is refused now is refused to an active connection.
        await copy_active(node, invitation.id, "active", None)
        return
    upstream = {"reason": refusal.error, "host": peer.issuer, "description": refusal.description}
    said = "The inviter's answer was {reason}."
    problem: Problem = DestinationRefused(said, reason=refusal.error, upstream=upstream)
    was_taken = refusal.error == InitialTokenRefused.error and invitation.state is InvitationState.CLAIMING
    if was_taken and shown is not None and shown.state != "open":
        problem = InvitationUnusable("Somebody else had accepted it before.", reason="used")
    await end(node, invitation.id, InvitationEvent.REJECT, problem)


async def end_as_shown(node: Node, invitation: Invitation, shown: InvitationStatus) -> None:
    """The inviter's decision is copied."""
    words = f" {shown.reason}" if shown.reason else ""
    problem = InvitationUnusable("The inviter's node says: {reason}.{words}", reason=shown.state, words=words)
    await end(node, invitation.id, ENDED_BY[InvitationState(shown.state)], problem, shown.reason or None)


async def end(
    node: Node, invitation_id: str, by: InvitationEvent, problem: Problem, reason: str | None = None
) -> None:
    """The invitation and its connection are over here; who may have been asked to activate will hear of it.

    The inviter commits: where its answer was spoiled on the way, it would otherwise stay active alone.
    """
    now = node.clock.now()
    record = as_error(problem, node.settings.public_url, now)
    async with transaction(node.database) as session:
        connection, invitation = await lock(session, Invitation, invitation_id)
        if invitation.state in {InvitationState.CLAIMING, InvitationState.CLAIMED, InvitationState.CONFIRMED}:
            log.info("invitation_ended", slug=problem.slug, detail=problem.detail)
            may_be_active = invitation.state is InvitationState.CONFIRMED
            await advance(session, invitation, by, last_error=record, reason=reason, secret_sealed=None)
            if connection.state is ConnectionState.PENDING:
                connection.last_error = record
                expired = by is InvitationEvent.EXPIRE
                why = CloseReason.ATTEMPT_EXPIRED if expired else CloseReason.ATTEMPT_ENDED
                await ending.close(session, connection, why, now)
            if may_be_active and invitation.inviter_issuer and invitation.shared_id:
                issuer, telling = invitation.inviter_issuer, Telling(now, invitation.client_id)
                await tell_peer(session, connection.instance_id, issuer, invitation.shared_id, now, telling)


async def copy_active(node: Node, invitation_id: str, state: str, changed_at: datetime | None) -> None:
    """The connection is active here as it is at the inviter; `state` and `changed_at` are what that one says."""
    now = node.clock.now()
    async with transaction(node.database) as session:
        connection, invitation = await lock(session, Invitation, invitation_id)
        if connection.state is not ConnectionState.PENDING:
            return
        if invitation.state is InvitationState.CLAIMED:
            await advance(session, invitation, InvitationEvent.CONFIRM)
        await advance(session, invitation, InvitationEvent.ACTIVATE, secret_sealed=None)
        await make_active(
            session,
            connection,
            now,
            destination_state=state,
            destination_changed_at=changed_at,
            peer=peer_record(
                invitation.inviter_issuer, invitation.peer or {}, registered_as=invitation.client_id
            ),
        )
        await announce_late(session, node, connection, invitation.client_id)
