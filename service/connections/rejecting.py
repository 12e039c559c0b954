"""The invited side says no; what its node then sends is stored first, and a job sends it."""

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.accepting import known_here
from service.connections.inspecting import Inspection
from service.connections.received import received_row
from service.connections.telling_rejection import REJECT_JOB
from service.connections.unusable import INCOMPATIBLE, as_problem
from service.database import advance
from service.invitations.models import Invitation
from service.invitations.states import InvitationEvent, InvitationState
from service.jobs.operations import enqueue
from service.node import Node
from service.problems import (
    InvitationUnusable,
)

# It cannot be accepted with this instance, but the inviter may well hear a no.
REJECTABLE = INCOMPATIBLE | {"both_sides_private"}


async def reject(node: Node, session: AsyncSession, found: Inspection, reason: str) -> Invitation:
    """The invitation is rejected here, and a job tells the inviter why. Rejected twice, it is the same one."""
    known = await known_here(session, found)
    if known is not None and known.state is InvitationState.REJECTED:
        return known
    if known is not None:
        raise InvitationUnusable(
            "It is {reason} here.",
            reason=known.state.value,
            fix="Close the connection that it led to, if you do not want it.",
        )
    if found.reason is not None and found.reason not in REJECTABLE:
        raise as_problem(found)
    invitation = received_row(node, found, None)
    session.add(invitation)
    now = node.clock.now()
    await advance(session, invitation, InvitationEvent.REJECT, reason=reason or None)
    await enqueue(session, REJECT_JOB, invitation.id, run_at=now, now=now)
    return invitation
