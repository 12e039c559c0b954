"""What ends by itself on the responder's side: attempts that nobody carried on."""

from datetime import datetime, timedelta

from sqlmodel import col, delete
from sqlmodel.ext.asyncio.session import AsyncSession

from service.authorization.requests.models import AuthorizationRequest
from service.authorization.requests.states import AuthorizationEvent, AuthorizationState
from service.connections.models import Connection
from service.connections.states import CloseReason
from service.database.rows import advance, get_for_update
from service.database.sessions import transaction
from service.jobs.models import Job
from service.jobs.operations import enqueue
from service.node import Node
from service.problems.tree import NotFound
from service.verification.responder import end

EXPIRE_JOB = "expire_authorization"
TIMED = frozenset({AuthorizationState.REQUESTED, AuthorizationState.CONSENTED, AuthorizationState.REDEEMED})


async def watch(session: AsyncSession, request: AuthorizationRequest, now: datetime) -> None:
    """The attempt ends by itself when its time is over, also after a crash."""
    await enqueue(session, EXPIRE_JOB, request.id, run_at=request.expires_at, now=now)


async def unwatch(session: AsyncSession, request: AuthorizationRequest) -> None:
    """Nothing waits for the end of the attempt any more: it is removed."""
    await session.exec(
        delete(Job).where(
            col(Job.kind) == EXPIRE_JOB, col(Job.subject) == request.id, col(Job.done_at).is_(None)
        )
    )


async def expire_attempt(node: Node, job: Job) -> timedelta | None:
    """An attempt whose time is over has expired, and its connection with it; else it is looked at again."""
    now = node.clock.now()
    async with transaction(node.database) as session:
        try:
            request = await get_for_update(session, AuthorizationRequest, job.subject)
        except NotFound:
            return None
        if request.state not in TIMED:
            return None
        if request.expires_at > now:
            return request.expires_at - now
        await advance(session, request, AuthorizationEvent.EXPIRE, code_sealed=None)
        if request.connection_id is not None and request.reconnects is None:
            connection = await get_for_update(session, Connection, request.connection_id)
            await end(session, connection, CloseReason.ATTEMPT_EXPIRED, now)
    return None


HANDLERS = {EXPIRE_JOB: expire_attempt}
