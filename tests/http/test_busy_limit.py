"""What is too slow, too much at once or for too many is refused soon, and in words."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from service import main
from service.authorization.clients import documents as client_documents
from service.discovery import looks
from service.http.body_limit import BodyLimit
from service.limits import at_once
from service.limits.at_once import AtOnce, Full
from tests.authorization.stranger import Stranger, error_of
from tests.deadlines import PATIENCE_SECONDS
from tests.nodes import Network, RunningNode, running_node
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"


class Held:
    """Hosts that answer only when they are let."""

    def __init__(self) -> None:
        self.arrivals = asyncio.Semaphore(0)
        self.may_answer = asyncio.Event()

    async def __call__(self, _request: httpx.Request) -> httpx.Response:
        self.arrivals.release()
        await self.may_answer.wait()
        return httpx.Response(404)

    async def are_asked(self, times: int) -> None:
        """Wait until so many more have come."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            for _ in range(times):
                await self.arrivals.acquire()


@pytest.fixture
async def network() -> Network:
    return Network()


@pytest.fixture
async def node(
    network: Network, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RunningNode]:
    monkeypatch.setattr(main, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(main, "MOST_OF_A_SOURCE", 2)
    monkeypatch.setattr(main, "MAX_BODY_SECONDS", 0.1)
    async with running_node(network, "acme", sqlite_url, FrozenClock(), rate_limits=True) as node:
        yield node


async def ask(
    node: RunningNode, path: str, source: str = HERE, method: str = "GET", **more: object
) -> httpx.Response:
    transport = httpx.ASGITransport(node.app, client=(source, 1), raise_app_exceptions=False)
    headers = {"Authorization": node.api.headers["Authorization"]}
    async with httpx.AsyncClient(transport=transport, base_url=node.url, headers=headers) as client:
        return await client.request(method, path, **more)  # type: ignore[arg-type]


def probe(node: RunningNode, host: str, source: str = HERE) -> asyncio.Task[httpx.Response]:
    body = {"instance": node.slug, "url": f"https://{host}"}
    return asyncio.create_task(ask(node, "/v1/destination-probes", source, "POST", json=body))


async def test_one_source_has_its_share_of_a_process_and_a_process_has_an_end(
    node: RunningNode, network: Network
) -> None:
    held = Held()
    network.hosts["slow.test"] = httpx.MockTransport(held)
    begun = [probe(node, "slow.test"), probe(node, "slow.test")]
    await held.are_asked(2)
    refused = await ask(node, "/v1/me")
    assert (refused.status_code, refused.headers.get("retry-after")) == (429, "1")
    assert (refused.json()["code"], refused.json()["most"]) == ("rate-limited", 2)
    assert (await ask(node, "/v1/me", ELSEWHERE)).status_code == 200
    begun.append(probe(node, "slow.test", ELSEWHERE))
    await held.are_asked(1)
    refused = await ask(node, "/v1/me", "203.0.113.1")
    assert (refused.status_code, refused.headers.get("retry-after")) == (503, "1")
    assert (refused.json()["code"], refused.headers["request-id"] != "") == ("unavailable", True)
    spoken = await ask(node, f"/i/{node.slug}/oauth/token", "203.0.113.1", "POST")
    assert error_of(spoken) == (503, "temporarily_unavailable")
    assert {(await ask(node, path)).status_code for path in ("/livez", "/readyz")} == {200}
    held.may_answer.set()
    assert [(await task).status_code for task in begun] == [200] * 3
    assert (await ask(node, "/v1/me")).status_code == 200


async def _late() -> AsyncIterator[bytes]:
    """The rest comes when the node's patience has been over for long."""
    yield b"{"
    never = asyncio.get_running_loop().create_future()
    for _ in range(10):
        await asyncio.wait({never}, timeout=main.MAX_BODY_SECONDS)
    yield b"}"


async def test_a_body_that_does_not_come_is_not_waited_for(node: RunningNode) -> None:
    json = {"Content-Type": "application/json"}
    late = await ask(node, "/v1/connections", method="POST", content=_late(), headers=json)
    assert (late.status_code, late.headers.get("connection")) == (408, "close")
    assert (late.json()["code"], late.json()["max_seconds"]) == ("request-timeout", 0.1)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    spoken = await ask(node, f"/i/{node.slug}/oauth/par", method="POST", content=_late(), headers=form)
    assert (error_of(spoken), spoken.headers["connection"]) == ((400, "invalid_request"), "close")
    assert "in time" in spoken.json()["error_description"]


async def test_what_is_too_large_ends_the_connection(node: RunningNode) -> None:
    answer = await ask(node, "/v1/connections", method="POST", content=b"x" * 70_000)
    assert (answer.status_code, answer.headers.get("connection")) == (413, "close")
    assert "connection" not in (await ask(node, "/v1/me")).headers


async def test_who_has_sent_everything_may_be_answered_slowly(
    node: RunningNode, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is on what comes in; a handler that waits for a disconnection afterwards waits on."""
    waited: list[str] = []

    async def listening(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await receive()
        waited.append("on")

    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, object]:
        return messages.pop() if messages else await asyncio.Event().wait()  # type: ignore[return-value]

    async def send(_: object) -> None:
        """Nothing is sent."""

    limit = BodyLimit(listening, max_bytes=10, max_seconds=0.1)
    await limit({"type": "http", "headers": []}, receive, send)
    assert waited == ["on"]


async def test_places_are_waited_for_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    places, freed = AtOnce(), asyncio.Event()
    order: list[str] = []

    async def work(name: str) -> None:
        async with places.place("work", 1):
            order.append(name)
            await freed.wait()

    first, second = asyncio.create_task(work("first")), asyncio.create_task(work("second"))
    async with places.place("other", 1):
        freed.set()
        await asyncio.gather(first, second)
    assert order == ["first", "second"]
    monkeypatch.setattr(at_once, "WAIT_SECONDS", 0.0)
    async with places.place("work", 1):
        with pytest.raises(Full):
            await work("never")
    with pytest.raises(RuntimeError):
        await _fail_at(places)
    await work("again")
    assert order == ["first", "second", "again"]


async def _fail_at(places: AtOnce) -> None:
    async with places.place("work", 1):
        raise RuntimeError


async def test_strangers_take_no_more_than_their_share_of_calls(
    network: Network, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documents of clients, and hosts to look at: each has places of its own, and leaves the others' alone."""
    monkeypatch.setattr(at_once, "WAIT_SECONDS", 0.0)
    held, documents = Held(), Held()
    async with running_node(network, "acme", sqlite_url, FrozenClock()) as node:
        known = Stranger(network, node, "known.test")
        assert (await known.push()).status_code == 201
        begun = []
        for number in range(looks.MOST_LOOKS):
            network.hosts[f"h{number}.test"] = httpx.MockTransport(held)
            begun.append(probe(node, f"h{number}.test"))
        await held.are_asked(looks.MOST_LOOKS)
        refused = await probe(node, "one-more.test")
        assert (refused.status_code, refused.json().get("code")) == (503, "unavailable")
        slow = [Stranger(network, node, f"s{number}.test") for number in range(client_documents.MOST_FETCHES)]
        for stranger in slow:
            network.hosts[stranger.host] = httpx.MockTransport(documents)
        pushes = [asyncio.create_task(stranger.push()) for stranger in slow]
        await documents.are_asked(client_documents.MOST_FETCHES)
        assert error_of(await Stranger(network, node, "late.test").push()) == (503, "temporarily_unavailable")
        assert (await known.push()).status_code == 201
        held.may_answer.set()
        documents.may_answer.set()
        assert {(await task).status_code for task in begun} == {200}
        assert {(await task).status_code for task in pushes} == {401}
