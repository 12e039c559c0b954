"""Who is calling? A refusal says so in the words of RFC 6750, so that client libraries understand it."""

import asyncio
from datetime import timedelta
from typing import get_args

import pytest

from service.access.principals import SCOPES, requires
from service.access.scopes import INSTANCE_SCOPES, ScopeName
from service.egress.client import Reason
from service.trust.tokens import new_token
from tests.odd_platform import OddPlatform
from tests.small_node import SmallNode, running

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("authorization", ["", "Basic YTpi", "ply_without_scheme"])
async def test_without_a_credential_one_is_asked_for(node: SmallNode, authorization: str) -> None:
    answer = await node.call("GET", "/v1/me", authorization)
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"
    assert answer.headers["www-authenticate"] == 'Bearer realm="parley"'


@pytest.mark.parametrize("secret", ["ply_short", "pls_short", "x" * 5000, "ply_\u00e9", "\x7f"])
async def test_what_is_no_token_is_invalid(both: SmallNode, secret: str) -> None:
    headers = {b"Authorization": f"Bearer {secret}".encode("latin-1")}
    answer = await both.client.get("/v1/me", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="parley", error="invalid_token"')


async def test_a_token_that_nobody_was_given_is_invalid(both: SmallNode) -> None:
    for prefix in ("ply", "pls"):
        answer = await both.call("GET", "/v1/me", f"Bearer {new_token(prefix)}")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_token_works_until_it_expires(both: SmallNode) -> None:
    soon = both.clock.now() + timedelta(minutes=5)
    token = await both.token(expires_at=soon)
    assert (await both.call("GET", "/v1/me", token)).json()["expires_at"] == "2030-01-02T03:09:05Z"
    both.clock.advance(300)
    assert (await both.call("GET", "/v1/me", token)).status_code == 401


async def test_a_scope_that_lacks_is_named(node: SmallNode) -> None:
    instance = await node.add_instance()
    reader = await node.token("instances:read")
    assert (await node.call("GET", f"/v1/instances/{instance['id']}", reader)).status_code == 200
    answer = await node.call("DELETE", f"/v1/instances/{instance['id']}", reader)
    assert answer.status_code == 403
    assert answer.json()["required_scope"] == "instances:write"
    expected = 'Bearer realm="parley", error="insufficient_scope", scope="instances:write"'
    assert answer.headers["www-authenticate"] == expected


async def test_the_last_use_is_known_to_the_minute(both: SmallNode) -> None:
    token = await both.token()

    async def last_use() -> object:
        listed = (await both.call("GET", "/v1/access-tokens", token)).json()["items"]
        return listed[0]["last_used_at"]

    assert await last_use() == "2030-01-02T03:04:00Z"
    both.clock.advance(54)
    assert await last_use() == "2030-01-02T03:04:00Z"
    both.clock.advance(1)
    body = {"slug": "acme", "name": "Acme", "platform": "sandbox"}
    assert (await both.call("POST", "/v1/instances", token, body)).status_code == 201
    both.clock.advance(-30)
    assert await last_use() == "2030-01-02T03:05:00Z"


async def test_a_crowd_with_one_token_is_served(both: SmallNode) -> None:
    token = await both.token()
    reads = [both.call("GET", "/v1/access-tokens", token) for _ in range(40)]
    writes = [both.call("PATCH", "/v1/instances/none", token, {}) for _ in range(40)]
    async with asyncio.timeout(20):
        answers = await asyncio.gather(*reads, *writes)
    assert {answer.status_code for answer in answers} == {200, 404}


async def test_a_call_to_a_tracker_holds_no_lock(sqlite_url: str) -> None:
    platform = OddPlatform(found=Reason.TIMEOUT)
    async with running(sqlite_url, registry=platform.registry()) as node:
        odd = await node.add_instance("odd", platform="oddity", url="https://odd.example")
        platform.meanwhile = lambda: node.add_instance("meanwhile")
        assert (await node.call("POST", f"/v1/instances/{odd['id']}/checks")).status_code == 200


def test_each_scope_has_a_meaning() -> None:
    assert set(SCOPES) == set(get_args(ScopeName)) > set(INSTANCE_SCOPES)
    with pytest.raises(ValueError, match="no scope"):
        requires("everything")
