"""Pages of the listed origins may call the API; those of all others may not, and no page may call the rest."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.nodes import Network, RunningNode, running_node
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
APP, EVIL = "https://app.example.com", "https://evil.example.com"
ALLOW_ORIGIN, EXPOSED = "access-control-allow-origin", "access-control-expose-headers"


@pytest.fixture
async def node(sqlite_url: str) -> AsyncIterator[RunningNode]:
    async with running_node(Network(), "acme", sqlite_url, FrozenClock(), cors_origins=(APP,)) as node:
        yield node


async def ask_first(
    node: RunningNode, origin: str, method: str, headers: str = "authorization,content-type"
) -> httpx.Response:
    """Return the answer to what a browser asks before a request that no form could make."""
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return await node.api.options("/v1/connections", headers={"Origin": origin, **asked})


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_a_listed_origin_may_ask_with_every_method(node: RunningNode, method: str) -> None:
    headers = "authorization,content-type,idempotency-key,if-match,if-none-match,last-event-id,prefer"
    answer = await ask_first(node, APP, method, headers)
    assert answer.status_code == 200
    assert answer.headers[ALLOW_ORIGIN] == APP
    assert answer.headers["access-control-max-age"] == "7200"
    assert answer.headers["request-id"]


async def test_a_listed_origin_reads_answers_with_the_headers_that_it_needs(node: RunningNode) -> None:
    answer = await node.api.get("/v1/connections", headers={"Origin": APP})
    assert answer.headers[ALLOW_ORIGIN] == APP
    exposed = {name.strip() for name in answer.headers[EXPOSED].split(",")}
    assert exposed >= {
        "ETag",
        "Location",
        "Link",
        "Request-Id",
        "RateLimit",
        "Retry-After",
        "Idempotent-Replayed",
    }
    assert "Origin" in answer.headers["vary"]


async def test_refusals_are_read_too(node: RunningNode) -> None:
    answer = await node.api.get("/v1/connections/con_1", headers={"Origin": APP})
    assert (answer.status_code, answer.headers[ALLOW_ORIGIN]) == (404, APP)


async def test_a_fault_is_read_by_listed_origins_only(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.api.connections.list_connections", None)
    answer = await node.api.get("/v1/connections", headers={"Origin": APP})
    assert (answer.status_code, answer.headers[ALLOW_ORIGIN]) == (500, APP)
    elsewhere = await node.api.get("/v1/connections", headers={"Origin": EVIL})
    assert (elsewhere.status_code, elsewhere.headers.get(ALLOW_ORIGIN)) == (500, None)


@pytest.mark.parametrize(
    "origin", [EVIL, "null", "http://app.example.com", "https://app.example.com.evil.test"]
)
async def test_another_origin_may_neither_ask_nor_read(node: RunningNode, origin: str) -> None:
    assert (await ask_first(node, origin, "POST")).headers.get(ALLOW_ORIGIN) is None
    answer = await node.api.get("/v1/connections", headers={"Origin": origin})
    assert answer.headers.get(ALLOW_ORIGIN) is None


async def test_no_origin_may_send_cookies(node: RunningNode) -> None:
    for answer in (await ask_first(node, APP, "GET"), await node.api.get("/v1/me", headers={"Origin": APP})):
        assert "access-control-allow-credentials" not in answer.headers
        assert answer.headers[ALLOW_ORIGIN] != "*"


@pytest.mark.parametrize("path", ["/i/acme-tracker/sign-in", "/i/acme-tracker/oauth/token", "/metrics"])
async def test_pages_and_protocol_are_open_to_no_other_origin(node: RunningNode, path: str) -> None:
    answer = await node.api.get(path, headers={"Origin": APP})
    assert answer.headers.get(ALLOW_ORIGIN) is None


async def test_without_listed_origins_nothing_is_open(sqlite_url: str) -> None:
    async with running_node(Network(), "acme", sqlite_url, FrozenClock()) as node:
        assert (await ask_first(node, APP, "GET")).status_code == 405
        assert (await node.api.get("/v1/me", headers={"Origin": APP})).headers.get(ALLOW_ORIGIN) is None
