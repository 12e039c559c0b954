"""The invited side accepts: the intent is stored first, and a job claims the invitation (I4)."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from service.access.principals import own_instance
from service.connections import operations
from service.connections.desk import Desk
from service.connections.names import insert_named
from service.connections.schemas import InvitationAcceptance
from service.connections.states import ConnectionEvent, ConnectionState
from service.database.rows import advance
from service.database.sessions import reading
from service.invitations.invitation.models import Invitation
from service.invitations.invitation.operations import find_received
from service.invitations.invitation.states import UNUSABLE, InvitationEvent, InvitationState
from service.invitations.invited.claiming import CLAIM_JOB
from service.invitations.invited.preview import Inspection, as_problem, inspect
from service.invitations.invited.received import build
from service.jobs.operations import enqueue
from service.node import Node
from service.problems.tree import InvitationUnusable


async def look_at(desk: Desk, name: str | None, code: str) -> Inspection:
    """Return what the code is to this instance of the caller; raises NotFound for an instance that is not theirs."""
    async with reading(desk.node.database) as session:
        instance = await own_instance(session, desk.node.settings, desk.principal, name)
    found = await inspect(desk.node, desk.platforms, instance, code)
    async with reading(desk.node.database) as session:
        known = await known_here(session, found)
    if known is None or found.reason not in {None, "used"}:
        return found
    if is_over(known, desk.node.clock.now()):
        over = _over_here(known)
        return replace(found, reason=over.members["reason"], detail=over.detail, fix=over.fix)
    fix = f"Read the invitation {known.id}: it says how it stands, and who must act."
    return replace(found, reason="used", detail="This instance has accepted it already.", fix=fix)


async def accept(
    node: Node, session: AsyncSession, found: Inspection, wanted: InvitationAcceptance
) -> Invitation:
    """The connection is pending here, and a job claims the invitation. Accepted twice, it is the same one."""
    known = await known_here(session, found)
    if known is not None and not is_over(known, node.clock.now()):
        return known
    if found.reason is not None:
        raise as_problem(found)
    if known is not None:
        raise _over_here(known)
    if wanted.return_url is not None:
        operations.check_return_url(found.instance, wanted.return_url)
    connection, invitation = await build(session, node, found, wanted)
    try:
        async with session.begin_nested():
            await insert_named(session, connection, connection.name or "")
            session.add(invitation)
            await session.flush()
    except IntegrityError:  # a parallel twin was faster, and this one is the same
        known = await known_here(session, found)
        if known is None:
            raise
        if is_over(known, node.clock.now()):
            raise _over_here(known) from None
        return known
    now = node.clock.now()
    changes = {"expires_at": invitation.expires_at, "destination_state": ConnectionState.PENDING.value}
    await advance(session, connection, ConnectionEvent.START, **changes)
    await advance(session, invitation, InvitationEvent.ACCEPT)
    await enqueue(session, CLAIM_JOB, invitation.id, run_at=now, now=now)
    return invitation


def is_over(known: Invitation, now: datetime) -> bool:
    """True where accepting it once more would not lead anywhere: it is over, or its time is."""
    is_late = known.state in {InvitationState.CLAIMING, InvitationState.CLAIMED} and now >= known.expires_at
    return known.state in UNUSABLE or is_late


def _over_here(known: Invitation) -> InvitationUnusable:
    reason = known.state.value if known.state in UNUSABLE else "expired"
    return InvitationUnusable("It was {reason} here before.", reason=reason)


async def known_here(session: AsyncSession, found: Inspection) -> Invitation | None:
    """Return what this instance made of the invitation before."""
    if found.code is None:
        return None
    return await find_received(session, found.instance.id, found.code)
