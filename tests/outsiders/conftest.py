"""One node that asks, for all tests of a file: each test brings a hostile node of its own to it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import databases
from tests.nodes import Network, Person, RunningNode, running_node
from tests.outsiders.hostile_node import HostileNode
from tests.outsiders.lies import TRAP
from tests.pairs import DETAILS, read
from tests.small_node import FrozenClock


@dataclass
class Asking:
    """Node A, an admin's browser, and a place where no packet may ever arrive."""

    a: RunningNode
    network: Network
    clock: FrozenClock
    person: Person
    met: list[HostileNode] = field(default_factory=list)

    def meet(self) -> HostileNode:
        """Return a hostile node that was not there before; what is counted by the minute is counted anew."""
        self.clock.advance(61)
        self.network.seen.clear()
        self.met.append(HostileNode(self.network, self.clock, f"evil{len(self.met)}.test"))
        return self.met[-1]

    async def draft(self, evil: HostileNode) -> dict[str, Any]:
        """Return a draft, made while the hostile node still tells the truth, and what that believed is forgotten."""
        destination = {"type": "public", "url": evil.issuer}
        body = {"instance": self.a.slug, "destination": destination, "details": DETAILS, "mode": "visual"}
        made = read(await self.a.api.post("/v1/connections", json=body), 201)
        self.clock.advance(61)
        return made

    async def begin(self, draft: dict[str, Any]) -> httpx.Response:
        """Return the answer to the wish for a verification session."""
        return await self.a.api.post(f"/v1/connections/{draft['id']}/verification-sessions")

    async def press_start(self, draft: dict[str, Any]) -> None:
        """The admin presses Start; the browser goes where the other node sends it."""
        session = read(await self.begin(draft), 201)
        await self.person.open(session["start_url"])
        if "/sign-in" in self.person.url:
            await self.person.sign_in()
        await self.person.submit()

    async def attempt(self, draft: dict[str, Any]) -> dict[str, Any]:
        """Return the connection after an attempt, when node A has done all that it can."""
        await self.press_start(draft)
        await self.a.work()
        return await self.shown(draft)

    async def shown(self, draft: dict[str, Any]) -> dict[str, Any]:
        return await self.a.read(f"/v1/connections/{draft['id']}")

    async def assert_draft(self, draft: dict[str, Any], code: str, **upstream: str) -> None:
        """The draft is its owner's again with the named reason, as it was, and nobody else heard of anything."""
        back = await self.shown(draft)
        assert back["state"] == "draft", back
        assert back["last_error"]["code"] == code, back["last_error"]
        told = back["last_error"].get("upstream") or {}
        assert {name: told.get(name) for name in upstream} == upstream
        for name in ("name", "mode", "local", "instance"):
            assert back[name] == draft[name], name
        assert back["last_error"]["fix"]
        self.assert_nobody_else_was_called()

    def assert_nobody_else_was_called(self) -> None:
        """The way out led to the node that was asked, and to nobody that it named."""
        hosts = {request.url.host for request in self.network.seen}
        assert hosts <= {"a.test", *(evil.host for evil in self.met)}, hosts


@pytest.fixture(scope="module")
async def asking(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    """Node A on SQLite; what was set up in one test stays, and every test has its own other side."""
    network, clock = Network(), FrozenClock()
    network.hosts[TRAP] = httpx.MockTransport(lambda _: httpx.Response(200, json={}))
    database = databases.sqlite_copy(sqlite_template, tmp_path_factory.mktemp("asking") / "parley.db")
    async with running_node(network, "a", database, clock) as a:
        yield Asking(a, network, clock, Person(network))
