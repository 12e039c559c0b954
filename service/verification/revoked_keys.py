"""What ends with a revoked key of ours: attempts whose other side has only seen that one."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.pending import end_attempt, lock
from service.connections.states import ConnectionState
from service.node import Node
from service.problems.tree import VerificationCancelled
from service.verification.session.models import VerificationSession
from service.verification.session.states import UNDER_WAY, VerificationEvent


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
            await end_attempt(
                session, node, connection, attempt, by=VerificationEvent.CANCEL, problem=problem
            )
