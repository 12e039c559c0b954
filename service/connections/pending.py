"""A connection and its present attempt move together: open, start, come back, cancel, expire, fail."""

from datetime import datetime, timedelta

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.pending_invitations import end_sent, lock_invitation
from service.connections.setup import Step, require_step
from service.connections.states import ESTABLISHED, ConnectionEvent, ConnectionState
from service.connections.view import set_up_of
from service.database.database import advance, find, get_for_update
from service.events.operations import record
from service.http.problem_handlers import as_error
from service.invitations.invitation.models import Invitation
from service.invitations.invitation.states import WAITING, InvitationEvent
from service.jobs.operations import enqueue
from service.lifecycle import ending
from service.node import Node
from service.problems.tree import Problem, VerificationExpired
from service.values.state_machine import IllegalTransition
from service.verification.session.models import VerificationSession
from service.verification.session.states import (
    BEFORE_CALLBACK,
    MACHINE,
    OPEN,
    VerificationEvent,
    VerificationState,
)

EXPIRE_JOB = "expire_verification_session"
COMPLETE_JOB = "complete_verification"
KEEP_ENDED = timedelta(days=30)


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


async def lock(session: AsyncSession, attempt_id: str) -> tuple[Connection, VerificationSession]:
    """Return the connection and the attempt, locked in this order everywhere, so that two never wait for each other."""
    found = await find(session, VerificationSession, attempt_id)
    if found is None:
        found = await get_for_update(session, VerificationSession, attempt_id)
    connection = await get_for_update(session, Connection, found.connection_id)
    return connection, await get_for_update(session, VerificationSession, attempt_id)


async def drop_present(session: AsyncSession, node: Node, connection: Connection) -> None:
    """An open attempt is cancelled and a waiting invitation revoked: something newer takes their place."""
    if connection.invitation_id is not None:
        _, invitation = await lock_invitation(session, connection.invitation_id)
        if invitation.state in WAITING:
            await end_sent(session, node, connection, invitation, by=InvitationEvent.REVOKE)
        return
    attempt = await current_attempt(session, connection)
    if attempt is not None and attempt.state in OPEN:
        await end_badly(session, node, connection, attempt, by=VerificationEvent.CANCEL, problem=None)


async def open_attempt(
    session: AsyncSession, node: Node, connection: Connection, attempt: VerificationSession
) -> VerificationSession:
    """The attempt is the connection's present one and ends by itself; an older open one is cancelled."""
    now = node.clock.now()
    require_step(set_up_of(connection, await present(session, connection)), Step.ACCESS)
    await drop_present(session, node, connection)
    session.add(attempt)
    connection.verification_session_id = attempt.id
    connection.invitation_id = None
    connection.shared_id = attempt.shared_id
    connection.scope = attempt.requested_scope
    connection.last_error = None
    await begin(session, connection, attempt, now)
    return attempt


async def begin(
    session: AsyncSession, connection: Connection, attempt: VerificationSession, now: datetime
) -> None:
    """The attempt stands in the connection's history, and ends by itself when its time is over."""
    connection.touch(now)
    detail = {"verification_session": attempt.id, "purpose": attempt.purpose, "mode": attempt.mode}
    record(session, connection.id, "verification_session.create", now, detail=detail)
    await enqueue(session, EXPIRE_JOB, attempt.id, run_at=attempt.expires_at, now=now)


async def forget_ended(session: AsyncSession, now: datetime) -> None:
    """Attempts that ended long ago are gone, but for the one that their connection shows."""
    shown = select(Connection.id).where(
        col(Connection.verification_session_id) == col(VerificationSession.id)
    )
    await session.exec(
        delete(VerificationSession).where(
            col(VerificationSession.state).in_(MACHINE.terminal()),
            col(VerificationSession.created_at) < now - KEEP_ENDED,
            ~shown.exists(),
        )
    )


async def set_off(
    session: AsyncSession, connection: Connection, attempt: VerificationSession, now: datetime
) -> None:
    """The connection waits for the other side, until the attempt expires at the latest."""
    if connection.state is ConnectionState.DRAFT:
        changes = {"expires_at": attempt.expires_at, "updated_at": now}
        await advance(session, connection, ConnectionEvent.START, **changes)


async def receive_code(
    session: AsyncSession, node: Node, connection: Connection, attempt: VerificationSession, code_sealed: str
) -> None:
    """The code is stored before anything is done with it; a job redeems it."""
    now = node.clock.now()
    await advance(session, attempt, VerificationEvent.RECEIVE_CODE, code_sealed=code_sealed)
    connection.touch(now)
    await enqueue(session, COMPLETE_JOB, attempt.id, run_at=now, now=now)


async def end_badly(
    session: AsyncSession,
    node: Node,
    connection: Connection,
    attempt: VerificationSession,
    *,
    by: VerificationEvent,
    problem: Problem | None,
) -> None:
    """The attempt is over, the draft is back with its owner with the reason, and the other side will be told."""
    now = node.clock.now()
    error = as_error(problem, node.settings.public_url, now) if problem else None
    was_pushed = attempt.state is not VerificationState.CREATED
    await advance(session, attempt, by, last_error=error, code_sealed=None, access_token_sealed=None)
    if connection.verification_session_id == attempt.id:
        connection.last_error = error
        connection.touch(now)
        if connection.state is ConnectionState.PENDING:
            await advance(session, connection, ConnectionEvent.RETURN_TO_DRAFT, expires_at=None)
    if was_pushed:
        telling = ending.Telling(now, attempt.peer.get("registered_as"))
        peer, shared_id = attempt.peer_issuer, attempt.shared_id
        await ending.tell_peer(session, connection.instance_id, peer, shared_id, now, telling)


async def cancel(
    session: AsyncSession, node: Node, connection: Connection, attempt: VerificationSession
) -> VerificationSession:
    """The attempt is cancelled and its connection as it was; repeating it changes nothing.

    What the other side may have committed already cannot be taken back: that attempt ends by itself.
    """
    is_verified = attempt.state is VerificationState.VERIFIED
    is_final = connection.state in ESTABLISHED and (is_verified or not attempt.is_renewal)
    if is_final or (is_verified and connection.state is ConnectionState.CLOSED):
        allowed = frozenset[VerificationEvent]()
        raise IllegalTransition(attempt.state, VerificationEvent.CANCEL, allowed)
    if attempt.state is not VerificationState.CANCELLED:
        await end_badly(session, node, connection, attempt, by=VerificationEvent.CANCEL, problem=None)
    return attempt


async def expire_if_due(
    session: AsyncSession, node: Node, connection: Connection, attempt: VerificationSession
) -> bool:
    """An attempt whose time is over before the browser came back has expired; say whether it has."""
    if attempt.state in BEFORE_CALLBACK and node.clock.now() >= attempt.expires_at:
        problem = VerificationExpired("Nobody finished the verification within 15 minutes.")
        await end_badly(session, node, connection, attempt, by=VerificationEvent.EXPIRE, problem=problem)
    return attempt.state is VerificationState.EXPIRED
