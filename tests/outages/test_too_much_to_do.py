"""Whoever waits in vain for a connection to the database is told to come again, and the next one is served."""

from collections.abc import AsyncIterator

import pytest
from sqlmodel import select

from service.database.sessions import reading, transaction
from service.jobs.models import Job
from tests.nodes import Network, RunningNode, running_node
from tests.outages.answers import say_unavailable, tell_other_nodes
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
SENTENCE = "The database has too much to do at the moment."


@pytest.fixture
async def narrow(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RunningNode]:
    """A node with one connection to its database, for which nobody waits long."""
    monkeypatch.setattr("service.database.engine.POOL_SIZE", 1)
    monkeypatch.setattr("service.database.engine.POOL_WAIT_SECONDS", 0.05)
    async with running_node(Network(), "acme", database_url, FrozenClock()) as node:
        yield node


async def test_who_waits_in_vain_is_told_to_come_again(narrow: RunningNode) -> None:
    database = narrow.node.database
    async with (
        transaction(database) as writer,
        reading(database) if database.is_sqlite else transaction(database) as reader,
    ):
        await writer.exec(select(Job))
        if database.is_sqlite:
            await reader.exec(select(Job))
        say_unavailable(await narrow.api.post("/v1/connections", json={"instance": narrow.slug}), SENTENCE)
        tell_other_nodes(await narrow.api.post(f"/i/{narrow.slug}/oauth/par"), SENTENCE)
    made = await narrow.api.post("/v1/connections", json={"instance": narrow.slug})
    assert made.status_code == 201, made.text
