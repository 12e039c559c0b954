"""Jobs are done at least once, by one worker at a time, whatever fails in between. On both databases."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from service.database.alarm import Alarm
from service.database.engine import open_database
from service.database.sessions import reading, transaction
from service.egress.client import Egress, EgressPolicy
from service.jobs.models import Job
from service.jobs.operations import enqueue
from service.jobs.worker import TryAgain, Worker, backoff, run_due, run_for_ever
from service.node import Node
from service.settings import Settings
from service.trust.sealing import Sealer, new_key, parse_keys
from service.trust.tokens import Hasher
from service.values.moments import Clock
from tests.small_node import PUBLIC_URL, FrozenClock

pytestmark = pytest.mark.anyio


class Recorder:
    """A handler that notes what it did; what it answers can be changed."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.answer: timedelta | Exception | None = None

    async def __call__(self, _node: Node, job: Job) -> timedelta | None:
        self.done.append(job.subject)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
async def node(database_url: str, clock: FrozenClock) -> AsyncIterator[Node]:
    """A node of which only the database and the clock matter."""
    key = new_key()
    settings = Settings(env="development", public_url=PUBLIC_URL, sealing_keys=key, database_url=database_url)  # type: ignore[arg-type]
    database, egress = open_database(database_url), Egress(EgressPolicy())
    yield Node(settings, database, clock, egress, Sealer(parse_keys(key)), Hasher(b"k" * 32))
    await egress.aclose()
    await database.close()


async def store(node: Node, subject: str, *, after: float = 0) -> None:
    """A job about this subject is due after so many seconds."""
    now = node.clock.now()
    async with transaction(node.database) as session:
        await enqueue(session, "note", subject, run_at=now + timedelta(seconds=after), now=now)


async def open_jobs(node: Node) -> list[Job]:
    """Return the jobs that are not done."""
    async with reading(node.database) as session:
        return [job for job in (await session.exec(select(Job))).all() if job.done_at is None]


async def test_a_due_job_is_done_once(node: Node) -> None:
    note = Recorder()
    await store(node, "a")
    assert [await run_due(Worker(node, {"note": note})) for _ in range(2)] == [1, 0]
    assert note.done == ["a"]
    assert await open_jobs(node) == []


async def test_a_job_waits_for_its_time(node: Node, clock: FrozenClock) -> None:
    note = Recorder()
    await store(node, "a", after=60)
    await run_due(Worker(node, {"note": note}))
    assert note.done == []
    clock.advance(60)
    await run_due(Worker(node, {"note": note}))
    assert note.done == ["a"]


