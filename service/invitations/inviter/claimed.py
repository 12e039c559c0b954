"""What happens to a claimed invitation: it becomes the active connection, or is given up."""

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.pending import end_invitation, expire_if_due, lock
from service.database.rows import advance
from service.database.sessions import transaction
from service.invitations.invitation.models import Invitation
from service.invitations.invitation.reasons import INVITE_ANEW
from service.invitations.invitation.states import UNUSABLE, InvitationEvent, InvitationState
from service.invitations.inviter.claims import require_open
from service.lifecycle.activating import make_active
from service.node import Node
from service.problems.tree import InvitationUnusable
from service.protocol.errors import Gone, InvalidRequest


async def reject(node: Node, invitation: Invitation, reason: str) -> None:
    """The partner does not want it, and the inviter reads why; repeating it changes nothing."""
    async with transaction(node.database) as session:
        connection, locked = await lock(session, Invitation, invitation.id)
        await expire_if_due(session, node, connection, locked)
        if locked.state is InvitationState.REJECTED:
            return
        require_open(locked)
        problem = InvitationUnusable(
            "The partner rejected it: {words}",
            reason="rejected",
            words=reason or "no reason",
            fix=INVITE_ANEW,
        )
        await end_invitation(
            session,
            node,
            connection,
            locked,
            by=InvitationEvent.REJECT,
            problem=problem,
            reason=reason or None,
        )


async def withdraw(session: AsyncSession, node: Node, connection: Connection, invitation: Invitation) -> None:
    """Whoever had claimed it gave it up again; the draft is back with its owner, who may invite anew."""
    if invitation.state in {InvitationState.CLAIMED, InvitationState.CONFIRMED}:
        problem = InvitationUnusable(
            "The partner accepted it and withdrew.", reason="withdrawn", fix=INVITE_ANEW
        )
        await end_invitation(
            session, node, connection, invitation, by=InvitationEvent.REJECT, problem=problem
        )


async def activate(session: AsyncSession, node: Node, connection: Connection, invitation: Invitation) -> None:
    """I9: the commit. Both sides are active from here on; an active one is never judged by its age."""
    if invitation.state is InvitationState.ACTIVE:
        return
    if await expire_if_due(session, node, connection, invitation) or invitation.state in UNUSABLE:
        raise Gone("The invitation is over.")
    if invitation.state is not InvitationState.CONFIRMED:
        raise InvalidRequest("An admin of the inviter has not confirmed the claim yet.")
    claimant = invitation.claimant or {}
    await advance(session, invitation, InvitationEvent.ACTIVATE)
    peer = {name: claimant[name] for name in ("issuer", "client_id", "jwks")}
    await make_active(session, connection, node.clock.now(), peer=peer)
