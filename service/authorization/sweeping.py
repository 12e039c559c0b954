"""What is of no use any more is removed within the hour."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import col, delete
from sqlmodel.ext.asyncio.session import AsyncSession

from service.authorization.client_documents import CACHED_FOR
from service.authorization.models import AuthorizationRequest
from service.authorization.states import AuthorizationState
from service.database import transaction
from service.jobs.models import Job
from service.jobs.operations import enqueue
from service.jobs.worker import KEEP_DONE, Handler
from service.node import Node
from service.protocol import replay
from service.protocol.models import CachedDocument

SWEEP_JOB = "sweep_authorization"
SWEEP_EVERY = timedelta(hours=1)
KEEP_ENDED = timedelta(hours=1)
# They never led to a connection, so nobody will ask for them again.
ENDED = (AuthorizationState.DENIED, AuthorizationState.EXPIRED, AuthorizationState.CLOSED)


async def schedule_sweep(session: AsyncSession, now: datetime) -> None:
    """Old records are swept from now on; call it when the node starts."""
    await enqueue(session, SWEEP_JOB, "all", run_at=now, now=now)


async def sweep(node: Node, _job: Job) -> timedelta:
    """What is of no use any more is gone: ended requests, used JWT ids, cached documents, done jobs."""
    now = node.clock.now()
    async with transaction(node.database) as session:
        await session.exec(
            delete(AuthorizationRequest).where(
                col(AuthorizationRequest.state).in_(ENDED),
                col(AuthorizationRequest.connection_id).is_(None),
                col(AuthorizationRequest.expires_at) < now - KEEP_ENDED,
            )
        )
        await session.exec(delete(CachedDocument).where(col(CachedDocument.fetched_at) < now - CACHED_FOR))
        await session.exec(delete(Job).where(col(Job.done_at) < now - KEEP_DONE))
        await replay.forget_expired(session, now)
    return SWEEP_EVERY


HANDLERS: Mapping[str, Handler] = {SWEEP_JOB: sweep}
