"""Who asks too often reads when it works again; nobody else notices. Every limit is the real one."""

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.limits import table as limits
from service.limits.counts import MOST_SUBJECTS, Counts
from service.limits.table import FLOODS, GUESSES, LIMITED, Limit, LimitedOperation, Voice
from service.problems.tree import RateLimited
from tests.authorization.stranger import Stranger, error_of
from tests.databases import sqlite_copy
from tests.nodes import Network, RunningNode, running_node
from tests.openapi.test_openapi import DESCRIPTION
from tests.small_node import ALICE, NOW, FrozenClock

pytestmark = pytest.mark.anyio
PROBE = "/v1/destination-probes"
# Documents that cost nothing but their bytes, and that caches may keep.
PUBLISHED = {"/i/{slug}", "/i/{slug}/oauth/client.json", "/i/{slug}/oauth/jwks"}
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture
async def network() -> Network:
    return Network()


@pytest.fixture
async def node(network: Network, sqlite_url: str) -> AsyncIterator[RunningNode]:
    async with running_node(network, "acme", sqlite_url, FrozenClock(), rate_limits=True) as node:
        node.node.counts.windows.clear()  # the instance was made from here too
        yield node


async def ask(node: RunningNode, method: str, path: str, source: str = HERE, **more: Any) -> httpx.Response:
    transport = httpx.ASGITransport(node.app, client=(source, 1), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=node.url) as client:
        return await client.request(method, path, **more)


def use_up(node: RunningNode, limit: Limit, subject: str = HERE, *, but: int = 0) -> None:
    """Count as often as the limit allows, but for so many."""
    for _ in range(limit.most - but):
        node.node.counts.spend(node.clock.now(), (limit, subject))


async def test_each_limited_operation_refuses_in_its_voice_and_says_when_again(node: RunningNode) -> None:
    for operation in LIMITED:
        node.node.counts.windows.clear()
        await _refuses(node, operation, _path_of(node, operation))


def test_whatever_strangers_can_make_a_node_do_is_limited_once() -> None:
    reached = {
        (method.upper(), path)
        for path, operations in DESCRIPTION["paths"].items()
        for method in operations
        if path.startswith("/i/{slug}/") and not (method == "get" and path in PUBLISHED)
    }
    limited = [(operation.method, operation.template) for operation in LIMITED]
    assert reached - set(limited) == set()
    assert len(limited) == len(set(limited))


async def _refuses(node: RunningNode, operation: LimitedOperation, path: str) -> None:
    name, most = operation.limit.name, operation.limit.most
    use_up(node, operation.limit, but=1)
    last = await ask(node, operation.method, path)
    assert last.status_code != 429
    assert last.headers.get("ratelimit-policy", "").startswith(f'"{name}";q={most};w=60')
    assert last.headers["ratelimit"].startswith(f'"{name}";r=0;t=60')
    node.clock.advance(20.5)
    refused = await ask(node, operation.method, path)
    assert (refused.status_code, refused.headers.get("retry-after")) == (429, "40")
    assert refused.headers["ratelimit"] == f'"{name}";r=0;t=40'
    node.clock.advance(-0.5)
    assert (await ask(node, operation.method, path, ELSEWHERE)).status_code != 429
    again = node.clock.now() + timedelta(seconds=40)
    _says_when(refused, operation, again)
    node.clock.advance(40)
    assert (await ask(node, operation.method, path)).status_code != 429


def _says_when(refused: httpx.Response, operation: LimitedOperation, again: datetime) -> None:
    match operation.voice:
        case Voice.API:
            problem = refused.json()
            assert (problem["code"], problem["limit"]) == ("rate-limited", operation.limit.name)
            assert problem["retry_at"] == f"{again:%Y-%m-%dT%H:%M:%SZ}"
        case Voice.PAGE:
            assert f"Wait until {again:%H:%M:%S} UTC" in refused.text
        case Voice.PROTOCOL:
            assert refused.json()["error"] == "temporarily_unavailable"
            assert f"{again:%Y-%m-%dT%H:%M:%SZ}" in refused.json()["error_description"]


