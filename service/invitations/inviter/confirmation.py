"""The inviter's admin decides: revokes an invitation, confirms who claimed it, or rejects them (I7)."""

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.desk import Desk
from service.connections.models import Connection
from service.connections.pending import end_invitation, lock
from service.connections.refusals import take_up
from service.database.rows import advance
from service.invitations.invitation.models import Direction, Invitation
from service.invitations.invitation.operations import get_visible
from service.invitations.invitation.reasons import INVITE_ANEW
from service.invitations.invitation.schemas import ConfirmationIn, Decision
from service.invitations.invitation.states import UNUSABLE, WAITING, InvitationEvent, InvitationState
from service.lifecycle.ending import close_here
from service.problems.tree import InvitationUnusable, StepNotAllowed, ValidationFailed, fault

CLOSE_INSTEAD = "Close the connection instead."
WAIT = "Wait until the partner has accepted it, or revoke it."
ASK = "Wait for the inviter, or close the connection if you do not want it any more."


async def revoke(desk: Desk, session: AsyncSession, invitation_id: str) -> Invitation:
    """The code works no more and the draft is as it was; a received one is withdrawn. Repeating changes nothing."""
    seen = await get_visible(session, desk.principal, invitation_id)
    if seen.connection_id is None:
        return seen
    connection, invitation = await lock(session, Invitation, invitation_id)
    if invitation.state is InvitationState.ACTIVE:
        raise _not_now("The invitation led to an active connection.", connection.id, CLOSE_INSTEAD)
    if invitation.state in WAITING:
        await _require_running(desk, session, connection)
        if invitation.direction is Direction.RECEIVED:
            await close_here(session, desk.node, connection)
        else:
            await end_invitation(session, desk.node, connection, invitation, InvitationEvent.REVOKE)
    return invitation


async def decide(desk: Desk, session: AsyncSession, invitation_id: str, wanted: ConfirmationIn) -> Invitation:
    """Who claimed the invitation is confirmed, and may activate; or rejected, for good, and reads the reason."""
    seen = await get_visible(session, desk.principal, invitation_id)
    if seen.direction is Direction.RECEIVED:
        raise _not_now("The inviter confirms, not the side that was invited.", seen.connection_id, ASK)
    connection, invitation = await lock(session, Invitation, invitation_id)
    confirms = wanted.decision is Decision.CONFIRM
    done = {InvitationState.CONFIRMED, InvitationState.ACTIVE} if confirms else {InvitationState.REJECTED}
    if invitation.state in done:
        return invitation
    if invitation.state is InvitationState.ACTIVE:
        raise _not_now("The invitation led to an active connection.", connection.id, CLOSE_INSTEAD)
    if invitation.state in UNUSABLE or desk.node.clock.now() >= invitation.expires_at:
        reason = invitation.state.value if invitation.state in UNUSABLE else "expired"
        raise InvitationUnusable("The invitation is over: {reason}.", reason=reason, fix=INVITE_ANEW)
    if invitation.state is InvitationState.OPEN:
        raise _not_now("Nobody has accepted the invitation yet.", connection.id, WAIT)
    await _require_running(desk, session, connection)
    if confirms:
        _require_same_code(wanted, invitation)
        await advance(session, invitation, InvitationEvent.CONFIRM)
        connection.touch(desk.node.clock.now())
    else:
        words = wanted.reason or None
        await end_invitation(session, desk.node, connection, invitation, InvitationEvent.REJECT, reason=words)
    return invitation


async def _require_running(desk: Desk, session: AsyncSession, connection: Connection) -> None:
    """Raise InstancePaused, with the way out, where this node may be a copy (ADR 0028)."""
    with (await take_up(desk, session, connection)).way_out():
        pass


def _require_same_code(wanted: ConfirmationIn, invitation: Invitation) -> None:
    """Raise ValidationFailed where the partner reads another code: whoever accepted is somebody else."""
    given, code = wanted.comparison_code, invitation.comparison_code or ""
    if given is not None and _letters(given) != _letters(code):
        detail = "This is not the code of who accepted the invitation, so it was not your partner. Reject it."
        raise ValidationFailed(detail, errors=[fault("/comparison_code", "another_code", detail)])


def _letters(code: str) -> str:
    """Return a code without what people write between its groups."""
    return "".join(filter(str.isalnum, code.upper()))


def _not_now(detail: str, connection_id: str | None, fix: str) -> StepNotAllowed:
    return StepNotAllowed(detail, fix=fix, connection=connection_id, allowed_steps=[], next_actions=[])
