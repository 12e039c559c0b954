"""What is of no use any more is removed within minutes, and what strangers can fill stays small."""

from datetime import datetime, timedelta

from sqlmodel import col, delete, or_
from sqlmodel.ext.asyncio.session import AsyncSession

from service.access import guesses, sign_in
from service.access.room import keep_last
from service.authorization.clients.documents import CACHED_FOR, MOST_DOCUMENTS
from service.authorization.requests.models import AuthorizationRequest
from service.authorization.requests.states import AuthorizationState
from service.authorization.requests.timers import EXPIRE_JOB
from service.channel.inbox import forget_untaken
from service.database.sessions import transaction
from service.events.operations import forget_refusals
from service.jobs.models import Job
from service.jobs.operations import enqueue
from service.jobs.worker import KEEP_DONE
from service.node import Node
from service.protocol import replay
from service.protocol.replay import CachedDocument
from service.retries.once import forget_answers
from service.verification.attempts import forget_ended

SWEEP_JOB = "sweep_authorization"
SWEEP_EVERY = timedelta(minutes=10)
KEEP_ENDED = timedelta(hours=1)
# They never led to a connection, so nobody will ask for them again.
ENDED = (AuthorizationState.DENIED, AuthorizationState.EXPIRED, AuthorizationState.CLOSED)


async def schedule_sweep(session: AsyncSession, now: datetime) -> None:
    """Old records are swept from now on; call it when the node starts."""
    await enqueue(session, SWEEP_JOB, "all", run_at=now, now=now)


async def sweep(node: Node, _job: Job) -> timedelta:
    """What nobody will ask for again is gone; docs/tables.md lists every table."""
    now = node.clock.now()
    async with transaction(node.database) as session:
        await session.exec(
            delete(AuthorizationRequest).where(
                col(AuthorizationRequest.state).in_(ENDED),
                or_(
                    col(AuthorizationRequest.connection_id).is_(None),
                    col(AuthorizationRequest.reconnects).is_not(None),
                ),
                col(AuthorizationRequest.expires_at) < now - KEEP_ENDED,
            )
        )
        await session.exec(delete(CachedDocument).where(col(CachedDocument.fetched_at) < now - CACHED_FOR))
        await keep_last(session, CachedDocument, col(CachedDocument.fetched_at), MOST_DOCUMENTS)
        await replay.forget_expired(session, now)
    async with transaction(node.database) as session:
        await _forget_done_jobs(session, now)
        await sign_in.forget_expired(session, now)
        await guesses.forget_over(session, now)
        await forget_refusals(session, now)
        await forget_ended(session, now)
        await forget_answers(session, now)
        await forget_untaken(session, now)
    return SWEEP_EVERY


async def _forget_done_jobs(session: AsyncSession, now: datetime) -> None:
    """Done jobs tell what went on for some days, but for those that any client can cause."""
    await session.exec(delete(Job).where(col(Job.done_at) < now - KEEP_DONE))
    caused_by_strangers = (col(Job.kind) == EXPIRE_JOB, col(Job.done_at) < now - KEEP_ENDED)
    await session.exec(delete(Job).where(*caused_by_strangers))


HANDLERS = {SWEEP_JOB: sweep}
