"""Two nodes, a drafted connection between them, and a person who goes through the pages."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.nodes import Network, Person, RunningNode, running_node
from tests.small_node import FrozenClock

DETAILS = {"local_short_name": "A", "destination_short_name": "B"}


@dataclass
class Pair:
    """The asking node `a`, the asked node `b`, the network between them, and the time of both."""

    a: RunningNode
    b: RunningNode
    network: Network
    clock: FrozenClock

    async def post(self, path: str, body: object = None, *, expected: int = 201) -> dict[str, Any]:
        """Return what node A answers to a POST."""
        return read(await self.a.api.post(path, json=body), expected)

    async def draft(self, mode: str | None = "visual", **more: object) -> dict[str, Any]:
        """Return a fresh draft at A, towards B, ready for its verification."""
        destination = {"type": "public", "url": self.b.issuer}
        body = {"instance": self.a.slug, "destination": destination, "details": DETAILS, "mode": mode, **more}
        return await self.post("/v1/connections", body)

    async def session(self, connection: dict[str, Any]) -> dict[str, Any]:
        """Return a fresh verification session of the connection."""
        return await self.post(f"/v1/connections/{connection['id']}/verification-sessions")

    async def shown(self, connection: dict[str, Any]) -> dict[str, Any]:
        """Return the connection as A shows it now."""
        return read(await self.a.api.get(f"/v1/connections/{connection['id']}"), 200)

    async def shown_session(self, session: dict[str, Any]) -> dict[str, Any]:
        """Return the verification session as A shows it now."""
        return read(await self.a.api.get(f"/v1/verification-sessions/{session['id']}"), 200)

    async def listed_at_b(self) -> list[dict[str, Any]]:
        """Return the connections that B lists."""
        found = read(await self.b.api.get("/v1/connections"), 200)
        items: list[dict[str, Any]] = found["items"]
        return items

    async def person(self) -> Person:
        """Return somebody with a fresh browser."""
        return Person(self.network)

    async def to_consent(self, session: dict[str, Any], login: str = "alice") -> Person:
        """Return a person who started as alice at A and is signed in at B, in front of the decision."""
        person = Person(self.network)
        await person.open(session["start_url"])
        await person.sign_in()
        await person.submit()
        await person.sign_in(login)
        return person

    async def connected(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return an active connection as A and as B show it."""
        draft = await self.draft()
        person = await self.to_consent(await self.session(draft))
        await person.submit(button="accept")
        await self.a.work()
        return await self.shown(draft), (await self.listed_at_b())[0]

    async def work(self) -> None:
        """Both nodes do what is due, until nothing is."""
        while await self.a.work() + await self.b.work():
            pass


def read(answer: httpx.Response, expected: int) -> dict[str, Any]:
    """Return the JSON of an answer that has the expected status."""
    assert answer.status_code == expected, answer.text
    found: dict[str, Any] = answer.json()
    return found


@asynccontextmanager
async def two_nodes(
    a_url: str,
    b_url: str,
    *,
    network: Network | None = None,
    clock: FrozenClock | None = None,
    clock_of_b: FrozenClock | None = None,
) -> AsyncIterator[Pair]:
    """Give two started nodes on these databases; both look at one clock unless B has its own."""
    network, clock = network or Network(), clock or FrozenClock()
    async with AsyncExitStack() as stack:
        a = await stack.enter_async_context(running_node(network, "a", a_url, clock))
        b = await stack.enter_async_context(running_node(network, "b", b_url, clock_of_b or clock))
        yield Pair(a, b, network, clock)