def _path_of(node: RunningNode, operation: LimitedOperation) -> str:
    return re.sub(r"\{[a-z_]+\}", "nobody", operation.template.replace("{slug}", node.slug))


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"json": {"url": "https://nobody.test"}}, 401),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"content": b"x" * 70_000}, 413),
    ],
    ids=["who asks is not known", "it cannot be read", "it is too large"],
)
async def test_a_refusal_for_another_reason_counts_and_tells_too(
    node: RunningNode, sent: dict[str, Any], status: int
) -> None:
    answer = await ask(node, "POST", PROBE, **sent)
    assert answer.status_code == status
    most = limits.PROBES_BY_SOURCE.most
    assert answer.headers["ratelimit"] == f'"probes-by-source";r={most - 1};t=60'


async def test_who_asks_too_often_is_refused_before_the_body_is_read(node: RunningNode) -> None:
    read: list[bytes] = []

    async def body() -> AsyncIterator[bytes]:
        read.append(b"{}")
        yield b"{}"

    use_up(node, limits.SIGN_INS_BY_SOURCE)
    refused = await ask(node, "POST", "/v1/sessions", content=body())
    assert (refused.status_code, read) == (429, [])


async def test_the_whole_network_of_an_ipv6_customer_is_one_source(node: RunningNode) -> None:
    use_up(node, limits.SIGN_INS_BY_SOURCE, "2001:db8:1:2::/64")
    assert (await ask(node, "POST", "/v1/sessions", "2001:db8:1:2::abc")).status_code == 429
    assert (await ask(node, "POST", "/v1/sessions", "2001:db8:1:3::abc")).status_code == 422


