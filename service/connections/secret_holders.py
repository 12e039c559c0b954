"""Whoever has an invitation's true secret, and whoever guesses."""

from sqlmodel import select

from service.connections.invitation_endings import end_sent, lock_invitation
from service.database import reading, transaction
from service.events.operations import record_refusal
from service.invitations.models import Direction, Invitation
from service.invitations.operations import MOST_WRONG_CODES
from service.invitations.states import InvitationEvent, InvitationState
from service.node import Node
from service.problems import InvitationUnusable
from service.protocol.errors import (
    InitialTokenRefused,
)

UNKNOWN = "There is no such invitation, or this is not its secret."


async def open_with(node: Node, instance_id: str, reference: str, secret: str) -> Invitation:
    """Return the invitation of this secret; a wrong one is counted, and the fifth locks it.

    Raises InitialTokenRefused, in the same words whether there is such an invitation or not.
    """
    statement = select(Invitation).where(
        Invitation.instance_id == instance_id,
        Invitation.reference == reference,
        Invitation.direction == Direction.SENT,
    )
    async with reading(node.database) as session:
        found = (await session.exec(statement)).one_or_none()
    if found is None:
        raise InitialTokenRefused(UNKNOWN)
    if not node.hasher.match(secret, found.secret_hash or ""):
        await _count_wrong(node, found)
        raise InitialTokenRefused(UNKNOWN)
    return found


async def _count_wrong(node: Node, invitation: Invitation) -> None:
    """One more wrong code is counted, over all replicas; one too many, and an invitation nobody has is locked."""
    async with transaction(node.database) as session:
        connection, locked = await lock_invitation(session, invitation.id)
        locked.wrong_codes += 1
        await session.flush()
        if locked.wrong_codes >= MOST_WRONG_CODES and locked.state is InvitationState.OPEN:
            problem = InvitationUnusable("Somebody tried wrong codes, so it was locked.", reason="locked")
            await end_sent(session, node, connection, locked, by=InvitationEvent.LOCK, problem=problem)
    now = node.clock.now()
    await record_refusal(node.database, connection.id, "invitation.refused", "wrong_code", now)
