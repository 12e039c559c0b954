"""Service tokens: shown once, and never with more rights than their maker has."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from service.access import operations
from service.access.operations import issue_token
from service.database.sessions import transaction
from service.platforms import sandbox
from tests.small_node import SmallNode

pytestmark = pytest.mark.anyio
READ = {"name": "reader", "scopes": ["instances:read"]}


async def test_the_secret_is_shown_once(both: SmallNode) -> None:
    instance = await both.add_instance()
    answer = await both.call("POST", "/v1/access-tokens", body={**READ, "instances": [instance["id"]]})
    assert answer.status_code == 201
    made = answer.json()
    assert made["token"].startswith("ply_")
    bearer = f"Bearer {made['token']}"
    assert (await both.call("GET", f"/v1/instances/{instance['id']}", bearer)).status_code == 200
    listed = await both.call("GET", "/v1/access-tokens")
    assert made["token"] not in listed.text
    assert made["id"] in {token["id"] for token in listed.json()["items"]}


async def test_a_token_says_what_it_may_do(node: SmallNode) -> None:
    everywhere = {**READ, "all_instances": True}
    made = (await node.call("POST", "/v1/access-tokens", body=everywhere)).json()
    me = (await node.call("GET", "/v1/me", f"Bearer {made['token']}")).json()
    assert me["kind"] == "service"
    assert (me["id"], me["name"], me["scopes"]) == (made["id"], "reader", ["instances:read"])
    assert (me["all_instances"], me["instances"], me["account_id"]) == (True, [], None)


async def test_no_scope_is_given_that_the_maker_lacks(node: SmallNode) -> None:
    maker = await node.token("tokens:write", "instances:read")
    body = {"name": "more", "scopes": ["instances:read", "instances:write"], "all_instances": True}
    answer = await node.call("POST", "/v1/access-tokens", maker, body)
    assert answer.status_code == 403
    assert answer.json()["required_scope"] == "instances:write"
    assert (await node.call("POST", "/v1/access-tokens", maker, {**READ, "all_instances": True})).is_success


async def test_no_instance_is_given_that_the_maker_does_not_see(node: SmallNode) -> None:
    own, other = await node.add_instance("own"), await node.add_instance("other")
    alice = await node.person("own")

    async def make(**scope: Any) -> int:
        return (await node.call("POST", "/v1/access-tokens", alice, {**READ, **scope})).status_code

    assert await make(instances=[own["id"]]) == 201
    assert await make(instances=[own["id"], other["id"]]) == 404
    assert await make(instances=["ins_none"]) == 404
    assert await make(instances=["ins_\x00"]) == 404
    assert await make(all_instances=True) == 403


async def test_no_token_outlives_the_one_it_was_made_with(node: SmallNode) -> None:
    maker = await node.token(expires_at=node.clock.now() + timedelta(hours=1))

    async def make(expires_at: str | None) -> Any:
        body = {**READ, "all_instances": True, "expires_at": expires_at}
        return (await node.call("POST", "/v1/access-tokens", maker, body)).json()

    assert (await make(None))["expires_at"] == "2030-01-02T04:04:05Z"
    assert (await make("2030-01-02T05:00:00+01:00"))["expires_at"] == "2030-01-02T04:00:00Z"
    assert (await make("2030-01-02T04:04:06Z"))["errors"][0]["pointer"] == "/expires_at"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "a\x00b"}, "/name"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["instances:read", "everything"]}, "/scopes/1"),
        ({"all_instances": False}, "/instances"),
        ({"instances": ["ins_1"]}, "/instances"),
        ({"expires_at": "2030-01-02T03:04:05Z"}, "/expires_at"),
        ({"expires_at": "2031-01-01T00:00:00"}, "/expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-23:00"}, "/expires_at"),
        ({"secret": "mine"}, "/secret"),
    ],
)
async def test_a_fault_is_pointed_at(node: SmallNode, change: dict[str, Any], pointer: str) -> None:
    body = {**READ, "all_instances": True, **change}
    answer = await node.call("POST", "/v1/access-tokens", body=body)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


async def test_a_revoked_token_opens_nothing(both: SmallNode) -> None:
    made = (await both.call("POST", "/v1/access-tokens", body={**READ, "all_instances": True})).json()
    path = f"/v1/access-tokens/{made['id']}"
    assert (await both.call("DELETE", path)).status_code == 204
    assert (await both.call("GET", "/v1/instances", f"Bearer {made['token']}")).status_code == 401
    assert (await both.call("DELETE", path)).status_code == 404
    listed = (await both.call("GET", "/v1/access-tokens")).json()["items"]
    assert made["id"] not in {token["id"] for token in listed}


@pytest.mark.parametrize("token_id", ["tok_none", "%00", "tok_%00"])
async def test_what_does_not_exist_is_not_found(both: SmallNode, token_id: str) -> None:
    assert (await both.call("DELETE", f"/v1/access-tokens/{token_id}")).status_code == 404


async def test_somebody_elses_token_does_not_exist(node: SmallNode) -> None:
    own, other = await node.add_instance("own"), await node.add_instance("other")
    alice = await node.person("own")
    for instances in ([other["id"]], [own["id"], other["id"]], []):
        scope = {"instances": instances} if instances else {"all_instances": True}
        made = (await node.call("POST", "/v1/access-tokens", body={**READ, **scope})).json()
        assert (await node.call("DELETE", f"/v1/access-tokens/{made['id']}", alice)).status_code == 404
        assert (await node.call("GET", "/v1/me", f"Bearer {made['token']}")).status_code == 200


async def test_an_admin_reads_past_the_tokens_of_others(
    both: SmallNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "BATCH", 3)
    own, other = await both.add_instance("own"), await both.add_instance("other")
    expected = []
    for number in range(12):
        instance = own if number % 3 else other
        body = {**READ, "name": str(number), "instances": [instance["id"]]}
        await both.call("POST", "/v1/access-tokens", body=body)
        expected += [str(number)] if number % 3 else []
    alice, path, seen = await both.person("own"), "/v1/access-tokens?limit=2", []
    while path:
        answer = await both.call("GET", path, alice)
        seen += [token["name"] for token in answer.json()["items"]]
        path = answer.links.get("next", {}).get("url", "")
    assert seen == ["own", *expected]


async def test_the_command_line_gives_no_scope_that_does_not_exist(node: SmallNode) -> None:
    async with transaction(node.node.database) as session:
        with pytest.raises(ValueError, match="no scope"):
            await issue_token(session, node.node.hasher, "x", ["root"], None, node.clock.now())


async def test_a_stronger_token_is_neither_seen_nor_revoked(node: SmallNode) -> None:
    strong = (await node.call("POST", "/v1/access-tokens", body={**READ, "all_instances": True})).json()
    weak = await node.token("tokens:write")
    listed = (await node.call("GET", "/v1/access-tokens", weak)).json()["items"]
    assert strong["id"] not in {token["id"] for token in listed}
    assert (await node.call("DELETE", f"/v1/access-tokens/{strong['id']}", weak)).status_code == 404
    assert (await node.call("GET", "/v1/instances", f"Bearer {strong['token']}")).status_code == 200
    equal = await node.token("tokens:write", "instances:read")
    assert (await node.call("DELETE", f"/v1/access-tokens/{strong['id']}", equal)).status_code == 204


async def test_the_tokens_of_a_person_end_with_their_right(
    both: SmallNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = await both.add_instance("own")
    alice = await both.person("own")
    rights = {"scopes": ["instances:read", "tokens:write"], "instances": [own["id"]]}
    made = (await both.call("POST", "/v1/access-tokens", alice, {"name": "hers", **rights})).json()
    hers = f"Bearer {made['token']}"
    child = (await both.call("POST", "/v1/access-tokens", hers, {"name": "its", **rights})).json()
    by_operator = await both.token("instances:read")
    assert (made["made_by"], child["made_by"]) == ("1", "1")
    bearers = [alice, hers, f"Bearer {child['token']}"]
    for bearer in (*bearers, by_operator):
        assert (await both.call("GET", f"/v1/instances/{own['id']}", bearer)).status_code == 200
    demoted = replace(sandbox.ACCOUNTS["alice"], is_admin=False)
    monkeypatch.setitem(sandbox.ACCOUNTS, "alice", demoted)
    refused = await both.sign_in("own")
    assert refused.json()["code"] == "not-an-admin"
    for bearer in bearers:
        assert (await both.call("GET", f"/v1/instances/{own['id']}", bearer)).status_code == 401
    assert (await both.call("GET", f"/v1/instances/{own['id']}", by_operator)).status_code == 200
