"""What a connection waits for: a verification session or an invitation, found, locked and ended in one way.

Both are pending in the same sense: they belong to a connection, end by themselves when their time is over (a job sees
to that), and however they end, the draft is back with its owner, who reads why. Whoever has heard of them is told.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import bindparam
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from service.connections.models import Connection
from service.connections.states import ConnectionEvent, ConnectionState
from service.connections.telling import Telling, tell_peer
from service.database.rows import advance, get_for_update
from service.database.sessions import transaction
from service.invitations.invitation.models import Invitation
from service.invitations.invitation.reasons import INVITE_ANEW
from service.invitations.invitation.states import WAITING, InvitationEvent, InvitationState
from service.jobs.models import Job
from service.node import Node
from service.problems.tree import InvitationUnusable, NotFound, Problem, VerificationExpired, as_error
from service.values.texts import is_storable
from service.verification.session.models import VerificationSession
from service.verification.session.operations import LIFE
from service.verification.session.states import BEFORE_CALLBACK, OPEN, VerificationEvent, VerificationState
from service.words import DestinationType

EXPIRE_SESSION_JOB = "expire_verification_session"
EXPIRE_INVITATION_JOB = "expire_invitation"
Pending = TypeVar("Pending", VerificationSession, Invitation)


async def current_attempt(session: AsyncSession, connection: Connection) -> VerificationSession | None:
    """Return the newest attempt of the connection, open or over."""
    if connection.verification_session_id is None:
        return None
    return await session.get(VerificationSession, connection.verification_session_id, populate_existing=True)


async def present(session: AsyncSession, connection: Connection) -> VerificationSession | Invitation | None:
    """Return what the connection gets its access by, as far as it has come: the newest attempt or invitation."""
    if connection.invitation_id is not None:
        attempt = await current_attempt(session, connection)
        if attempt is not None and attempt.is_renewal:
            return attempt
        return await session.get(Invitation, connection.invitation_id, populate_existing=True)
    return await current_attempt(session, connection)


async def lock(session: AsyncSession, kind: type[Pending], pending_id: str) -> tuple[Connection, Pending]:
    """Return the connection and what it waits for, locked in this order everywhere: two never wait for each other."""
    if not is_storable(pending_id):
        raise NotFound("There is no such id.")
    connection = (await session.exec(_connection_of(kind), params={"pending_id": pending_id})).one_or_none()
    if connection is None:
        raise NotFound("There is no {id}.", id=pending_id)
    return connection, await get_for_update(session, kind, pending_id)


@cache
def _connection_of(kind: type[Any]) -> SelectOfScalar[Connection]:
    its_own = select(kind.connection_id).where(kind.id == bindparam("pending_id")).scalar_subquery()
    found = select(Connection).where(col(Connection.id) == its_own).with_for_update()
    return found.execution_options(populate_existing=True)


async def drop_present(session: AsyncSession, node: Node, connection: Connection) -> None:
    """An open attempt is cancelled and a waiting invitation revoked: something newer takes their place."""
    if connection.invitation_id is not None:
        _, invitation = await lock(session, Invitation, connection.invitation_id)
        if invitation.state in WAITING:
            await end_invitation(session, node, connection, invitation, InvitationEvent.REVOKE)
        return
    attempt = await current_attempt(session, connection)
    if attempt is not None and attempt.state in OPEN:
        await end_attempt(session, node, connection, attempt, VerificationEvent.CANCEL)


async def end_attempt(
    session: AsyncSession,
    node: Node,
    connection: Connection,
    attempt: VerificationSession,
    by: VerificationEvent,
    problem: Problem | None = None,
) -> None:
    """The attempt is over, the draft is back with its owner with the reason, and the other side will be told."""
    now = node.clock.now()
    error = as_error(problem, node.settings.public_url, now) if problem else None
    was_pushed = attempt.state is not VerificationState.CREATED
    if problem is not None:
        node.lately.forget(attempt.peer_issuer)  # the next attempt must not fail by what this one believed
    await advance(session, attempt, by, last_error=error, code_sealed=None, access_token_sealed=None)
    if connection.verification_session_id == attempt.id:
        await _give_back(session, connection, error, now)
    if was_pushed:
        telling = Telling(now, attempt.peer.get("registered_as"))
        peer, shared_id = attempt.peer_issuer, attempt.shared_id
        await tell_peer(session, connection.instance_id, peer, shared_id, now, telling)


async def end_invitation(
    session: AsyncSession,
    node: Node,
    connection: Connection,
    invitation: Invitation,
    by: InvitationEvent,
    problem: Problem | None = None,
    reason: str | None = None,
) -> None:
    """A sent invitation is over, and the draft is back with its owner with the reason; who may invite anew at once."""
    now = node.clock.now()
    error = as_error(problem, node.settings.public_url, now) if problem else None
    was_claimed = invitation.shared_id is not None
    await advance(session, invitation, by, last_error=error, reason=reason)
    if connection.invitation_id == invitation.id:
        if was_claimed:
            _forget_claimant(connection)
        await _give_back(session, connection, error, now)


async def _give_back(
    session: AsyncSession, connection: Connection, error: dict[str, Any] | None, now: datetime
) -> None:
    """The draft is its owner's again, who reads what went wrong; an active connection stays as it is."""
    connection.last_error = error
    connection.touch(now)
    if connection.state is ConnectionState.PENDING:
        await advance(session, connection, ConnectionEvent.RETURN_TO_DRAFT, expires_at=None)


