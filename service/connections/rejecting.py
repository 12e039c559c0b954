"""The invited side says no; what its node then sends is stored first, and a job sends it."""

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.accepting import known_here, look_at
from service.connections.desk import Desk
from service.connections.received import received_row
from service.connections.telling_rejection import REJECT_JOB
from service.connections.unusable import INCOMPATIBLE, as_problem
from service.database import advance
from service.invitations.models import Invitation
from service.invitations.schemas import InvitationRejection
from service.invitations.states import InvitationEvent, InvitationState
from service.jobs.operations import enqueue
from service.problems import (
    InvitationUnusable,
)


async def reject(desk: Desk, session: AsyncSession, wanted: InvitationRejection) -> Invitation:
    """The invitation is rejected here, and a job tells the inviter why. Rejected twice, it is the same one."""
    found = await look_at(desk, wanted.instance, wanted.code)
    known = await known_here(session, found)
    if known is not None and known.state is InvitationState.REJECTED:
        return known
    if known is not None:
        raise InvitationUnusable(
            "It is {reason} here.",
            reason=known.state.value,
            fix="Close the connection that it led to, if you do not want it.",
        )
    if found.reason is not None and found.reason not in INCOMPATIBLE | {"both_sides_private"}:
        raise as_problem(found)
    invitation = received_row(desk.node, found, None)
    session.add(invitation)
    now, reason = desk.node.clock.now(), wanted.reason or None
    await advance(session, invitation, InvitationEvent.REJECT, reason=reason)
    await enqueue(session, REJECT_JOB, invitation.id, run_at=now, now=now)
    return invitation
