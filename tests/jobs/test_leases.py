"""Two workers never do the same job at once, and a dead worker's jobs are soon done by another."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from service.database.sessions import reading, transaction
from service.jobs.leases import claim, held, release_leftovers, renew
from service.jobs.models import Job
from service.jobs.operations import enqueue
from service.jobs.worker import Worker, run_due, run_for_ever
from service.node import Node
from tests.small_node import SmallNode, running

pytestmark = pytest.mark.anyio
DEAD, LIVING = "lse_dead", "lse_living"


@pytest.fixture
async def small(database_url: str) -> AsyncIterator[SmallNode]:
    async with running(database_url) as node:
        async with transaction(node.node.database) as session:
            await enqueue(session, "greet", "con_1", run_at=node.clock.now(), now=node.clock.now())
        yield node


async def taken(node: Node, lease: str = LIVING) -> list[str]:
    return [job.subject for job in await claim(node, lease, 10)]


async def test_a_job_is_taken_by_one_worker(small: SmallNode) -> None:
    assert await taken(small.node, DEAD) == ["con_1"]
    assert await taken(small.node) == []


async def test_the_job_of_a_dead_worker_is_free_when_its_lease_ends(small: SmallNode) -> None:
    await taken(small.node, DEAD)
    small.clock.advance(small.node.settings.job_lease_seconds - 1)
    assert await taken(small.node) == []
    small.clock.advance(2)
    assert await taken(small.node) == ["con_1"]


async def test_a_living_worker_keeps_its_job_for_as_long_as_it_takes(small: SmallNode) -> None:
    await taken(small.node, DEAD)
    for _ in range(5):
        small.clock.advance(small.node.settings.job_lease_seconds - 1)
        await renew(small.node, DEAD)
    assert await taken(small.node) == []


async def test_a_worker_renews_its_lease_while_it_works(small: SmallNode) -> None:
    short = replace(small.node, settings=small.node.settings.model_copy(update={"job_lease_seconds": 1}))

    async def slow(node: Node, job: Job) -> None:
        small.clock.advance(0.5)
        async with asyncio.timeout(20):
            while await lease_end(node) == job.lease_until:
                pass  # each look lets the others run

    assert await run_due(Worker(short, {"greet": slow})) == 1


async def lease_end(node: Node) -> datetime | None:
    async with reading(node.database) as session:
        return (await session.exec(select(Job.lease_until))).one()


async def test_a_worker_that_is_told_to_stop_leaves_its_job_to_the_next(small: SmallNode) -> None:
    await taken(small.node, DEAD)
    with pytest.raises(asyncio.CancelledError):
        async with held(small.node, DEAD):
            raise asyncio.CancelledError
    assert await taken(small.node) == ["con_1"]


async def test_what_a_dead_process_left_can_be_released_at_once(small: SmallNode) -> None:
    await taken(small.node, DEAD)
    await release_leftovers(small.node)
    assert await taken(small.node) == ["con_1"]


async def test_a_worker_that_lost_its_lease_does_not_undo_what_the_next_one_did(small: SmallNode) -> None:
    async def slow(node: Node, job: Job) -> timedelta:
        small.clock.advance(node.settings.job_lease_seconds + 1)
        assert await run_due(Worker(node, {"greet": quick})) == 1
        return timedelta(0)

    async def quick(node: Node, job: Job) -> None:
        pass

    assert await run_due(Worker(small.node, {"greet": slow})) == 1
    small.clock.advance(3600)
    assert await taken(small.node) == []


async def test_a_starting_worker_waits_for_nobody_where_one_process_owns_the_database(
    small: SmallNode,
) -> None:
    done = asyncio.Event()

    async def greet(node: Node, job: Job) -> None:
        done.set()

    await taken(small.node, DEAD)
    working = asyncio.create_task(run_for_ever(Worker(small.node, {"greet": greet})))
    if not small.node.database.is_sqlite:
        small.clock.advance(small.node.settings.job_lease_seconds + 1)
    async with asyncio.timeout(10):
        await done.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
