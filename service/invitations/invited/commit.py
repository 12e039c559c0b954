"""The inviter has committed: its outcome is copied, and the connection is active on both sides."""

from datetime import datetime

from service.connections.pending import lock
from service.connections.states import ConnectionState
from service.database.rows import advance
from service.database.sessions import transaction
from service.invitations.invitation.models import Invitation
from service.invitations.invitation.states import InvitationEvent, InvitationState
from service.lifecycle.activating import make_active
from service.lifecycle.moving import announce_late
from service.node import Node
from service.protocol.messages import CLIENT_DOCUMENT_PATH


async def copy_active(node: Node, invitation_id: str, state: str, changed_at: datetime | None) -> None:
    """The connection is active here as it is at the inviter; `state` and `changed_at` are what that one says."""
    now = node.clock.now()
    async with transaction(node.database) as session:
        connection, invitation = await lock(session, Invitation, invitation_id)
        if connection.state is not ConnectionState.PENDING:
            return
        if invitation.state is InvitationState.CLAIMED:
            await advance(session, invitation, InvitationEvent.CONFIRM)
        await advance(session, invitation, InvitationEvent.ACTIVATE, secret_sealed=None)
        await make_active(
            session,
            connection,
            now,
            destination_state=state,
            destination_changed_at=changed_at,
            peer=peer_record(invitation),
        )
        await announce_late(session, node, connection, invitation.client_id)


def peer_record(invitation: Invitation) -> dict[str, object]:
    """Return what stays of the inviter: who it is, its keys, and as whom it knows us."""
    issuer = invitation.inviter_issuer
    return {
        "issuer": issuer,
        "client_id": issuer + CLIENT_DOCUMENT_PATH,
        "jwks": (invitation.peer or {})["jwks"],
        "registered_as": invitation.client_id,
    }
