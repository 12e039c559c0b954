"""What was under way when a node URL changed: it ends with the reason, or goes on under the name that it began with."""

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.pending import current_attempt, end_attempt, end_invitation, lock
from service.discovery.node_metadata import NodeSnapshot
from service.invitations.invitation.models import Direction, Invitation
from service.invitations.invitation.states import WAITING, InvitationEvent
from service.node import Node
from service.problems.tree import InvitationUnusable, VerificationCancelled
from service.verification.session.models import VerificationSession
from service.verification.session.states import OPEN, VerificationEvent, VerificationState

WE_MOVED = "This instance moved to {place} before it was finished."
THEY_MOVED = "The other side moved to {place} before it was finished."
VERIFY_AGAIN = "Start a new verification session; nothing else has changed."
INVITE_AGAIN = "Issue a new invitation: the code of the old one names a node URL that is no more."


async def leave_attempt(
    session: AsyncSession, node: Node, connection: Connection, known_as: str, place: str
) -> None:
    """Our own attempt is over, unless the other side may have committed it: then only its answer ends it.

    Either way the other side knows us, in this matter, by the name under which it was begun.
    """
    attempt = await _open_attempt(session, connection)
    if attempt is None:
        return
    attempt.peer = {**attempt.peer, "registered_as": attempt.peer.get("registered_as") or known_as}
    if not _may_be_committed(attempt):
        problem = VerificationCancelled(WE_MOVED, place=place, fix=VERIFY_AGAIN)
        await end_attempt(session, node, connection, attempt, VerificationEvent.CANCEL, problem)


async def take_back_invitation(session: AsyncSession, node: Node, connection: Connection, place: str) -> None:
    """A code that names the old node URL leads nowhere: the draft is back with its owner, who invites anew."""
    if connection.invitation_id is None:
        return
    _, invitation = await lock(session, Invitation, connection.invitation_id)
    if invitation.direction is Direction.SENT and invitation.state in WAITING:
        problem = InvitationUnusable(WE_MOVED, place=place, reason="moved", fix=INVITE_AGAIN)
        await end_invitation(session, node, connection, invitation, InvitationEvent.REVOKE, problem)


async def forget_attempt(session: AsyncSession, node: Node, connection: Connection) -> None:
    """A copy carries on nothing that the original began, however far that has come."""
    if attempt := await _open_attempt(session, connection):
        await end_attempt(session, node, connection, attempt, VerificationEvent.CANCEL)


async def follow(session: AsyncSession, node: Node, connection: Connection, snapshot: NodeSnapshot) -> None:
    """The other side has moved: our attempt follows it there, and ends unless it may be active there already."""
    attempt = await _open_attempt(session, connection)
    if attempt is None:
        return
    attempt.peer, attempt.peer_issuer = {**attempt.peer, **snapshot.to_json()}, snapshot.issuer
    if not _may_be_committed(attempt):
        problem = VerificationCancelled(THEY_MOVED, place=snapshot.issuer, fix=VERIFY_AGAIN)
        await end_attempt(session, node, connection, attempt, VerificationEvent.CANCEL, problem)


async def _open_attempt(session: AsyncSession, connection: Connection) -> VerificationSession | None:
    """Return the present attempt, locked, as long as one of the two sides may still act on it."""
    attempt = await current_attempt(session, connection)
    if attempt is None or attempt.completed_at is not None or attempt.state not in OPEN:
        return None
    return (await lock(session, VerificationSession, attempt.id))[1]


def _may_be_committed(attempt: VerificationSession) -> bool:
    """True for a renewal whose activation may have been sent; a set-up that was is closed there (P10)."""
    return attempt.is_renewal and attempt.state is VerificationState.VERIFIED
