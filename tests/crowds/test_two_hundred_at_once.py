"""Two hundred set-ups at once between two nodes: all of them become active, and nobody is told to come again."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import httpx
import pytest

from service.discovery.looks import MOST_LOOKS
from service.limits.table import WRONG_SIGN_INS_BY_SOURCE
from service.platforms import sandbox
from tests.nodes import PATIENCE_SECONDS, Network, Person, RunningNode, running_node
from tests.pairs import Pair
from tests.small_node import FrozenClock

pytestmark = [pytest.mark.anyio, pytest.mark.exhaustive]
HANDSHAKES = 200
ADMINS = [f"alice-{number}" for number in range(HANDSHAKES)]


class CountingNetwork(Network):
    """Counts every answer that is not what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: Counter[str] = Counter()

    async def carry(self, request: httpx.Request) -> httpx.Response:
        answer = await super().carry(request)
        if answer.is_error:
            self.refused[f"{answer.status_code} {request.method} {request.url.path}"] += 1
        self.seen.clear()
        return answer


@pytest.fixture
async def working(
    two_urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Pair, CountingNetwork]]:
    """Two nodes whose workers run beside the requests."""
    alice = sandbox.ACCOUNTS["alice"]
    for number, login in enumerate(ADMINS):
        one = replace(alice, id=f"{number}", password=f"{login}-sandbox")
        monkeypatch.setitem(sandbox.ACCOUNTS, login, one)
    monkeypatch.setattr("service.database.engine.POOL_WAIT_SECONDS", PATIENCE_SECONDS)
    network, clock = CountingNetwork(), FrozenClock()
    async with AsyncExitStack() as stack:
        a, b = [
            await stack.enter_async_context(running_node(network, name, url, clock, worker=True))
            for name, url in zip(("a", "b"), two_urls, strict=True)
        ]
        yield Pair(a, b, network, clock), network


async def set_up(pair: Pair, login: str, door: asyncio.Semaphore, looks: asyncio.Semaphore) -> Person:
    """Return an admin who has done everything that people do."""
    async with looks:
        session = await pair.session(await pair.draft())
    person = await pair.person()
    await person.open(session["start_url"])
    async with door:
        await person.sign_in(login)
    await person.submit()
    async with door:
        await person.sign_in(login)
    await person.submit(button="accept")
    return person


async def is_pending(node: RunningNode) -> bool:
    """True while a connection of the node waits for somebody, or for its worker."""
    return bool((await node.read("/v1/connections?state=pending&limit=1"))["items"])


async def states(pair: Pair) -> Counter[str]:
    """Return in which states the connections of both nodes are."""
    found: Counter[str] = Counter()
    for node in (pair.a, pair.b):
        page = ""
        while True:
            shown = await node.read(f"/v1/connections?limit=100{page}")
            found.update(item["state"] for item in shown["items"])
            if shown["next_page_token"] is None:
                break
            page = f"&page_token={shown['next_page_token']}"
    return found


async def test_two_hundred_at_once_all_become_active(working: tuple[Pair, CountingNetwork]) -> None:
    pair, network = working
    # All of them come from one address, and more passwords from there at once would look like guesses.
    door = asyncio.Semaphore(WRONG_SIGN_INS_BY_SOURCE.most // 2)
    # A node looks at so many hosts at once; whoever comes on top of that is told to come again.
    looks = asyncio.Semaphore(MOST_LOOKS // 2)
    people = await asyncio.gather(*(set_up(pair, login, door, looks) for login in ADMINS))
    assert {person.status for person in people} == {200}
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await is_pending(pair.a) or await is_pending(pair.b):
            pass  # each look lets the workers work
    assert await states(pair) == {"active": 2 * HANDSHAKES}
    assert network.refused == {}