async def test_a_browser_gets_the_refusal_as_a_page(node: RunningNode) -> None:
    use_up(node, limits.PAGES_BY_SOURCE)
    page = await ask(node, "GET", "/v1/verification-sessions/vs_1/start", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (429, "text/html; charset=utf-8")
    assert "Your network opened too many pages." in page.text
    assert page.headers["content-security-policy"]
    assert page.headers["request-id"]


async def probe(node: RunningNode, token: str, source: str, host: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    body = {"instance": node.slug, "url": f"https://{host}"}
    return await ask(node, "POST", PROBE, source, json=body, headers=headers)


async def token(node: RunningNode, name: str) -> str:
    new = {"name": name, "scopes": ["connections:write"], "all_instances": True}
    return str((await node.api.post("/v1/access-tokens", json=new)).json()["token"])


async def test_one_caller_has_one_share_wherever_it_asks_from(node: RunningNode) -> None:
    greedy, other = await token(node, "greedy"), await token(node, "other")
    most, number = limits.PROBES_BY_CALLER.most, count()
    answers = [
        await probe(node, greedy, f"192.0.2.{each}", f"h{next(number)}.test") for each in range(most + 1)
    ]
    assert [answer.status_code for answer in answers] == [200] * most + [429]
    assert answers[-1].json()["limit"] == "probes-by-caller"
    assert '"probes-by-host";r=59;t=60' in answers[0].headers["ratelimit"]
    assert (await probe(node, other, HERE, "one-more.test")).status_code == 200


async def test_a_host_is_looked_at_so_often_whoever_asks(node: RunningNode, network: Network) -> None:
    own = await token(node, "own")
    use_up(node, limits.PROBES_BY_HOST, "victim.test")
    before = len(network.seen)
    refused = await probe(node, own, HERE, "victim.test")
    assert (refused.status_code, refused.json().get("limit")) == (429, "probes-by-host")
    assert len(network.seen) == before
    assert (await probe(node, own, HERE, "other.test")).status_code == 200


async def test_every_other_way_to_make_a_node_look_has_the_same_share(node: RunningNode) -> None:
    made = (await node.api.post("/v1/connections", json={"instance": node.slug})).json()
    use_up(node, limits.PROBES_BY_HOST, "victim.test")
    wanted = {"type": "public", "url": "https://victim.test"}
    new = {"instance": node.slug, "destination": wanted}
    answers = [
        await node.api.post("/v1/connections", json=new),
        await node.api.put(f"/v1/connections/{made['id']}/destination", json=wanted),
    ]
    assert [answer.json().get("limit") for answer in answers] == ["probes-by-host"] * 2


async def test_a_verification_looks_at_the_other_node_too(
    node: RunningNode, network: Network, sqlite_template: Path, tmp_path: Path
) -> None:
    url = sqlite_copy(sqlite_template, tmp_path / "b.db")
    async with running_node(network, "b", url, node.clock) as other:
        details = {"local_short_name": "A", "destination_short_name": "B"}
        wanted = {"type": "public", "url": other.issuer}
        new = {"instance": node.slug, "destination": wanted, "details": details, "mode": "visual"}
        made = (await node.api.post("/v1/connections", json=new)).json()
        use_up(node, limits.PROBES_BY_HOST, "b.test", but=1)
        refused = await node.api.post(f"/v1/connections/{made['id']}/verification-sessions")
    assert (refused.status_code, refused.json()["limit"]) == (429, "probes-by-host")


async def test_a_client_has_one_share_of_tokens_wherever_it_asks_from(
    node: RunningNode, network: Network
) -> None:
    stranger = Stranger(network, node)
    await stranger.redeemed()
    use_up(node, limits.TOKENS_BY_CLIENT, stranger.client_id, but=1)
    refused = await stranger.connection_token()
    assert error_of(refused) == (429, "temporarily_unavailable")


async def test_a_client_redeems_no_more_codes_than_its_share(node: RunningNode, network: Network) -> None:
    stranger = Stranger(network, node)
    code = await stranger.code()
    use_up(node, limits.TOKENS_BY_CLIENT, stranger.client_id)
    assert error_of(await stranger.redeem(code)) == (429, "temporarily_unavailable")


async def test_with_limits_off_floods_pass_and_guesses_do_not(sqlite_url: str) -> None:
    async with running_node(Network(), "acme", sqlite_url, FrozenClock(), rate_limits=False) as node:
        wrong = {"instance": node.slug, "method": "password", "values": {**ALICE, "password": "x"}}
        answers = [await ask(node, "POST", "/v1/sessions", json=wrong) for _ in range(7)]
        floods = [await ask(node, "POST", PROBE, json={}) for _ in range(limits.PROBES_BY_SOURCE.most + 5)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
    assert {answer.status_code for answer in floods} == {401}
    assert "ratelimit" not in floods[-1].headers


def test_counts_do_not_grow_without_end() -> None:
    counts = Counts()
    limit = limits.PROBES_BY_HOST
    for number in range(MOST_SUBJECTS + 500):
        counts.spend(NOW, (limit, f"host{number}"))
    assert len(counts.windows[limit.name]) <= MOST_SUBJECTS + 1
    counts.spend(NOW + limit.window, (limit, "late"))
    assert list(counts.windows[limit.name]) == ["late"]


def test_one_that_is_refused_counts_for_nobody() -> None:
    counts = Counts()
    full, other = limits.PROBES_BY_CALLER, limits.PROBES_BY_HOST
    for _ in range(full.most):
        counts.spend(NOW, (full, "greedy"))
    with pytest.raises(RateLimited):
        counts.spend(NOW, (other, "host"), (full, "greedy"))
    assert "host" not in counts.windows.get(other.name, {})


def test_each_limit_has_a_name_of_its_own() -> None:
    names = [limit.name for limit in (*FLOODS, *GUESSES)]
    assert sorted(names) == sorted(set(names))