def _forget_claimant(connection: Connection) -> None:
    """A private destination is unknown again; a public one is what the admin entered."""
    connection.shared_id = None
    connection.destination_state = None
    if connection.type is DestinationType.PRIVATE:
        connection.destination_url = None
        connection.destination_node_url = None
        connection.destination_platform = None


async def expire_if_due(
    session: AsyncSession, node: Node, connection: Connection, pending: VerificationSession | Invitation
) -> bool:
    """An attempt whose browser did not come back in time, or a sent invitation that nobody finished, has expired.

    Say whether it has. An attempt that came back is the handshake's to finish.
    """
    is_over = is_due(node, pending)
    if isinstance(pending, Invitation):
        if is_over:
            problem: Problem = InvitationUnusable(
                "Nobody finished it before it expired.", reason="expired", fix=INVITE_ANEW
            )
            await end_invitation(session, node, connection, pending, InvitationEvent.EXPIRE, problem)
        return pending.state is InvitationState.EXPIRED
    if is_over:
        minutes = int(LIFE.total_seconds()) // 60
        problem = VerificationExpired(f"Nobody finished the verification within {minutes} minutes.")
        await end_attempt(session, node, connection, pending, VerificationEvent.EXPIRE, problem)
    return pending.state is VerificationState.EXPIRED


def is_waiting(pending: VerificationSession | Invitation) -> bool:
    """True while it would end by itself once its time is over."""
    return pending.state in (WAITING if isinstance(pending, Invitation) else BEFORE_CALLBACK)


def is_due(node: Node, pending: VerificationSession | Invitation) -> bool:
    """True for what waits although its time is over: it expires as soon as somebody looks."""
    return is_waiting(pending) and node.clock.now() >= pending.expires_at


async def expire(node: Node, job: Job) -> timedelta | None:
    """What nobody finished in time has expired; return when to look again where its time is not over yet."""
    async with transaction(node.database) as session:
        try:
            connection, pending = await lock(session, _KINDS[job.kind], job.subject)
        except NotFound:
            return None
        await expire_if_due(session, node, connection, pending)
    return pending.expires_at - node.clock.now() if is_waiting(pending) else None


_KINDS: Mapping[str, Any] = {
    EXPIRE_SESSION_JOB: VerificationSession,
    EXPIRE_INVITATION_JOB: Invitation,
}
HANDLERS = dict.fromkeys(_KINDS, expire)
