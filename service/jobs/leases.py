"""A lease keeps two workers off the same job, and frees the jobs of a worker that died."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, or_, update
from sqlmodel import col, select

from service.database.sessions import reading, transaction
from service.jobs.models import Job
from service.node import Node

RENEWALS_PER_LEASE = 3
# Replicas need not agree on the second.
CLOCKS_DIFFER_BY = timedelta(minutes=1)
log = structlog.get_logger(__name__)


async def release_leftovers(node: Node) -> None:
    """No job waits for a worker that died. For SQLite only: there one process owns the file, so all others are dead."""
    await _change(node, col(Job.lease_token).is_not(None), lease_token=None, lease_until=None)


async def claim(node: Node, lease: str, most: int) -> list[Job]:
    """Take at most so many due jobs under this lease, so that no other worker takes them until it ends.

    Where the clock was set back, a time that was chosen before says nothing: such a job is due now, for each may
    be done too early, and such a lease is over.
    """
    now = node.clock.now()
    until = col(Job.lease_until)
    free = or_(until.is_(None), until < now, until > now + _length(node) + CLOCKS_DIFFER_BY)
    is_due = or_(col(Job.run_at) <= now, col(Job.set_at) > now + CLOCKS_DIFFER_BY)
    due = select(Job.id).where(col(Job.done_at).is_(None), is_due, free).order_by(col(Job.run_at)).limit(most)
    async with transaction(node.database) as session:
        ids = (await session.exec(due.with_for_update(skip_locked=True))).all()
        if not ids:
            return []
        taken = (
            update(Job)
            .where(col(Job.id).in_(ids))
            .values(lease_token=lease, lease_until=now + _length(node), attempts=Job.attempts + 1)
            .returning(Job)
        )
        return list((await session.exec(taken.execution_options(synchronize_session=False))).scalars().all())


async def next_due(node: Node) -> datetime | None:
    """Return when the next job that nobody holds is due; None where there is none."""
    waiting = (col(Job.done_at).is_(None), col(Job.lease_token).is_(None))
    async with reading(node.database) as session:
        return (
            await session.exec(select(Job.run_at).where(*waiting).order_by(col(Job.run_at)).limit(1))
        ).first()


@asynccontextmanager
async def held(node: Node, lease: str) -> AsyncIterator[None]:
    """The lease is renewed while its worker lives, so it can be short: a dead worker's jobs are free soon."""
    is_over = asyncio.Event()
    renewing = asyncio.create_task(_renew_until(is_over, node, lease))
    try:
        yield
    except asyncio.CancelledError:
        # The node stops: whoever works next need not wait for the lease to end.
        try:
            await _change(node, col(Job.lease_token) == lease, lease_token=None, lease_until=None)
        except Exception:
            log.exception("lease_not_released")  # it ends by itself
        raise
    finally:
        is_over.set()
        await renewing


async def _renew_until(is_over: asyncio.Event, node: Node, lease: str) -> None:
    pause = _length(node).total_seconds() / RENEWALS_PER_LEASE
    while not is_over.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await is_over.wait()
            return
        try:
            await renew(node, lease)
        except Exception:
            log.exception("lease_not_renewed")


async def renew(node: Node, lease: str) -> None:
    """The jobs under this lease are this worker's for another whole length of it."""
    await _change(node, col(Job.lease_token) == lease, lease_until=node.clock.now() + _length(node))


async def _change(node: Node, jobs: ColumnElement[bool], **changes: datetime | None) -> None:
    statement = update(Job).where(jobs).values(**changes)
    async with transaction(node.database) as session:
        await session.exec(statement.execution_options(synchronize_session=False))


def _length(node: Node) -> timedelta:
    return timedelta(seconds=node.settings.job_lease_seconds)
