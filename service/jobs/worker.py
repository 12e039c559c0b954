"""Does due jobs, at least once each, whatever happens in between (ADR 0006)."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import case, update
from sqlmodel import col

from service.database.sessions import transaction
from service.jobs.leases import claim, held, next_due, release_leftovers
from service.jobs.listening import Ear
from service.jobs.models import Job
from service.node import Node
from service.problems.tree import InstancePaused
from service.values.texts import new_id

LOOK_SECONDS = 1.0
AFTER_A_FAULT = timedelta(seconds=LOOK_SECONDS)
BATCH = 5
LANES = 4
FIRST_BACKOFF_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 300.0
KEEP_DONE = timedelta(days=7)
log = structlog.get_logger(__name__)


class TryAgain(Exception):
    """The job could not be finished now; it comes back after `delay`, or after its own growing pause."""

    def __init__(self, reason: str, delay: timedelta | None = None) -> None:
        self.delay = delay
        super().__init__(reason)


Handler = Callable[[Node, Job], Awaitable[timedelta | None]]
"""Does the work of one job. Returns None when it is done for good, or when it wants to run again."""


@dataclass(frozen=True, slots=True)
class Worker:
    """The handlers by kind of job, and the node that they work for."""

    node: Node
    handlers: Mapping[str, Handler]


async def run_for_ever(worker: Worker) -> None:
    """Work until cancelled, in several lanes: a peer that answers slowly holds up only the batch it is in."""
    if worker.node.database.is_sqlite:
        try:
            await release_leftovers(worker.node)
        except Exception:
            log.exception("leftovers_not_released")
    lookout = Lookout(worker.node)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(lookout.ear.listen_for_ever())
        for _ in range(LANES):
            tasks.create_task(_run_lane(worker, lookout))


class Lookout:
    """Looks for due jobs on behalf of all lanes: one of them at a time, and only when there can be any.

    It sleeps until the next one that it knows of is due. What others store, or leave when they die, it finds by a look
    that is as seldom as a lease is long, where it is told of the former, and else every second.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._alarm = node.database.alarm
        self._turn = asyncio.Lock()
        self.ear = Ear(node)
        self._alarm.has_sleeper = True
        self._alarm.ring()  # what was left behind before this process began

    async def next_batch(self, lease: str) -> list[Job]:
        """Return due jobs, as soon as there are some."""
        async with self._turn:
            while True:
                longest = self._node.settings.job_lease_seconds if self.ear.hears else LOOK_SECONDS
                await self._alarm.wait(self._node.clock.now, longest)
                try:
                    jobs = await claim(self._node, lease, BATCH)
                except Exception:
                    log.exception("worker_round_failed")
                    self._alarm.ring_at(self._node.clock.now() + AFTER_A_FAULT)
                    continue
                await self.look_ahead()
                if jobs:
                    return jobs

    async def look_ahead(self) -> None:
        """The alarm rings when the next job is due."""
        try:
            due = await next_due(self._node)
        except Exception:
            log.exception("worker_round_failed")
            due = self._node.clock.now() + AFTER_A_FAULT
        if due is not None:
            self._alarm.ring_at(due)


async def _run_lane(worker: Worker, lookout: Lookout) -> None:
    """Take batch after batch; what was asked for anew while it ran, or wants to run again, is due in its turn."""
    while True:
        lease = new_id("lse")
        jobs = await lookout.next_batch(lease)
        try:
            await _do(worker, lease, jobs)
        except Exception:
            log.exception("worker_round_failed")
        await lookout.look_ahead()


async def run_due(worker: Worker) -> int:
    """Do the jobs that are due, one batch of them; return how many were taken."""
    lease = new_id("lse")
    jobs = await claim(worker.node, lease, BATCH)
    if jobs:
        await _do(worker, lease, jobs)
    return len(jobs)


async def _do(worker: Worker, lease: str, jobs: list[Job]) -> None:
    """Every job of the batch was tried, and how it went is stored."""
    async with held(worker.node, lease):
        await asyncio.gather(*(_run(worker, job) for job in jobs))


async def _run(worker: Worker, job: Job) -> None:
    """Run one job and store how it went; a fault of ours backs off like any other failure."""
    error: str | None = None
    again: timedelta | None
    with structlog.contextvars.bound_contextvars(job=job.kind, subject=job.subject):
        try:
            again = await worker.handlers[job.kind](worker.node, job)
        except TryAgain as reason:
            error, again = str(reason), reason.delay or backoff(job.attempts)
            log.info("job_will_retry", reason=error, attempts=job.attempts)
        except InstancePaused as paused:
            error, again = paused.slug, timedelta(seconds=LONGEST_BACKOFF_SECONDS)
        except Exception as fault:
            error, again = type(fault).__name__, backoff(job.attempts)
            log.exception("job_failed", attempts=job.attempts)
    try:
        await _settle(worker.node, job, again, error)
    except Exception:
        log.exception("outcome_not_stored")  # when the lease ends, the job is done again


async def _settle(node: Node, job: Job, again: timedelta | None, error: str | None) -> None:
    """Store the outcome, unless the lease was lost to another worker meanwhile; what was asked for anew runs anew."""
    now = node.clock.now()
    as_read = col(Job.wanted) == job.wanted
    changes: dict[str, Any] = {
        "lease_token": None,
        "lease_until": None,
        "last_error": error,
    }
    if again is None:
        changes["done_at"] = case((as_read, now), else_=None)
    else:
        changes["set_at"] = now
        changes["run_at"] = case((as_read, now + again), else_=col(Job.run_at))
        if error is None:
            changes["attempts"] = 0
    async with transaction(node.database) as session:
        mine = (
            update(Job)
            .where(col(Job.id) == job.id, col(Job.lease_token) == job.lease_token)
            .values(**changes)
        )
        await session.exec(mine.execution_options(synchronize_session=False))


def backoff(attempts: int) -> timedelta:
    """Return a pause with full jitter that doubles with each attempt, up to five minutes."""
    ceiling = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** min(attempts, 10))
    return timedelta(seconds=random.uniform(ceiling / 4, ceiling))  # noqa: S311 - spreads load, guards nothing
