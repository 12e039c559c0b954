"""Who asks with HEAD is answered as with GET, without the content (RFC 9110, 9.3.2): uptime monitors do so."""

import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from service.http.context import HttpContext
from tests.databases import sqlite_copy
from tests.pairs import Pair
from tests.served_node import served_node

pytestmark = pytest.mark.anyio
# Made anew for each answer.
OWN = {"request-id", "date"}


def headers(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in OWN}


async def differences(pair: Pair, paths: list[str], accept: str = "*/*") -> dict[str, object]:
    """Return what HEAD and GET say differently at these paths."""
    found: dict[str, object] = {}
    for path in paths:
        asked = {"Accept": accept}
        got, head = [await pair.a.api.request(method, path, headers=asked) for method in ("GET", "HEAD")]
        told = [(answer.status_code, headers(answer)) for answer in (got, head)]
        if told[0] != told[1] or head.content or not got.content:
            found[path] = (*told, head.content)
    return found


async def test_every_path_that_answers_get_answers_head(pair: Pair) -> None:
    paths = [path for path, item in pair.a.app.openapi()["paths"].items() if "get" in item]
    assert len(paths) > 30
    # A page's problem carries the id of its request in its length.
    with_request_id = {"Request-Id": "req_of_a_monitor"}
    pair.a.api.headers.update(with_request_id)
    assert await differences(pair, [path for path in paths if path != "/metrics"]) == {}
    assert await differences(pair, [path for path in paths if path != "/metrics"], "text/html") == {}


async def test_what_is_there_is_told_with_its_length(pair: Pair) -> None:
    draft = await pair.draft()
    session = await pair.session(draft)
    paths = ["/", "/livez", "/readyz", "/openapi.json", "/docs", "/redoc", "/static/pages.css", "/v1/me"]
    ids = [f"/v1/connections/{draft['id']}", f"/v1/verification-sessions/{session['id']}", "/v1/connections"]
    issuer = f"/i/{pair.a.slug}"
    protocol = [issuer, f"{issuer}/oauth/jwks", f"/.well-known/oauth-authorization-server{issuer}"]
    assert await differences(pair, [*paths, *ids, *protocol]) == {}
    for path in [*paths, *ids, *protocol]:
        answer = await pair.a.api.head(path)
        assert (answer.status_code, int(answer.headers["content-length"]) > 0) == (200, True), path


async def test_what_only_takes_other_methods_says_so(pair: Pair) -> None:
    answer = await pair.a.api.head("/v1/destination-probes")
    assert (answer.status_code, answer.headers["allow"], answer.content) == (405, "POST", b"")


async def test_it_is_counted_as_what_it_was(pair: Pair) -> None:
    await pair.a.api.head("/v1/connections/con_unknown")
    counted = (await pair.a.api.get("/metrics")).text
    one = '{method="HEAD",route="/v1/connections/{connection_id}",status="404"} 1.0'
    assert f"parley_http_requests_total{one}" in counted


def test_over_a_real_server_the_connection_goes_on(
    sqlite_url: str, sqlite_template: Path, tmp_path: Path
) -> None:
    with (
        served_node(sqlite_url, sqlite_copy(sqlite_template, tmp_path / "other.db")) as served,
        httpx.Client(base_url=served.url, trust_env=False) as client,
    ):
        for _ in range(2):
            head, got = client.head("/livez"), client.get("/livez")
            assert head.content == b""
            assert head.headers["content-length"] == got.headers["content-length"] == str(len(got.content))


async def test_an_answer_without_end_ends_with_its_headers() -> None:
    """A stream of events goes on until its client is gone; to HEAD everything is said at the beginning."""
    sent: list[Message] = []
    over = asyncio.Event()

    async def stream(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (await receive())["type"] != "http.disconnect":
            await send({"type": "http.response.body", "body": b"event", "more_body": True})

    async def receive() -> Message:
        """As a server says it: gone once the answer is complete."""
        return {"type": "http.disconnect"} if over.is_set() else {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            over.set()

    scope: Scope = {"type": "http", "method": "HEAD", "path": "/", "headers": [], "client": None}
    await HttpContext(stream, https=False)(scope, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[-1] == {"type": "http.response.body", "body": b""}
