"""A check names why a connection does not work, one cause at a time, with a sentence and a way out for each."""

from typing import Any

import httpx
import pytest

from tests.lifecycle.test_pausing import at, pause
from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio


async def check(pair: Pair, connection: dict[str, Any], *, at_b: bool = False) -> dict[str, Any]:
    api = pair.b.api if at_b else pair.a.api
    return read(await api.post(f"/v1/connections/{connection['id']}/checks"), 200)


def causes(checked: dict[str, Any]) -> list[str]:
    assert checked["ok"] is (not checked["causes"])
    assert all(cause["detail"] and cause["fix"] for cause in checked["causes"])
    return [cause["cause"] for cause in checked["causes"]]


async def test_a_connection_that_works_was_seen_now(each_pair: Pair) -> None:
    pair = each_pair
    here, _ = await pair.connected()
    pair.clock.advance(120)
    checked = await check(pair, here)
    assert causes(checked) == []
    now = pair.clock.now().isoformat().replace("+00:00", "Z")
    assert checked["destination"]["last_seen_at"] == checked["checked_at"] == now
    shown = await at(pair.a, here)
    assert shown["destination"] == checked["destination"]
    assert "check" in [action["id"] for action in shown["next_actions"]]


class Silent(httpx.AsyncBaseTransport):
    """A host that never answers."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise TimeoutError


async def test_a_host_that_is_down_is_a_result(pair: Pair) -> None:
    here, _ = await pair.connected()
    pair.network.down.add("b.test")
    assert causes(await check(pair, here)) == ["refused"]
    shown = await at(pair.a, here)
    assert (shown["state"], shown["last_error"]) == ("active", None)


async def test_a_host_that_takes_too_long(pair: Pair) -> None:
    here, _ = await pair.connected()
    pair.network.hosts["b.test"] = Silent()
    assert causes(await check(pair, here)) == ["timeout"]


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        (b'"parley_version":"1"', b'"parley_version":"2"', "version"),
        (b"https://b.test/sandbox/b-tracker", b"https://b.test/sandbox/another", "wrong_node"),
        (b'"issuer":"https://b.test/i/b-tracker"', b'"issuer":"https://b.test/i/other"', "wrong_node"),
    ],
)
async def test_another_node_than_agreed(pair: Pair, old: bytes, new: bytes, cause: str) -> None:
    here, _ = await pair.connected()
    pair.network.rewrite = (old, new)
    assert causes(await check(pair, here)) == [cause]


async def test_clocks_that_are_apart(pair: Pair) -> None:
    here, _ = await pair.connected()
    pair.network.hosts["b.test"] = Elsewhen(pair.network.hosts["b.test"])
    checked = await check(pair, here)
    assert causes(checked) == ["clock"]
    assert "ahead of" in checked["causes"][0]["detail"]


class Elsewhen(httpx.AsyncBaseTransport):
    """A host whose clock is years ahead."""

    def __init__(self, inside: httpx.AsyncBaseTransport) -> None:
        self.inside = inside

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.inside.handle_async_request(request)
        answer.headers["Date"] = "Tue, 01 Jan 2036 00:00:00 GMT"
        return answer


class Refusing(httpx.AsyncBaseTransport):
    """A host that refuses one path in one way."""

    def __init__(self, inside: httpx.AsyncBaseTransport, path: str, error: str) -> None:
        self.inside, self.path, self.error = inside, path, error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.path in request.url.path:
            return httpx.Response(401, json={"error": self.error})
        return await self.inside.handle_async_request(request)


@pytest.mark.parametrize(
    ("path", "error", "cause"),
    [("/oauth/token", "invalid_client", "keys"), ("/connections/", "invalid_token", "auth")],
)
async def test_a_side_that_does_not_believe_us(pair: Pair, path: str, error: str, cause: str) -> None:
    here, _ = await pair.connected()
    pair.network.hosts["b.test"] = Refusing(pair.network.hosts["b.test"], path, error)
    assert causes(await check(pair, here)) == [cause]
    assert (await at(pair.a, here))["state"] == "active"


async def test_what_either_side_has_paused(pair: Pair) -> None:
    here, there = await pair.connected()
    await pause(pair.b, there)
    assert causes(await check(pair, here)) == ["paused_there"]
    await pause(pair.a, here)
    assert causes(await check(pair, here)) == ["paused_here", "paused_there"]
    assert causes(await check(pair, there, at_b=True)) == ["paused_here", "paused_there"]


async def test_what_was_closed_there_is_closed_here(pair: Pair) -> None:
    here, there = await pair.connected()
    await pair.b.api.delete(f"/v1/connections/{there['id']}")
    checked = await check(pair, here)
    assert (causes(checked), checked["state"]) == (["closed_there"], "closed")
    again = read(await pair.a.api.post(f"/v1/connections/{here['id']}/checks"), 410)
    assert again["code"] == "connection-closed"


async def test_a_draft_has_nothing_to_check(pair: Pair) -> None:
    draft = await pair.draft()
    refused = read(await pair.a.api.post(f"/v1/connections/{draft['id']}/checks"), 409)
    assert (refused["code"], refused["connection"]) == ("step-not-allowed", draft["id"])
    assert refused["next_actions"]


async def test_a_local_connection_asks_nobody(pair: Pair) -> None:
    details = {"local_short_name": "Here", "destination_short_name": "There"}
    body = {"instance": pair.a.slug, "destination": {"type": "local"}, "details": details, "mode": "basic"}
    draft = await pair.post("/v1/connections", body)
    await pair.a.api.post(f"/v1/connections/{draft['id']}/activation")
    pair.network.seen.clear()
    assert causes(await check(pair, draft)) == []
    await pause(pair.a, draft)
    assert causes(await check(pair, draft)) == ["paused_here"]
    assert pair.network.seen == []


async def test_somebody_elses_connection_does_not_exist(pair: Pair) -> None:
    here, _ = await pair.connected()
    assert (await pair.b.api.post(f"/v1/connections/{here['id']}/checks")).status_code == 404
