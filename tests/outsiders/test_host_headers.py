"""Whatever name a request gives to this node: nothing that it answers is built from it."""

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from tests.authorization.stranger import Stranger
from tests.exchanges import Exchange
from tests.nodes import Person
from tests.pairs import Pair
from tests.recorded_examples import two_nodes

pytestmark = pytest.mark.anyio

POISON = "poison.example"
HEADERS: Mapping[str, str] = {
    "host": POISON,
    "x-forwarded-host": POISON,
    "x-forwarded-server": POISON,
    "x-forwarded-proto": "http",
    "x-forwarded-port": "81",
    "x-forwarded-prefix": f"//{POISON}",
    "x-host": POISON,
    "x-http-host-override": POISON,
    "x-original-host": POISON,
    "x-original-url": f"https://{POISON}/",
    "x-rewrite-url": f"https://{POISON}/",
    "forwarded": f"host={POISON};proto=http;for=192.0.2.1",
    "via": POISON,
}


class Poisoned(httpx.AsyncBaseTransport):
    """Stands before a node and gives it another name in every request."""

    def __init__(self, node: httpx.AsyncBaseTransport) -> None:
        self.node = node

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        # What was forwarded does not come from this machine, which alone may read these without a token.
        is_metrics = request.url.path == "/metrics"
        request.headers.update({"host": POISON} if is_metrics else HEADERS)
        return await self.node.handle_async_request(request)


def poisoned(exchange: Exchange) -> bool:
    """True where the name got into the answer, be it into a header or into the body."""
    told = [value for pair in exchange.answer.headers.multi_items() for value in pair]
    return POISON in exchange.answer.text or any(POISON in text for text in told)


async def test_every_operation_works_and_names_the_configured_address(
    sqlite_url: str, sqlite_template: Path, tmp_path: Path
) -> None:
    async with two_nodes(sqlite_url, sqlite_template, tmp_path) as walk:
        for host, node in list(walk.network.hosts.items()):
            walk.network.hosts[host] = Poisoned(node)
        await walk.everything()
        assert {POISON} == {each.request.headers["host"] for each in walk.log.exchanges}
        assert [str(exchange) for exchange in walk.log.exchanges if poisoned(exchange)] == []


async def test_every_refusal_names_the_configured_address(pair: Pair) -> None:
    node = Poisoned(pair.network.hosts["a.test"])
    async with httpx.AsyncClient(transport=node, base_url=pair.a.url) as client:
        for template, item in pair.a.app.openapi()["paths"].items():
            path = template.format_map(_Anything())
            for method in (*item, "trace"):
                for accept in ("application/json", "text/html"):
                    for end in ("", "/", "?page_token=x"):
                        answer = await client.request(method, path + end, headers={"Accept": accept})
                        assert POISON not in answer.text + str(answer.headers.multi_items()), (
                            f"{method} {path}"
                        )


class _Anything(dict[str, str]):
    """Each variable of a path is something that does not exist."""

    def __missing__(self, key: str) -> str:
        return "nothing"


@pytest.mark.parametrize(
    "origin", [f"https://{POISON}", "https://b.test.poison.example", "null", "http://b.test"]
)
async def test_a_form_of_another_site_is_refused_whatever_it_calls_this_node(pair: Pair, origin: str) -> None:
    """A check of Origin against Host would let it pass."""
    stranger = Stranger(pair.network, pair.b)
    person: Person = await stranger.visit()
    (form,) = person.forms()
    pair.network.hosts["b.test"] = Poisoned(pair.network.hosts["b.test"])
    answer = await person.client.post(
        person.url, data={**form.fields, "decision": "accept"}, headers={"Origin": origin}
    )
    assert answer.status_code == 401
    assert await pair.listed_at_b() == []
