"""What ends by itself on the responder's side: attempts that nobody carried on, and old records."""

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, delete
from sqlmodel.ext.asyncio.session import AsyncSession

from service.authorization.client_documents import CACHED_FOR
from service.authorization.models import AuthorizationRequest
from service.authorization.states import AuthorizationEvent, AuthorizationState
from service.connections.models import Connection
from service.connections.responder import end
from service.connections.states import CloseReason
from service.database import advance, get_for_update, transaction
from service.jobs.models import Job
from service.jobs.operations import enqueue
from service.jobs.worker import KEEP_DONE, Handler
from service.node import Node
from service.problems import NotFound
from service.protocol import replay
from service.protocol.models import CachedDocument

EXPIRE_JOB = "expire_authorization"
SWEEP_JOB = "sweep_authorization"
SWEEP_EVERY = timedelta(hours=1)
KEEP_ENDED = timedelta(days=7)
TIMED = frozenset({AuthorizationState.REQUESTED, AuthorizationState.CONSENTED, AuthorizationState.REDEEMED})
# They never led to a connection, so nobody will ask for them again.
ENDED = (AuthorizationState.DENIED, AuthorizationState.EXPIRED, AuthorizationState.CLOSED)


async def watch(session: AsyncSession, request: AuthorizationRequest, now: datetime) -> None:
    """The attempt ends by itself when its time is over, also after a crash."""
    await enqueue(session, EXPIRE_JOB, request.id, run_at=request.expires_at, now=now)


async def schedule_sweep(session: AsyncSession, now: datetime) -> None:
    """Old records are swept from now on; call it when the node starts. A replica may have been faster."""
    with contextlib.suppress(IntegrityError):
        async with session.begin_nested():
            await enqueue(session, SWEEP_JOB, "all", run_at=now, now=now)


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
        if request.connection_id is not None:
            connection = await get_for_update(session, Connection, request.connection_id)
            await end(session, connection, CloseReason.ATTEMPT_EXPIRED, now)
    return None


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


HANDLERS: Mapping[str, Handler] = {EXPIRE_JOB: expire_attempt, SWEEP_JOB: sweep}
