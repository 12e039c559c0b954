"""The peer activates, ends or asks for its connection; the activation is the commit (P9 to P11)."""

from datetime import datetime

from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from service.authorization.agreements import OVER, Agreement, find_agreement, status_of
from service.authorization.issuers import Issuer
from service.authorization.requests.deciding import node_url
from service.authorization.requests.models import AuthorizationRequest
from service.authorization.requests.states import AuthorizationEvent, AuthorizationState
from service.authorization.tokens.access import Caller, consume_proof
from service.channel.operations import has_messages
from service.connections.models import Connection
from service.connections.states import ESTABLISHED, CloseReason, ConnectionState
from service.database.rows import advance
from service.database.sessions import transaction
from service.invitations.inviter import claims as claimed
from service.invitations.inviter.claims import withdraw
from service.lifecycle.activation import make_active
from service.lifecycle.status import hear, note_heard, see
from service.node import Node
from service.protocol.errors import Gone, InvalidRequest, InvalidToken, ServerNotReady, UnknownConnection
from service.protocol.messages import ConnectionStatus, SideStatus
from service.trust.signatures import thumbprint
from service.verification.renewal import is_deciding, may_become, renew
from service.verification.responder import end
from service.words import Mode, Role


async def read_status(node: Node, issuer: Issuer, caller: Caller, now: datetime) -> ConnectionStatus:
    """Return how the connection stands here (P11); who asks was seen."""
    async with transaction(node.database) as session:
        agreement = await find_agreed(session, issuer, caller)
        if agreement.connection is not None and agreement.connection.state in ESTABLISHED:
            see(agreement.connection, now)
        elif agreement.connection is not None and agreement.connection.state is ConnectionState.CLOSED:
            note_heard(agreement.connection, now)
        status = status_of(agreement, caller.shared_id)
        if status is None:
            raise UnknownConnection("Nobody has decided on this attempt yet.")
        if agreement.connection is not None and await has_messages(session, agreement.connection):
            return status.model_copy(update={"messages_waiting": True})
        return status


async def take_status(
    node: Node, issuer: Issuer, caller: Caller, body: bytes, now: datetime
) -> ConnectionStatus:
    """The connection shows what its other side says of itself; return what this side says of itself."""
    try:
        told = SideStatus.model_validate_json(body)
    except ValidationError:
        raise InvalidRequest("Send state, active or deactivated, and changed_at.") from None
    async with transaction(node.database) as session:
        agreement = await find_agreed(session, issuer, caller)
        if agreement.is_over or agreement.is_renewal:
            raise Gone("The connection has ended, or this is an attempt.")
        if agreement.connection is None or agreement.connection.state not in ESTABLISHED:
            raise ServerNotReady("The connection is not active on this side yet.")
        hear(session, agreement.connection, told, now)
        return _status(agreement, caller.shared_id)


def _status(agreement: Agreement, shared_id: str) -> ConnectionStatus:
    status = status_of(agreement, shared_id)
    assert status is not None  # noqa: S101 - whatever has come as far as its code has a status
    return status


async def activate(node: Node, issuer: Issuer, caller: Caller, now: datetime) -> ConnectionStatus:
    """The connection is active on both sides from this commit on. Again, the answer is the same (P9)."""
    async with transaction(node.database) as session:
        agreement = await find_agreed(session, issuer, caller)
        record, connection = agreement.record, agreement.connection
        if agreement.invitation is not None:
            return await _activate_invited(session, node, agreement, caller)
        if record is None:
            raise InvalidRequest("This side initiated the connection; the other one decides.")
        if agreement.is_over:
            raise Gone("The connection, or its attempt, has ended.")
        if record.state in {AuthorizationState.REQUESTED, AuthorizationState.CONSENTED} or connection is None:
            raise InvalidRequest("The code of this attempt was not redeemed.")
        if record.state is AuthorizationState.REDEEMED:
            if record.expires_at <= now:
                raise Gone("The attempt was not activated within ten minutes.")
            activate_both = _commit_renewal if agreement.is_renewal else _commit
            await activate_both(session, record, connection, now)
        return _status(agreement, caller.shared_id)


async def _activate_invited(
    session: AsyncSession, node: Node, agreement: Agreement, caller: Caller
) -> ConnectionStatus:
    """The claim of an invitation becomes the active connection. Again, the answer is the same (I9)."""
    invitation, connection = agreement.invitation, agreement.connection
    if agreement.is_over or invitation is None or connection is None:
        raise Gone("The invitation, or its connection, has ended.")
    await claimed.activate(session, node, connection, invitation)
    return _status(agreement, caller.shared_id)


async def close(node: Node, issuer: Issuer, caller: Caller, now: datetime) -> None:
    """The connection, or its attempt, is over; repeating it changes nothing (P10)."""
    async with transaction(node.database) as session:
        agreement = await find_agreed(session, issuer, caller)
        record, connection = agreement.record, agreement.connection
        if record is not None and record.state not in OVER:
            await advance(session, record, AuthorizationEvent.CLOSE, code_sealed=None)
        if agreement.invitation is not None and connection is not None:
            await withdraw(session, node, connection, agreement.invitation)
        if connection is not None and not agreement.is_renewal and not _is_still_ours(connection):
            was_active = connection.state in ESTABLISHED
            reason = CloseReason.CLOSED_BY_PEER if was_active else CloseReason.ATTEMPT_ENDED
            await end(session, connection, reason, now)


async def find_agreed(session: AsyncSession, issuer: Issuer, caller: Caller) -> Agreement:
    """Return what is known of the connection, with the caller's proof used up; raises UnknownConnection."""
    await consume_proof(session, caller.proof)
    found = await find_agreement(session, issuer.instance.id, caller.client_id, caller.shared_id)
    if found is None:
        raise UnknownConnection("There is no connection of this client with this shared_id.")
    if caller.client_key not in {thumbprint(key) for key in found.jwks}:
        raise InvalidToken("The client has revoked the key with which it got this access token.")
    return found


async def _commit(
    session: AsyncSession, record: AuthorizationRequest, connection: Connection, now: datetime
) -> None:
    """Both rows are active, or neither."""
    await advance(session, record, AuthorizationEvent.ACTIVATE)
    peer = {
        "issuer": node_url(record.client_id),
        "client_id": record.client_id,
        "jwks": record.client["jwks"],
    }
    connection.verified_at, connection.verified_by = record.auth_time, record.admin_name
    await make_active(session, connection, now, peer=peer)


async def _commit_renewal(
    session: AsyncSession, record: AuthorizationRequest, connection: Connection, now: datetime
) -> None:
    """The active connection has its mode and the client's keys from this attempt, or the attempt is over."""
    mode = Mode(record.details["mode"])
    is_change = mode is not connection.mode
    if not may_become(connection, mode) or (is_change and await is_deciding(session, connection)):
        raise Gone("The mode was changed meanwhile, or is being changed from this side.")
    await advance(session, record, AuthorizationEvent.ACTIVATE)
    renew(session, connection, mode, record.client["jwks"], record.admin_name, now)


def _is_still_ours(connection: Connection) -> bool:
    """True for an attempt of ours: its own job asks the other side, and gives the draft back to its owner."""
    return connection.role is Role.INITIATOR and connection.state not in ESTABLISHED
