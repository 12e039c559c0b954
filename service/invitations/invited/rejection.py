"""The invited side says no; what its node then sends is stored first, and a job sends it."""

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from service.database.rows import advance
from service.invitations.invitation.models import Invitation
from service.invitations.invitation.states import InvitationEvent, InvitationState
from service.invitations.invited.acceptance import known_here
from service.invitations.invited.preview import Inspection
from service.invitations.invited.received import received_row
from service.invitations.invited.telling_rejection import REJECT_JOB
from service.invitations.invited.unusable import as_problem
from service.jobs.operations import enqueue
from service.node import Node
from service.problems.tree import InvitationUnusable


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
