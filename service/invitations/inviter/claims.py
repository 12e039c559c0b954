"""The inviter's side, as its partner's node meets it: ask, claim, reject, activate (I3, I5, I8, I9).

Precise reasons are for whoever has the true secret. Everybody else hears one and the same sentence.
"""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.pending import expire_if_due, lock
from service.database.rows import advance
from service.database.sessions import transaction
from service.invitations.invitation.models import Invitation
from service.invitations.invitation.states import UNUSABLE, InvitationEvent, InvitationState
from service.invitations.inviter.claimants import Claimant, show_claimant
from service.node import Node
from service.protocol.errors import InitialTokenRefused, InvalidClientMetadata, InvitationOver
from service.trust.tokens import comparison_code

TAKEN = "Another key has claimed this invitation."


async def look(node: Node, invitation: Invitation) -> tuple[Connection, Invitation]:
    """Return how the invitation stands now; one whose time is over has expired."""
    async with transaction(node.database) as session:
        connection, locked = await lock(session, Invitation, invitation.id)
        await expire_if_due(session, node, connection, locked)
        return connection, locked


async def claim(
    node: Node, invitation: Invitation, claimant: Claimant, shared_id: str, session: AsyncSession
) -> Invitation:
    """The invitation is this key's, once; the same key gets the same answer for ever.

    Raises InvitationOver, InitialTokenRefused for any other key, and InvalidClientMetadata for a shared id that
    this instance knows already.
    """
    now = node.clock.now()
    connection, locked = await lock(session, Invitation, invitation.id)
    await expire_if_due(session, node, connection, locked)
    if is_same(locked, claimant.thumbprint, shared_id):
        return locked
    require_open(locked)
    if await _is_known(session, connection, shared_id):
        raise InvalidClientMetadata("This shared_id is in use; choose a fresh one.")
    code = comparison_code(locked.inviter_issuer, claimant.thumbprint, shared_id, locked.reference)
    await advance(
        session,
        locked,
        InvitationEvent.CLAIM,
        shared_id=shared_id,
        claimant=claimant.to_json(),
        comparison_code=code,
        claimed_at=now,
    )
    show_claimant(connection, claimant, shared_id)
    if not locked.confirmation_required:
        await advance(session, locked, InvitationEvent.CONFIRM)
    connection.touch(now)
    return locked


def is_same(invitation: Invitation, thumbprint: str, shared_id: str) -> bool:
    """True for the key that has claimed it, as long as that is good for anything."""
    if invitation.claimant is None or invitation.claimant["thumbprint"] != thumbprint:
        return False
    return invitation.shared_id == shared_id and invitation.state not in UNUSABLE


def require_open(invitation: Invitation) -> None:
    """Raise the precise reason why the invitation cannot be claimed."""
    if invitation.state in UNUSABLE:
        raise InvitationOver(invitation.state.value)
    if invitation.state is not InvitationState.OPEN:
        raise InitialTokenRefused(TAKEN)


async def _is_known(session: AsyncSession, connection: Connection, shared_id: str) -> bool:
    statement = select(Connection.id).where(
        Connection.instance_id == connection.instance_id,
        Connection.shared_id == shared_id,
        col(Connection.id) != connection.id,
    )
    return (await session.exec(statement)).first() is not None
