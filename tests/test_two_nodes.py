"""Two nodes agree on a connection: the whole way, as a person and a program go it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import databases
from tests.nodes import Network, Person, RunningNode, running_node
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio


@dataclass
class Pair:
    """The asking node, the asked one, and the network between them."""

    a: RunningNode
    b: RunningNode
    network: Network
    clock: FrozenClock

    async def draft(self, mode: str = "visual") -> dict[str, object]:
        answer = await self.a.api.post(
            "/v1/connections",
            json={
                "instance": self.a.slug,
                "destination": {"type": "public", "url": self.b.issuer},
                "details": {"local_short_name": "A", "destination_short_name": "B"},
                "mode": mode,
            },
        )
        assert answer.status_code == 201, answer.text
        found: dict[str, object] = answer.json()
        return found


@pytest.fixture
async def pair(database_url: str, sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Pair]:
    network, clock = Network(), FrozenClock()
    other = databases.sqlite_copy(sqlite_template, tmp_path / "b.db")
    async with AsyncExitStack() as stack:
        a = await stack.enter_async_context(running_node(network, "a", database_url, clock))
        b = await stack.enter_async_context(running_node(network, "b", other, clock))
        yield Pair(a, b, network, clock)


async def test_public_connection_with_verified_admin_access(pair: Pair) -> None:
    draft = await pair.draft()
    assert draft["state"] == "draft"
    made = await pair.a.api.post(f"/v1/connections/{draft['id']}/verification-sessions")
    assert made.status_code == 201, made.text
    session = made.json()

    alice = Person(pair.network)
    await alice.open(session["start_url"])
    await alice.sign_in()
    assert session["comparison_code"] in alice.page
    await alice.submit()
    await alice.sign_in()
    assert session["comparison_code"] in alice.page, alice.page
    await alice.submit(button="accept")
    assert alice.url == session["start_url"], alice.page

    await pair.a.work()
    shown = await pair.a.read(f"/v1/connections/{draft['id']}")
    assert shown["state"] == "active", shown
    listed = (await pair.b.read("/v1/connections"))["items"]
    assert [item["state"] for item in listed] == ["active"]
    assert listed[0]["shared_id"] == shown["shared_id"]