async def test_what_was_rolled_back_is_not_done(node: Node) -> None:
    note = Recorder()
    now = node.clock.now()

    async def store_and_fail() -> None:
        async with transaction(node.database) as session:
            await enqueue(session, "note", "a", run_at=now, now=now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await store_and_fail()
    await run_due(Worker(node, {"note": note}))
    assert note.done == []


async def test_one_open_job_per_kind_and_subject_due_at_the_earlier_time(node: Node) -> None:
    note = Recorder()
    await store(node, "a", after=60)
    await store(node, "a")
    await store(node, "a", after=30)
    assert len(await open_jobs(node)) == 1
    await run_due(Worker(node, {"note": note}))
    assert note.done == ["a"]
    await store(node, "a")
    assert len(await open_jobs(node)) == 1


async def test_two_who_store_the_same_job_at_once_store_one(node: Node) -> None:
    await asyncio.gather(*(store(node, "a") for _ in range(8)))
    assert len(await open_jobs(node)) == 1


async def test_several_workers_share_the_jobs(node: Node) -> None:
    note = Recorder()
    for number in range(30):
        await store(node, str(number))
    worker = Worker(node, {"note": note})
    while sum(await asyncio.gather(*(run_due(worker) for _ in range(4)))):
        pass
    assert sorted(note.done, key=int) == [str(number) for number in range(30)]


@pytest.mark.parametrize("fault", [TryAgain("not yet"), RuntimeError("broken")], ids=["try_again", "fault"])
async def test_a_job_that_fails_comes_back_with_a_growing_pause(
    node: Node, clock: FrozenClock, fault: Exception
) -> None:
    note = Recorder()
    note.answer = fault
    await store(node, "a")
    worker = Worker(node, {"note": note})
    await run_due(worker)
    assert await run_due(worker) == 0
    (job,) = await open_jobs(node)
    assert job.attempts == 1
    assert job.last_error
    assert job.run_at > clock.now()
    clock.advance(600)
    note.answer = None
    await run_due(worker)
    assert note.done == ["a", "a"]
    assert await open_jobs(node) == []


async def test_a_job_that_wants_to_run_again_does(node: Node, clock: FrozenClock) -> None:
    note = Recorder()
    note.answer = timedelta(hours=1)
    await store(node, "a")
    worker = Worker(node, {"note": note})
    await run_due(worker)
    clock.advance(3599)
    assert await run_due(worker) == 0
    clock.advance(1)
    assert await run_due(worker) == 1


def test_the_pause_grows_with_jitter_up_to_five_minutes() -> None:
    for attempts in range(1, 40):
        ceiling = min(300.0, 2.0 ** min(attempts, 10))
        assert ceiling / 4 <= backoff(attempts).total_seconds() <= ceiling


@pytest.mark.parametrize("answer", [None, timedelta(hours=1)], ids=["done", "hourly"])
async def test_what_is_asked_for_while_it_runs_is_done_again(node: Node, answer: timedelta | None) -> None:
    """The run may have read what was before; else the second request would wait for an hour, or for ever."""
    seen: list[str] = []

    async def note(node: Node, job: Job) -> timedelta | None:
        seen.append(job.subject)
        if len(seen) == 1:
            await store(node, "a")
        return answer

    await store(node, "a")
    worker = Worker(node, {"note": note})
    assert [await run_due(worker) for _ in range(3)] == [1, 1, 0]
    assert seen == ["a", "a"]


class WatchedAlarm(Alarm):
    """Tells when somebody sleeps by it."""

    def __init__(self) -> None:
        super().__init__()
        self.one_sleeps = asyncio.Barrier(2)

    async def wait(self, now: Callable[[], datetime], longest: float) -> None:
        await self.one_sleeps.wait()
        await super().wait(now, longest)


async def test_a_worker_stops_though_work_comes_in_at_that_moment(node: Node) -> None:
    """So many turns of the loop lie between the two: in one of them a lane is woken by both."""
    for turns in range(8):
        alarm = WatchedAlarm()
        ringing = replace(node, database=replace(node.database, alarm=alarm))
        working = asyncio.create_task(run_for_ever(Worker(ringing, {})))
        await alarm.one_sleeps.wait()  # at first it looks without waiting
        await alarm.one_sleeps.wait()
        await asyncio.sleep(0)
        alarm.ring()
        for _ in range(turns):
            await asyncio.sleep(0)
        working.cancel()
        stopped, _ = await asyncio.wait({working}, timeout=5)
        assert stopped, f"it goes on, told to stop {turns} turns after there was work"


@asynccontextmanager
async def at_work(node: Node) -> AsyncIterator[Recorder]:
    """Give what a worker notes that runs meanwhile."""
    note = Recorder()
    working = asyncio.create_task(run_for_ever(Worker(node, {"note": note})))
    try:
        yield note
    finally:
        working.cancel()
        await asyncio.wait({working})


async def heard(note: Recorder, many: int) -> None:
    async with asyncio.timeout(20):
        while len(note.done) < many:  # noqa: ASYNC110 - the worker works meanwhile
            await asyncio.sleep(0)


async def test_a_worker_sleeps_until_something_is_due_and_wakes_for_what_is_stored(node: Node) -> None:
    """The lease is long, and so is the time after which it would look by itself."""
    node = replace(node, clock=Clock(), settings=node.settings.model_copy(update={"job_lease_seconds": 600}))
    await store(node, "later", after=0.5)
    async with at_work(node) as note:
        await heard(note, 1)
        await store(node, "now")
        await heard(note, 2)
        await store(node, "soon", after=0.2)
        await heard(note, 3)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_worker_hears_of_what_another_process_stores(
    node: Node, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.jobs.worker.LOOK_SECONDS", 600)
    node = replace(node, clock=Clock(), settings=node.settings.model_copy(update={"job_lease_seconds": 600}))
    there = open_database(database_url)
    async with at_work(node) as note:
        async with asyncio.timeout(20):
            while not await listens(node):  # noqa: ASYNC110 - the worker begins to meanwhile
                await asyncio.sleep(0)
        await store(replace(node, database=there), "elsewhere")
        await heard(note, 1)
    await there.close()


async def listens(node: Node) -> bool:
    """True once a connection of this database listens."""
    asked = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    )
    async with reading(node.database) as session:
        return bool((await (await session.connection()).exec_driver_sql(asked)).scalar())
