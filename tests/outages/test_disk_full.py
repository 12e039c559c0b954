"""The disk of the database is full: told clearly, nothing lost, and with some room again all goes on by itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from service.database.engine import Database
from tests.nodes import RunningNode
from tests.outages.answers import say_ready, say_unavailable, tell_everybody, tell_other_nodes
from tests.outages.conftest import RecordingNetwork
from tests.pairs import Pair

pytestmark = pytest.mark.anyio
SENTENCE = "The database cannot store anything: its disk is full, or cannot be written."
NO_LIMIT = 2**30
# What PostgreSQL says where it cannot make a file larger.
PAPER_FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$
"""
TABLES = (
    "job",
    "connection",
    "event",
    "seen_token",
    "service_token",
    "verification_session",
    "authorization_request",
)


async def run(database: Database, *statements: str) -> None:
    async with database.engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
        await connection.commit()


@asynccontextmanager
async def full(node: RunningNode) -> AsyncIterator[None]:
    """What the node writes inside the block finds no room.

    SQLite's limit is one of its only writing connection. PostgreSQL's disk is not ours to fill, so its own error
    is raised where a row would be written.
    """
    database = node.node.database
    if database.is_sqlite:
        async with database.engine.connect() as connection:
            pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
        await run(database, f"PRAGMA max_page_count = {pages}")
        yield
        await run(database, f"PRAGMA max_page_count = {NO_LIMIT}")
        return
    raising = "BEFORE INSERT OR UPDATE ON {} EXECUTE FUNCTION full_disk()"
    await run(database, PAPER_FULL, *(f"CREATE TRIGGER full_disk {raising.format(name)}" for name in TABLES))
    yield
    await run(database, "DROP FUNCTION full_disk CASCADE")


async def fill_up(node: RunningNode) -> int:
    """Draft connections until there is no room for another; return how many were kept."""
    for kept in range(1_000):
        answer = await node.api.post("/v1/connections", json={"instance": node.slug})
        if answer.is_error:
            say_unavailable(answer, SENTENCE)
            return kept
    raise AssertionError("there is room for ever")


async def test_a_full_disk_is_told_and_nothing_that_was_promised_is_lost(pair: Pair) -> None:
    here, _ = await pair.connected()
    async with full(pair.a):
        kept = await fill_up(pair.a)
        await tell_everybody(pair.a, SENTENCE, reading_too=False)
        assert (await pair.shown(here))["state"] == "active"
    await say_ready(pair.a)
    listed = (await pair.a.read("/v1/connections?limit=100"))["items"]
    assert len(listed) == min(kept + 1, 100)
    await pair.draft()


async def start_until_refused(pair: Pair, network: RecordingNetwork) -> None:
    """Start set-ups until the other side has no room for another; what is left of a page may take a few."""
    person = await pair.person()
    for _ in range(20):
        await person.open((await pair.session(await pair.draft()))["start_url"])
        if "password" in person.page:
            await person.sign_in()
        await person.submit()
        if network.last["par"].is_error:
            return
    raise AssertionError("there is room for ever")


async def test_a_set_up_waits_for_room_on_either_side(pair: Pair) -> None:
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="accept")
    network = pair.network
    assert isinstance(network, RecordingNetwork)
    async with full(pair.b):
        await fill_up(pair.b)
        await start_until_refused(pair, network)
        tell_other_nodes(network.last["par"], SENTENCE)
        await pair.a.work()
    pair.clock.advance(15)
    async with full(pair.a):
        await fill_up(pair.a)
        with suppress(SQLAlchemyError):  # the worker of a running node goes on after this
            await pair.a.work()
    pair.clock.advance(20)
    await pair.work()
    here = await pair.shown(draft)
    (there,) = [item for item in await pair.listed_at_b() if item["shared_id"] == here["shared_id"]]
    assert [here["state"], there["state"]] == ["active", "active"]
