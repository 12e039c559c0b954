"""Guesses are counted in the database: for all replicas, over restarts, and never for ever."""

import asyncio

import pytest
from sqlmodel import select

from service.access import guesses
from service.access.guesses import count_guess, forget_guesses, forget_over, is_known, keep_in_mind, take_back
from service.access.models import GuessCount
from service.database.engine import Database, open_database
from service.database.sessions import reading, transaction
from service.limits.table import GUESSES, HOUR, WRONG_CODES_BY_SOURCE, WRONG_SIGN_INS_BY_ACCOUNT, Standing
from tests.small_node import NOW

pytestmark = pytest.mark.anyio
LIMIT = WRONG_SIGN_INS_BY_ACCOUNT


async def guess(database: Database, subject: str = "alice", *, later: float = 0.0) -> Standing:
    async with transaction(database) as session:
        return await count_guess(session, LIMIT, subject, NOW + later * LIMIT.window)


async def test_they_are_counted_by_kind_and_subject(database_url: str) -> None:
    database = open_database(database_url)
    counts = [(await guess(database)).count for _ in range(3)]
    other = await guess(database, "bob")
    async with transaction(database) as session:
        code = await count_guess(session, WRONG_CODES_BY_SOURCE, "alice", NOW)
    assert counts == [1, 2, 3]
    assert (other.count, code.count) == (1, 1)
    await database.engine.dispose()


async def test_a_restart_and_a_second_replica_give_no_more_of_them(database_url: str) -> None:
    first, second = open_database(database_url), open_database(database_url)
    await guess(first)
    await guess(second)
    await first.engine.dispose()
    assert (await guess(second)).count == 3
    await second.engine.dispose()


async def test_a_hundred_at_once_are_counted_one_by_one(database_url: str) -> None:
    database = open_database(database_url)
    standings = await asyncio.gather(*(guess(database) for _ in range(100)))
    assert sorted(standing.count for standing in standings) == list(range(1, 101))
    assert sum(not standing.is_over for standing in standings) == LIMIT.most
    await database.engine.dispose()


async def test_every_window_ends_also_for_who_goes_on_guessing(database_url: str) -> None:
    database = open_database(database_url)
    for _ in range(LIMIT.most):
        await guess(database)
    late = await guess(database, later=0.999)
    assert (late.is_over, late.remaining, late.ends_at) == (True, 0, NOW + LIMIT.window)
    fresh = await guess(database, later=1.0)
    assert (fresh.count, fresh.remaining, fresh.ends_at) == (1, LIMIT.most - 1, NOW + 2 * LIMIT.window)
    await database.engine.dispose()


async def test_what_was_right_is_taken_back(database_url: str) -> None:
    database = open_database(database_url)
    await guess(database)
    await guess(database)
    async with transaction(database) as session:
        await take_back(session, LIMIT, "alice")
    assert (await guess(database)).count == 2
    async with transaction(database) as session:
        await forget_guesses(session, LIMIT, "alice")
        await take_back(session, LIMIT, "alice")
    assert (await guess(database)).count == 1
    await database.engine.dispose()


async def test_a_mark_is_known_for_its_time(database_url: str) -> None:
    database = open_database(database_url)
    async with transaction(database) as session:
        assert not await is_known(session, "mark", "alice", NOW)
        await keep_in_mind(session, "mark", "alice", HOUR, NOW)
        await keep_in_mind(session, "mark", "alice", 2 * HOUR, NOW)
        assert await is_known(session, "mark", "alice", NOW + HOUR)
        assert not await is_known(session, "mark", "bob", NOW)
        assert not await is_known(session, "mark", "alice", NOW + 2 * HOUR)
    await database.engine.dispose()


async def test_windows_that_are_over_go_and_so_do_too_many(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "MOST_ROWS", 3)
    database = open_database(database_url)
    for number in range(6):
        await guess(database, f"user{number}", later=number / 10)
    async with transaction(database) as session:
        await forget_over(session, NOW + LIMIT.window)
    async with reading(database) as session:
        kept = (await session.exec(select(GuessCount.ends_at))).all()
    assert sorted(kept) == [NOW + LIMIT.window * (1 + number / 10) for number in (3, 4, 5)]
    async with transaction(database) as session:
        await forget_over(session, NOW + 1.4 * LIMIT.window)
    async with reading(database) as session:
        assert (await session.exec(select(GuessCount.ends_at))).all() == [NOW + 1.5 * LIMIT.window]
    assert (await guess(database, "user5", later=1.4)).count == 2
    assert (await guess(database, "user4", later=1.4)).count == 1
    await database.engine.dispose()


async def test_no_address_or_login_is_stored(database_url: str) -> None:
    database = open_database(database_url)
    await guess(database)
    async with reading(database) as session:
        row = (await session.exec(select(GuessCount))).one()
    assert (row.kind, row.count, len(row.subject)) == (LIMIT.name, 1, 64)
    assert "alice" not in row.subject
    await database.engine.dispose()


def test_no_lock_lasts_longer_than_an_hour_and_each_has_a_name_of_its_own() -> None:
    assert max(limit.window for limit in GUESSES) <= HOUR
    assert len({limit.name for limit in GUESSES}) == len(GUESSES)
