"""What this node knows of one connection with one client: as its responder, its initiator, or by an invitation."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.authorization.requests.models import AuthorizationRequest, find_locked
from service.authorization.requests.states import AuthorizationState
from service.connections.models import Connection
from service.connections.pending import lock
from service.connections.states import ESTABLISHED, CloseReason, ConnectionState
from service.database.rows import get_for_update
from service.invitations.invitation.models import Direction, Invitation
from service.invitations.invitation.states import UNUSABLE, InvitationState
from service.lifecycle.other_side import replace_keys
from service.lifecycle.status import own_changed_at
from service.protocol.messages import CLIENT_DOCUMENT_PATH, ConnectionStatus
from service.verification.session.models import VerificationSession
from service.verification.session.states import OPEN
from service.words import Role

_A, _C = AuthorizationState, ConnectionState
OVER = frozenset({_A.DENIED, _A.EXPIRED, _A.CLOSED})


@dataclass(frozen=True, slots=True)
class Agreement:
    """The rows about one shared id, and the stored keys of the client.

    Who decides has a record of it: a responder the request, an inviter the invitation.
    """

    jwks: list[dict[str, str]]
    scope: list[str]
    record: AuthorizationRequest | None
    connection: Connection | None
    invitation: Invitation | None = None

    @property
    def may_learn_keys(self) -> bool:
        """False during an attempt: a handshake ends with the keys with which it began (ADR 0026).

        An invitation may be finished two weeks after its claim, so a host that was verified may change its keys.
        """
        if self.is_renewal:
            return False
        if self.invitation is not None and (self.invitation.claimant or {}).get("issuer") is not None:
            return True
        return self.is_over or (self.connection is not None and self.connection.peer is not None)

    @property
    def is_renewal(self) -> bool:
        """True for an attempt to verify an active connection anew; it ends without the connection."""
        return self.record is not None and self.record.reconnects is not None

    @property
    def is_over(self) -> bool:
        """True where this side ended it, whatever the other side knows."""
        if self.connection is not None and self.connection.state is _C.CLOSED:
            return True
        if self.invitation is not None and self.invitation.state in UNUSABLE:
            return True
        return self.record is not None and self.record.state in OVER


async def find_agreement(
    session: AsyncSession, instance_id: str, client_id: str, shared_id: str
) -> Agreement | None:
    """Return what is known, locked (the record first, then its connection), or None for a stranger."""
    record = await find_locked(session, instance_id, client_id, shared_id)
    if record is None:
        return await _find_invited(session, instance_id, client_id, shared_id) or await _find_initiated(
            session, instance_id, client_id, shared_id
        )
    connection = None
    if record.connection_id is not None:
        connection = await get_for_update(session, Connection, record.connection_id)
    if record.reconnects is not None:
        return Agreement(record.client["jwks"], [], record, connection)
    agreed = connection.peer if connection is not None else None
    return Agreement((agreed or record.client)["jwks"], record.scope, record, connection)


def learn_keys(
    session: AsyncSession, agreement: Agreement, jwks: list[dict[str, str]], now: datetime
) -> None:
    """The client's keys are exactly these from now on; they were read at the address that was agreed on."""
    if agreement.connection is not None and agreement.connection.peer is not None:
        replace_keys(session, agreement.connection, jwks, now)
    elif agreement.invitation is not None and (agreement.invitation.claimant or {}).get("issuer"):
        agreement.invitation.claimant = {**(agreement.invitation.claimant or {}), "jwks": jwks}
    elif agreement.record is not None:
        agreement.record.client = {**agreement.record.client, "jwks": jwks}


async def _find_invited(
    session: AsyncSession, instance_id: str, client_id: str, shared_id: str
) -> Agreement | None:
    """Return what an invitation led to: one of ours that this client claimed, or one of this client's own."""
    statement = select(Invitation).where(
        Invitation.instance_id == instance_id, Invitation.shared_id == shared_id
    )
    for found in (await session.exec(statement)).all():
        sent = found.direction is Direction.SENT
        inviter = {
            "client_id": found.inviter_issuer + CLIENT_DOCUMENT_PATH,
            "jwks": (found.peer or {"jwks": []})["jwks"],
        }
        peer = found.claimant if sent else inviter
        if peer is not None and peer["client_id"] == client_id:
            connection, invitation = await lock(session, Invitation, found.id)
            if connection.invitation_id != found.id:
                # What came after it is between other parties: whoever claimed this one has no part in that.
                return Agreement(peer["jwks"], invitation.scope, None, None, invitation)
            jwks = (connection.peer or peer)["jwks"]
            return Agreement(jwks, invitation.scope, None, connection, invitation if sent else None)
    return None


async def _find_initiated(
    session: AsyncSession, instance_id: str, client_id: str, shared_id: str
) -> Agreement | None:
    """Return the connection that we initiated, with the keys that our own look at the other side brought."""
    initiated = select(Connection).where(
        Connection.instance_id == instance_id,
        Connection.shared_id == shared_id,
        Connection.role == Role.INITIATOR,
    )
    locked = initiated.with_for_update().execution_options(populate_existing=True)
    connection = (await session.exec(locked)).one_or_none()
    if connection is None:
        return None
    if connection.peer is not None:
        known = connection.peer["client_id"] == client_id
        return Agreement(connection.peer["jwks"], connection.scope, None, connection) if known else None
    statement = select(VerificationSession).where(
        VerificationSession.instance_id == instance_id,
        VerificationSession.shared_id == shared_id,
        col(VerificationSession.state).in_(OPEN),
    )
    attempt = (await session.exec(statement)).one_or_none()
    if attempt is None or attempt.peer_issuer + CLIENT_DOCUMENT_PATH != client_id:
        return None
    return Agreement(attempt.peer["jwks"], connection.scope, None, connection)


def status_of(agreement: Agreement, shared_id: str) -> ConnectionStatus | None:
    """Return what the other side is told, None where there is nothing to tell before a decision.

    An attempt to verify a connection anew is told apart from it; one that was accepted and is over says why.
    """
    record, connection = agreement.record, agreement.connection
    tell = partial(ConnectionStatus, shared_id=shared_id)
    attestation = record.attestation if record is not None else None
    if agreement.is_over:
        return tell(state="closed", reason=_why_over(agreement))
    if connection is not None and connection.state in ESTABLISHED and not agreement.is_renewal:
        return tell(
            state="active" if connection.state is _C.ACTIVE else "deactivated",
            activated_at=connection.activated_at,
            connection_attestation=attestation,
            mode=connection.mode,
            changed_at=own_changed_at(connection),
            known_changed_at=connection.destination_changed_at,
        )
    if agreement.invitation is not None:
        claimed = agreement.invitation.state is InvitationState.CLAIMED
        return tell(state="claimed" if claimed else "confirmed")
    decided = record.state if record is not None else None
    if decided is _A.REQUESTED:
        return None
    state: Literal["consented", "redeemed", "active"] = "consented" if decided is _A.CONSENTED else "redeemed"
    if agreement.is_renewal and decided is _A.ACTIVE:
        state = "active"
    return tell(state=state, connection_attestation=attestation)


def _why_over(agreement: Agreement) -> str | None:
    record, connection = agreement.record, agreement.connection
    if record is None or not agreement.is_renewal:
        return connection.reason.value if connection is not None and connection.reason else None
    ended = CloseReason.ATTEMPT_EXPIRED if record.state is _A.EXPIRED else CloseReason.ATTEMPT_ENDED
    return ended.value if record.connection_id is not None else None
