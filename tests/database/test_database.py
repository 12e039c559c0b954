"""Transactions, compare-and-set and locks, on both databases."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlmodel import select

from service.connections.models import Connection
from service.connections.states import CloseReason, ConnectionEvent, ConnectionState
from service.database.engine import Database, open_database
from service.database.rows import advance, get_for_update
from service.database.sessions import reading, transaction
from service.instances.models import Instance
from service.jobs.models import Job
from service.problems.tree import NotFound, Problem
from service.values.state_machine import IllegalTransition
from service.words import Network, Role
from tests.small_node import NOW

pytestmark = pytest.mark.anyio


class Remembered(Problem):
    """A refusal that leaves a trace."""

    slug, status, title, fix, keeps_changes = "remembered", 400, "Remembered", "None.", True


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with one draft in it."""
    opened = open_database(database_url)
    async with transaction(opened) as session:
        session.add(
            Instance(
                id="ins_1", slug="a", name="A", platform="sandbox", url="https://a.test", network=Network.PUBLIC,
                return_urls=[], identity={}, created_at=NOW, updated_at=NOW,
            )
        )  # fmt: skip
        await session.flush()
        session.add(
            Connection(
                id="con_1", instance_id="ins_1", role=Role.INITIATOR, scope=[], mode_refusals={}, labels={},
                created_at=NOW, updated_at=NOW,
            )
        )  # fmt: skip
    yield opened
    await opened.close()


async def stored(database: Database) -> Connection:
    """Return the row as a new reader sees it."""
    async with reading(database) as session:
        found = await session.get(Connection, "con_1")
    assert found is not None
    return found


async def test_advance_moves_the_row_by_the_table(database: Database) -> None:
    async with transaction(database) as session:
        row = await get_for_update(session, Connection, "con_1")
        moved = await advance(session, row, ConnectionEvent.CLOSE, reason=CloseReason.CLOSED_HERE)
        assert (moved.state, moved.reason, moved.revision) == (ConnectionState.CLOSED, "closed_here", 2)
    again = await stored(database)
    assert (again.state, again.reason, again.revision) == (ConnectionState.CLOSED, "closed_here", 2)


async def test_an_illegal_event_changes_nothing(database: Database) -> None:
    async with transaction(database) as session:
        row = await get_for_update(session, Connection, "con_1")
        with pytest.raises(IllegalTransition):
            await advance(session, row, ConnectionEvent.RETURN_TO_DRAFT)
    assert (await stored(database)).revision == 1


async def test_a_row_that_moved_meanwhile_is_not_moved_again(database: Database) -> None:
    old = await stored(database)
    async with transaction(database) as session:
        row = await get_for_update(session, Connection, "con_1")
        await advance(session, row, ConnectionEvent.CLOSE)
    async with transaction(database) as session:
        session.add(old)
        with pytest.raises(IllegalTransition) as refused:
            await advance(session, old, ConnectionEvent.ACTIVATE)
    assert refused.value.state is ConnectionState.CLOSED


async def test_of_ten_racers_one_moves_the_row(database: Database) -> None:
    async def race() -> bool:
        try:
            async with transaction(database) as session:
                row = await get_for_update(session, Connection, "con_1")
                await advance(session, row, ConnectionEvent.ACTIVATE)
        except IllegalTransition:
            return False
        return True

    assert sorted(await asyncio.gather(*(race() for _ in range(10)))) == [False] * 9 + [True]
    assert (await stored(database)).revision == 2


@pytest.mark.parametrize(
    ("fault", "description"), [(Remembered("x"), "changed"), (NotFound("x"), ""), (OSError(), "")]
)
async def test_an_error_rolls_back_unless_the_refusal_is_remembered(
    database: Database, fault: Exception, description: str
) -> None:
    async def change_and_fail() -> None:
        async with transaction(database) as session:
            row = await get_for_update(session, Connection, "con_1")
            row.description = "changed"
            raise fault

    with pytest.raises(type(fault)):
        await change_and_fail()
    assert (await stored(database)).description == description


async def test_a_missing_row_is_not_found(database: Database) -> None:
    async with transaction(database) as session:
        for name in ("con_2", "con_\x00", "\ud800"):
            with pytest.raises(NotFound):
                await get_for_update(session, Connection, name)


async def test_moments_come_back_aware_and_in_utc(database: Database) -> None:
    assert (await stored(database)).created_at == NOW
    assert (await stored(database)).created_at.utcoffset() is not None


async def test_a_crowd_of_writers_takes_turns_and_keeps_no_reader_waiting(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "service.database.inline_sqlite.BUSY_SECONDS", 0
    )  # to wait for the lock is for other processes
    opened = open_database(database_url)

    async def write(number: int) -> None:
        async with transaction(opened) as session:
            session.add(Job(id=f"job_{number}", kind="note", subject=str(number), payload={}, run_at=NOW, set_at=NOW,
                            created_at=NOW))  # fmt: skip

    async def count() -> int:
        async with reading(opened) as session:
            return len((await session.exec(select(Job.id))).all())

    async with transaction(opened) as held:
        await held.exec(select(Job.id))
        crowd = [asyncio.create_task(write(number)) for number in range(40)]
        async with asyncio.timeout(20):
            assert await count() <= len(crowd)
    async with asyncio.timeout(20):
        await asyncio.gather(*crowd)
    assert await count() == len(crowd)
    await opened.close()
