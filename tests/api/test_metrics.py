"""What monitoring reads of a node: how it fares, and nothing about whom it serves."""

import re
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.nodes import Network, RunningNode, running_node
from tests.pairs import Pair
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
TOKEN = "monitoring-0123456789"
Samples = dict[tuple[str, ...], float]


def samples(text: str) -> Samples:
    """Return each value by its name and its labels, in the order of their names."""
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def measured(node: RunningNode) -> Samples:
    answer = await node.api.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return samples(answer.text)


async def test_requests_are_counted_by_the_template_of_their_route(pair: Pair) -> None:
    draft = await pair.draft()
    await pair.shown(draft)
    await pair.a.api.get("/v1/connections/con_unknown")
    await pair.a.api.get("/no/such/path")
    await pair.a.api.request("BREW", "/livez")
    found = await measured(pair.a)
    assert found["parley_http_requests_total", "GET", "/v1/connections/{connection_id}", "200"] == 1
    assert found["parley_http_requests_total", "GET", "/v1/connections/{connection_id}", "404"] == 1
    assert found["parley_http_requests_total", "POST", "/v1/connections", "201"] == 1
    assert found["parley_http_requests_total", "GET", "none", "404"] == 1
    assert found["parley_http_requests_total", "other", "/livez", "405"] == 1
    count = "parley_http_request_duration_seconds_count"
    assert found[count, "GET", "/v1/connections/{connection_id}"] == 2


async def test_a_crash_is_counted_as_one(pair: Pair) -> None:
    async def broken() -> None:
        raise LookupError

    pair.a.app.add_api_route("/broken", broken)
    await pair.a.api.get("/broken")
    assert (await measured(pair.a))["parley_http_requests_total", "GET", "/broken", "500"] == 1


async def test_open_jobs_and_connections_are_measured(each_pair: Pair) -> None:
    draft = await each_pair.draft()
    await each_pair.session(draft)
    each_pair.clock.advance(16 * 60)
    found = await measured(each_pair.a)
    assert found["parley_connections", "draft"] == 1
    assert found["parley_connections", "active"] == 0
    assert found["parley_jobs_open", "expire_verification_session"] == 1
    assert found["parley_jobs_overdue_seconds", "expire_verification_session"] == 60
    await each_pair.a.work()
    assert ("parley_jobs_open", "expire_verification_session") not in await measured(each_pair.a)
    assert found["parley_build_info", each_pair.a.app.version] == 1


async def test_no_label_says_whom_the_node_serves(pair: Pair) -> None:
    here, _ = await pair.connected()
    text = (await pair.a.api.get("/metrics")).text
    labels = set(re.findall(r'="([^"]*)"', text))
    told = (
        f"{here['id']} {here['shared_id']} {pair.a.slug} {pair.b.slug} a.test b.test alice 127.0.0.1".split()
    )
    assert [(label, word) for label in labels for word in told if word in label] == []
    assert {"/i/{slug}/oauth/callback", "/i/{slug}/connections/{shared_id}"} & labels


@pytest.fixture
async def guarded(sqlite_url: str) -> AsyncIterator[RunningNode]:
    network, clock = Network(), FrozenClock()
    async with running_node(network, "acme", sqlite_url, clock, metrics_token=TOKEN) as node:
        yield node


@pytest.fixture
async def open_node(sqlite_url: str) -> AsyncIterator[RunningNode]:
    async with running_node(Network(), "acme", sqlite_url, FrozenClock()) as node:
        yield node


async def test_monitoring_shows_its_token(guarded: RunningNode) -> None:
    for given, expected in (
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 401),
        (f"Basic {TOKEN}", 401),
        ("", 401),
        (guarded.api.headers["Authorization"], 401),
    ):
        answer = await guarded.api.get("/metrics", headers={"Authorization": given})
        assert answer.status_code == expected, given
        assert (expected == 200) == ("parley_http_requests_total" in answer.text)
    refused = await guarded.api.get("/metrics")
    assert refused.headers["www-authenticate"] == 'Bearer realm="parley-metrics"'


def clients(node: RunningNode) -> Iterator[tuple[str, httpx.AsyncClient]]:
    """Yield somebody at each of these addresses."""
    for address in ("127.0.0.1", "::1", "192.0.2.7", "10.0.0.8"):
        transport = httpx.ASGITransport(node.app, client=(address, 50_000))
        yield address, httpx.AsyncClient(transport=transport, base_url=node.url)


async def test_without_a_token_only_this_machine_reads(open_node: RunningNode) -> None:
    for address, client in clients(open_node):
        answer = await client.get("/metrics")
        assert answer.status_code == (200 if address in {"127.0.0.1", "::1"} else 401), address
        assert ("PARLEY_METRICS_TOKEN" in answer.text) == (answer.status_code == 401)


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
async def test_who_comes_through_a_proxy_on_this_machine_is_not_on_it(
    open_node: RunningNode, name: str
) -> None:
    answer = await open_node.api.get("/metrics", headers={name: "127.0.0.1"})
    assert answer.status_code == 401
