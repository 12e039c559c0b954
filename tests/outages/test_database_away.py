"""The database goes away and comes back: told clearly meanwhile, nothing lost, and no node is started anew."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

import asyncpg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from tests.nodes import RunningNode, running_node
from tests.outages.answers import is_clear, say_ready, tell_everybody, tell_other_nodes, tell_people
from tests.outages.conftest import RecordingNetwork
from tests.pairs import Pair
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
SENTENCE = "The database did not answer."
READ_ONLY = "The database takes nothing new at the moment: it is read-only."


class Postgres:
    """The database of one node, as somebody who administers the server sees it."""

    def __init__(self, server_url: str, database_url: str) -> None:
        self.server_url = server_url.replace("+asyncpg", "")
        self.name = make_url(database_url).database

    async def run(self, *statements: str) -> None:
        connection = await asyncpg.connect(self.server_url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def cut(self) -> None:
        """Every connection to it ends, whatever it is used for."""
        await self.run(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.name}'"  # noqa: S608
        )

    async def go_away(self) -> None:
        """Nobody is connected, and nobody is let in."""
        await self.run(f'ALTER DATABASE "{self.name}" ALLOW_CONNECTIONS false')
        await self.cut()

    async def come_back(self) -> None:
        await self.run(f'ALTER DATABASE "{self.name}" ALLOW_CONNECTIONS true')

    async def be_read_only(self, setting: str) -> None:
        """As a server is after a fail-over to the wrong side; connections that are open do not notice."""
        await self.run(f'ALTER DATABASE "{self.name}" SET default_transaction_read_only = {setting}')
        await self.cut()


@pytest.fixture
def postgres(postgres_url: str, postgres_database_url: str) -> Postgres:
    return Postgres(postgres_url, postgres_database_url)


@pytest.fixture
async def asked(postgres_database_url: str, sqlite_url: str) -> AsyncIterator[Pair]:
    """A on SQLite asks B, whose database is the one that goes away."""
    network, clock = RecordingNetwork(), FrozenClock()
    async with AsyncExitStack() as stack:
        a = await stack.enter_async_context(running_node(network, "a", sqlite_url, clock))
        b = await stack.enter_async_context(running_node(network, "b", postgres_database_url, clock))
        yield Pair(a, b, network, clock)


@pytest.fixture
async def busy(postgres_database_url: str) -> AsyncIterator[RunningNode]:
    """A node with its worker, which works all the time."""
    network = RecordingNetwork()
    async with running_node(network, "acme", postgres_database_url, FrozenClock(), worker=True) as node:
        yield node


async def test_a_database_that_is_away_is_told_to_everybody_and_the_set_up_goes_on(
    asked: Pair, postgres: Postgres
) -> None:
    draft = await asked.draft()
    session = await asked.session(draft)
    person = await asked.to_consent(session)
    await person.submit(button="accept")
    await postgres.go_away()
    # Each connection that the node still has is found out once.
    with suppress(AssertionError):
        await tell_everybody(asked.b, SENTENCE, reading_too=True)
    await tell_everybody(asked.b, SENTENCE, reading_too=True)
    await tell_people(asked.b, f"/i/{asked.b.slug}/sign-in?next=/", SENTENCE)
    await asked.a.work()
    network = asked.network
    assert isinstance(network, RecordingNetwork)
    tell_other_nodes(network.last["token"], SENTENCE)
    with suppress(SQLAlchemyError):
        await asked.b.work()
    assert (await asked.shown(draft))["state"] == "pending"
    await postgres.come_back()
    await say_ready(asked.b)
    asked.clock.advance(30)
    await asked.work()
    assert [(await asked.shown(draft))["state"], (await asked.listed_at_b())[0]["state"]] == [
        "active",
        "active",
    ]


async def test_connections_that_are_cut_under_a_crowd_cost_nothing_that_was_promised(
    busy: RunningNode, postgres: Postgres
) -> None:
    async def draft() -> str | None:
        answer = await busy.api.post("/v1/connections", json={"instance": busy.slug})
        assert is_clear(answer), answer.text
        return None if answer.is_error else str(answer.json()["id"])

    promised: set[str] = set()
    for _ in range(5):
        drafts = [asyncio.create_task(draft()) for _ in range(12)]
        await postgres.cut()
        promised |= {found for found in await asyncio.gather(*drafts) if found is not None}
    await say_ready(busy)
    for found in promised:
        assert (await busy.read(f"/v1/connections/{found}"))["state"] == "draft"
    assert await draft() is not None


async def test_a_database_that_takes_nothing_new_is_told(busy: RunningNode, postgres: Postgres) -> None:
    await postgres.be_read_only("on")
    with suppress(AssertionError):
        await tell_everybody(busy, READ_ONLY, reading_too=False)
    await tell_everybody(busy, READ_ONLY, reading_too=False)
    await postgres.be_read_only("off")
    with suppress(AssertionError):
        await say_ready(busy)
    await say_ready(busy)
    assert (await busy.api.post("/v1/connections", json={"instance": busy.slug})).status_code == 201
