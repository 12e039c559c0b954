"""Where the browser does not come back, this node asks how the decision stands, and ends what has ended there."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.peers import caller_of, peer_of
from service.connections.pending import end_attempt, lock
from service.database.rows import find
from service.database.sessions import reading, transaction
from service.jobs.models import Job
from service.jobs.operations import enqueue
from service.node import Node
from service.problems.tree import VerificationExpired
from service.protocol.client import PeerRefused, PeerUnavailable, connection_token, status
from service.protocol.messages import ConnectionStatus
from service.verification.session.models import VerificationSession
from service.verification.session.states import VerificationEvent, VerificationState

WATCH_JOB = "watch_decision"
FIRST_LOOK = timedelta(minutes=2)
EVERY = timedelta(minutes=1)


async def schedule(session: AsyncSession, attempt: VerificationSession, now: datetime) -> None:
    """The other side is asked how the decision stands, when the browser should long be back."""
    await enqueue(session, WATCH_JOB, attempt.id, run_at=now + FIRST_LOOK, now=now)


async def watch(node: Node, job: Job) -> timedelta | None:
    """An attempt that was accepted there and has ended there is over here too; else it is looked at again.

    A request that nobody decided on may still be pushed anew, so only what was accepted counts.
    """
    async with reading(node.database) as session:
        attempt = await find(session, VerificationSession, job.subject)
    if attempt is None or attempt.state is not VerificationState.AWAITING_DECISION:
        return None
    shown = await _ask(node, attempt)
    if shown is None or shown.state != "closed" or shown.reason is None:
        return EVERY
    upstream = {"reason": shown.reason, "host": attempt.peer_issuer}
    problem = VerificationExpired(
        "It was accepted there, but the browser did not come back here.", upstream=upstream
    )
    async with transaction(node.database) as session:
        connection, attempt = await lock(session, VerificationSession, attempt.id)
        if attempt.state is VerificationState.AWAITING_DECISION:
            await end_attempt(session, node, connection, attempt, VerificationEvent.FAIL, problem)
    return None


async def _ask(node: Node, attempt: VerificationSession) -> ConnectionStatus | None:
    """Return what the other side says of the attempt, None where it says nothing."""
    caller, peer = await caller_of(node, attempt.instance_id), peer_of(attempt.peer)
    try:
        token = await connection_token(caller, peer, attempt.shared_id)
        return await status(caller, peer, attempt.shared_id, token.access_token)
    except (PeerUnavailable, PeerRefused):
        return None


HANDLERS = {WATCH_JOB: watch}
