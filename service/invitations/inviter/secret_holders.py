"""Opens an invitation to whoever sends its secret. Wrong secrets are counted, and the fifth locks it."""

from sqlmodel import select

from service.access.guesses import count_guess, require_guesses_left
from service.connections.pending import end_invitation, lock
from service.database.sessions import reading, transaction
from service.events.operations import record_refusal
from service.http import acting
from service.invitations.invitation.models import Direction, Invitation
from service.invitations.invitation.operations import MOST_WRONG_CODES
from service.invitations.invitation.reasons import INVITE_ANEW
from service.invitations.invitation.states import InvitationEvent, InvitationState
from service.limits.table import WRONG_CODES_BY_SOURCE, source_of
from service.node import Node
from service.problems.tree import InvitationUnusable, RateLimited
from service.protocol.errors import InitialTokenRefused, TooOften

UNKNOWN = "There is no such invitation, or this is not its secret."


async def open_with(node: Node, instance_id: str, reference: str, secret: str) -> Invitation:
    """Return the invitation of this secret; a wrong one is counted, and the fifth locks it.

    Raises InitialTokenRefused, in the same words whether there is such an invitation or not, and TooOften where
    the caller's network has sent too many wrong ones, of whichever invitations.
    """
    source, now = source_of(acting.current().address), node.clock.now()
    statement = select(Invitation).where(
        Invitation.instance_id == instance_id,
        Invitation.reference == reference,
        Invitation.direction == Direction.SENT,
    )
    async with reading(node.database) as session:
        try:
            await require_guesses_left(session, WRONG_CODES_BY_SOURCE, source, now)
        except RateLimited as refusal:
            raise TooOften(refusal.detail, refusal.headers) from None
        found = (await session.exec(statement)).one_or_none()
    if found is not None and node.hasher.match(secret, found.secret_hash or ""):
        return found
    async with transaction(node.database) as session:
        await count_guess(session, WRONG_CODES_BY_SOURCE, source, now)
    if found is not None:
        await _count_wrong(node, found)
    raise InitialTokenRefused(UNKNOWN)


async def _count_wrong(node: Node, invitation: Invitation) -> None:
    """One more wrong code is counted, over all replicas; the fifth locks an invitation that nobody has claimed."""
    async with transaction(node.database) as session:
        connection, locked = await lock(session, Invitation, invitation.id)
        locked.wrong_codes += 1
        await session.flush()
        if locked.wrong_codes >= MOST_WRONG_CODES and locked.state is InvitationState.OPEN:
            problem = InvitationUnusable(
                "Somebody tried wrong codes, so it was locked.", reason="locked", fix=INVITE_ANEW
            )
            await end_invitation(session, node, connection, locked, InvitationEvent.LOCK, problem)
    now = node.clock.now()
    await record_refusal(node.database, connection.id, "invitation.refused", "wrong_code", now)
