"""PostgreSQL takes connections and says nothing: nobody waits for it without end, and all goes on by itself."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from service.database.engine import Database, open_database
from service.database.migrations import migrate
from tests.nodes import Network, RunningNode, running_node
from tests.outages.answers import say_ready, say_unavailable, tell_other_nodes
from tests.silent_proxy import SilentProxy, silent_proxy
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
SENTENCE = "The database did not answer."
PATIENCE_SECONDS = 1.0


@pytest.fixture
async def proxy(postgres_database_url: str) -> AsyncIterator[SilentProxy]:
    async with silent_proxy(postgres_database_url) as proxy:
        yield proxy


@pytest.fixture
async def node(proxy: SilentProxy) -> AsyncIterator[RunningNode]:
    """A node that waits for its database no longer than a second."""
    patience = {"database_seconds": PATIENCE_SECONDS}
    async with running_node(Network(), "acme", proxy.url, FrozenClock(), **patience) as node:
        yield node


async def answers(node: RunningNode) -> list[httpx.Response]:
    """Return what a writer, a reader, another node and an orchestrator are told at once."""
    asked = (
        node.api.post("/v1/connections", json={"instance": node.slug}),
        node.api.get("/v1/connections"),
        node.api.get("/readyz"),
        node.api.post(f"/i/{node.slug}/oauth/par"),
    )
    async with asyncio.timeout(30):
        return list(await asyncio.gather(*asked))


@pytest.mark.parametrize("connections", ["open", "new", "greeted"])
async def test_a_database_that_says_nothing_is_told_and_all_goes_on_by_itself(
    node: RunningNode, proxy: SilentProxy, connections: str
) -> None:
    if connections != "open":
        await node.node.database.engine.dispose()
    if connections == "greeted":
        proxy.fall_silent_after_a_greeting()
    else:
        proxy.fall_silent()
    *programs, other_node = await answers(node)
    for told in programs:
        say_unavailable(told, SENTENCE)
    tell_other_nodes(other_node, SENTENCE)
    proxy.speak_again()
    await say_ready(node)
    made = await node.api.post("/v1/connections", json={"instance": node.slug})
    assert made.status_code == 201, made.text


async def test_a_worker_goes_on_after_a_silence(node: RunningNode, proxy: SilentProxy) -> None:
    made = (await node.api.post("/v1/connections", json={"instance": node.slug})).json()
    proxy.fall_silent()
    with pytest.raises(OperationalError, match="no answer"):
        await node.work()
    proxy.speak_again()
    await node.work()
    assert (await node.read(f"/v1/connections/{made['id']}"))["state"] == "draft"


def test_a_migration_may_take_its_time(postgres_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever migrates looks on; to give up in the middle of a large table would only mean to begin anew."""

    def impatient(url: str, **more: Any) -> Database:
        return open_database(url, **{"answer_seconds": 0.000_001, **more})

    monkeypatch.setattr("service.database.engine.open_database", impatient)
    migrate(postgres_database_url)
