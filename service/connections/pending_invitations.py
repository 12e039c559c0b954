"""However an invitation ends, its connection is told: the draft is back with its owner, or closed with it."""

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.states import ConnectionEvent, ConnectionState
from service.database.database import advance, find, get_for_update
from service.http.problem_handlers import as_error
from service.invitations.invitation.models import Direction, Invitation
from service.invitations.invitation.reasons import INVITE_ANEW
from service.invitations.invitation.states import WAITING, InvitationEvent, InvitationState
from service.node import Node
from service.problems.tree import InvitationUnusable, NotFound, Problem
from service.words import DestinationType


async def lock_invitation(session: AsyncSession, invitation_id: str) -> tuple[Connection, Invitation]:
    """Return the connection and the invitation, locked in this order everywhere; raises NotFound."""
    found = await find(session, Invitation, invitation_id)
    if found is None or found.connection_id is None:
        raise NotFound("There is no invitation {id}.", id=invitation_id)
    connection = await get_for_update(session, Connection, found.connection_id)
    return connection, await get_for_update(session, Invitation, invitation_id)


async def end_sent(
    session: AsyncSession,
    node: Node,
    connection: Connection,
    invitation: Invitation,
    *,
    by: InvitationEvent,
    problem: Problem | None = None,
    reason: str | None = None,
) -> None:
    """The invitation is over, and the draft is back with its owner with the reason; re-inviting is possible at once."""
    now = node.clock.now()
    record = as_error(problem, node.settings.public_url, now) if problem else None
    was_claimed = invitation.shared_id is not None
    await advance(session, invitation, by, last_error=record, reason=reason)
    if connection.invitation_id != invitation.id:
        return
    connection.last_error = record
    if was_claimed:
        forget_claimant(connection)
    connection.touch(now)
    if connection.state is ConnectionState.PENDING:
        await advance(session, connection, ConnectionEvent.RETURN_TO_DRAFT, expires_at=None)


def forget_claimant(connection: Connection) -> None:
    """A private destination is unknown again; a public one is what the admin entered."""
    connection.shared_id = None
    connection.destination_state = None
    if connection.type is DestinationType.PRIVATE:
        connection.destination_url = None
        connection.destination_node_url = None
        connection.destination_platform = None


async def expire_if_due(
    session: AsyncSession, node: Node, connection: Connection, invitation: Invitation
) -> bool:
    """A sent invitation whose time is over has expired; say whether it has."""
    if invitation.state in WAITING and node.clock.now() >= invitation.expires_at:
        problem = InvitationUnusable(
            "Nobody finished it before it expired.", reason="expired", fix=INVITE_ANEW
        )
        await end_sent(session, node, connection, invitation, by=InvitationEvent.EXPIRE, problem=problem)
    return invitation.state is InvitationState.EXPIRED


async def settle(session: AsyncSession, connection: Connection) -> Invitation | None:
    """The invitation of a connection that has closed is over with it; return it as it was carried on last."""
    if connection.invitation_id is None:
        return None
    invitation = await get_for_update(session, Invitation, connection.invitation_id)
    if invitation.state in WAITING:
        sent = invitation.direction is Direction.SENT
        by = InvitationEvent.REVOKE if sent else InvitationEvent.REJECT
        await advance(session, invitation, by, secret_sealed=None)
    return invitation
