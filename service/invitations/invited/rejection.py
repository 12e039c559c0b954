"""The invited side says no; the inviter hears it, also when it is offline now."""

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.peers import caller_of, peer_of
from service.database.rows import advance, find
from service.database.sessions import transaction
from service.invitations.invitation.models import Invitation
from service.invitations.invitation.states import InvitationEvent, InvitationState
from service.invitations.invited.acceptance import known_here
from service.invitations.invited.preview import Inspection, as_problem
from service.invitations.invited.received import read_invitation, received_row, secret_of
from service.jobs.models import Job
from service.jobs.operations import enqueue
from service.jobs.worker import TryAgain
from service.node import Node
from service.problems.tree import InvitationUnusable
from service.protocol.client import PeerRefused, PeerUnavailable
from service.protocol.errors import InitialTokenRefused, InvitationOver
from service.protocol.registration import reject_invitation


async def reject(node: Node, session: AsyncSession, found: Inspection, reason: str) -> Invitation:
    """The invitation is rejected here, and a job tells the inviter why. Rejected twice, it is the same one."""
    known = await known_here(session, found)
    if known is not None:
        return _as_before(known)
    if not can_be_rejected(found):
        raise as_problem(found)
    invitation = received_row(node, found, None)
    try:
        async with session.begin_nested():
            session.add(invitation)
    except IntegrityError:  # a parallel twin, of this or of an acceptance, was faster
        known = await known_here(session, found)
        if known is None:
            raise
        return _as_before(known)
    now = node.clock.now()
    await advance(session, invitation, InvitationEvent.REJECT, reason=reason or None)
    await enqueue(session, REJECT_JOB, invitation.id, run_at=now, now=now)
    return invitation


def can_be_rejected(found: Inspection) -> bool:
    """True as long as nobody has it, also where it cannot be accepted with this instance."""
    return found.status is not None and found.status.state == "open"


def _as_before(known: Invitation) -> Invitation:
    """Return what was rejected here before; raise InvitationUnusable for what was accepted."""
    if known.state is InvitationState.REJECTED:
        return known
    raise InvitationUnusable(
        "It is {reason} here.",
        reason=known.state.value,
        fix="Close the connection that it led to, if you do not want it.",
    )


REJECT_JOB = "reject_invitation"
NOBODY_WAITS = frozenset({InitialTokenRefused.error, InvitationOver.error})

log = structlog.get_logger(__name__)


async def tell_rejection(node: Node, job: Job) -> None:
    """Done once the inviter has heard it, or has ended the invitation itself."""
    invitation = await read_invitation(node, job.subject)
    if invitation is None or invitation.secret_sealed is None:
        return
    caller = await caller_of(node, invitation.instance_id)
    peer, secret = peer_of(invitation.peer or {}), secret_of(node, invitation)
    try:
        await reject_invitation(caller, peer, invitation.reference, secret, invitation.reason or "")
    except (PeerUnavailable, PeerRefused) as failure:
        is_over = isinstance(failure, PeerRefused) and failure.error in NOBODY_WAITS
        if not is_over and node.clock.now() < invitation.expires_at:
            raise TryAgain(str(failure)) from failure
        log.info("rejection_not_heard", why=str(failure))
    async with transaction(node.database) as session:
        found = await find(session, Invitation, invitation.id)
        if found is not None:
            found.secret_sealed = None


HANDLERS = {REJECT_JOB: tell_rejection}
