"""The inviter's side, as its partner's node meets it: ask, claim, reject, withdraw, activate (I3, I5, I8, I9).

Precise reasons are for whoever has the true secret. Everybody else hears one and the same sentence.
"""

from dataclasses import asdict, dataclass

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.pending import end_invitation, expire_if_due, lock
from service.connections.states import ConnectionState
from service.database.rows import advance
from service.database.sessions import transaction
from service.invitations.invitation.models import Invitation
from service.invitations.invitation.reasons import INVITE_ANEW
from service.invitations.invitation.states import UNUSABLE, InvitationEvent, InvitationState
from service.lifecycle.activation import make_active
from service.node import Node
from service.problems.tree import InvitationUnusable
from service.protocol.errors import (
    Gone,
    InitialTokenRefused,
    InvalidClientMetadata,
    InvalidRequest,
    InvitationOver,
)
from service.trust.tokens import comparison_code
from service.words import DestinationType

TAKEN = "Another key has claimed this invitation."


@dataclass(frozen=True, slots=True)
class Claimant:
    """A node that proved a key. `issuer` is set where that key is published there; all else are its words."""

    issuer: str | None
    client_id: str
    thumbprint: str
    jwks: list[dict[str, str]]
    name: str
    platform: str
    url: str


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
        claimant=asdict(claimant),
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


def show_claimant(connection: Connection, claimant: Claimant, shared_id: str) -> None:
    """The destination is not unknown any more: this is who says to be there."""
    connection.shared_id = shared_id
    connection.destination_state = ConnectionState.PENDING.value
    if connection.type is DestinationType.PRIVATE:
        connection.destination_url = claimant.url
        connection.destination_node_url = claimant.issuer
        connection.destination_platform = claimant.platform


async def reject(node: Node, invitation: Invitation, reason: str) -> None:
    """The partner does not want it, and the inviter reads why; repeating it changes nothing."""
    async with transaction(node.database) as session:
        connection, locked = await lock(session, Invitation, invitation.id)
        await expire_if_due(session, node, connection, locked)
        if locked.state is InvitationState.REJECTED:
            return
        require_open(locked)
        said, words = "The partner rejected it: {words}", reason or "no reason"
        problem = InvitationUnusable(said, reason="rejected", words=words, fix=INVITE_ANEW)
        await end_invitation(
            session, node, connection, locked, InvitationEvent.REJECT, problem, reason or None
        )


async def withdraw(session: AsyncSession, node: Node, connection: Connection, invitation: Invitation) -> None:
    """Whoever had claimed it gave it up again; the draft is back with its owner, who may invite anew."""
    if invitation.state in {InvitationState.CLAIMED, InvitationState.CONFIRMED}:
        said = "The partner accepted it and withdrew."
        problem = InvitationUnusable(said, reason="withdrawn", fix=INVITE_ANEW)
        await end_invitation(session, node, connection, invitation, InvitationEvent.REJECT, problem)


async def activate(session: AsyncSession, node: Node, connection: Connection, invitation: Invitation) -> None:
    """The commit. Both sides are active from here on; an active one is never judged by its age (I9)."""
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
