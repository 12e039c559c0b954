"""Moves a connection and its present attempt together: opened, set off, come back, cancelled, forgotten at last."""

from datetime import datetime, timedelta

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.pending import EXPIRE_SESSION_JOB, drop_present, end_attempt, lock, present
from service.connections.setup import Step, require_step
from service.connections.states import ESTABLISHED, ConnectionEvent, ConnectionState
from service.connections.view import set_up_of
from service.database.rows import advance
from service.events.operations import record
from service.jobs.operations import enqueue
from service.node import Node
from service.problems.tree import VerificationCancelled
from service.values.state_machine import IllegalTransition
from service.verification.session.models import VerificationSession
from service.verification.session.states import MACHINE, UNDER_WAY, VerificationEvent, VerificationState

COMPLETE_JOB = "complete_verification"
KEEP_ENDED = timedelta(days=30)


async def open_attempt(
    session: AsyncSession, node: Node, connection: Connection, attempt: VerificationSession
) -> VerificationSession:
    """The attempt is the connection's present one and ends by itself; an older open one is cancelled."""
    now = node.clock.now()
    require_step(set_up_of(connection, await present(session, connection)), Step.ACCESS)
    await drop_present(session, node, connection)
    connection.invitation_id = None
    connection.shared_id = attempt.shared_id
    connection.scope = attempt.requested_scope
    connection.last_error = None
    await begin(session, connection, attempt, now)
    return attempt


async def begin(
    session: AsyncSession, connection: Connection, attempt: VerificationSession, now: datetime
) -> None:
    """The attempt is the connection's, stands in its history, and ends by itself when its time is over."""
    session.add(attempt)
    connection.verification_session_id = attempt.id
    connection.touch(now)
    detail = {"verification_session": attempt.id, "purpose": attempt.purpose, "mode": attempt.mode}
    record(session, connection.id, "verification_session.create", now, detail=detail)
    await enqueue(session, EXPIRE_SESSION_JOB, attempt.id, run_at=attempt.expires_at, now=now)


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
        await end_attempt(session, node, connection, attempt, VerificationEvent.CANCEL)
    return attempt


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


async def end_open_attempts(session: AsyncSession, node: Node, instance_id: str) -> None:
    """Every attempt that the other side has heard of is over with a clear reason, and its draft with its owner.

    A handshake keeps the keys it began with (ADR 0026), so none of them could be finished with the new one. An
    active connection stays: its other side learns the new key.
    """
    statement = (
        select(VerificationSession.id)
        .where(VerificationSession.instance_id == instance_id, col(VerificationSession.state).in_(UNDER_WAY))
        .order_by(VerificationSession.connection_id)
    )
    problem = VerificationCancelled(
        "The key of this instance was revoked meanwhile.",
        fix="Start a new verification session: it uses the new key.",
    )
    for attempt_id in (await session.exec(statement)).all():
        connection, attempt = await lock(session, VerificationSession, attempt_id)
        if attempt.state in UNDER_WAY and connection.state is ConnectionState.PENDING:
            await end_attempt(session, node, connection, attempt, VerificationEvent.CANCEL, problem)
