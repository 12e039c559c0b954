"""Instances: added with a node URL of their own, changed, and removed without leaving a partner alone."""

import asyncio
import re
from typing import Any

import pytest
from sqlmodel import select

from service.access.models import SignInSession
from service.access.scopes import INSTANCE_SCOPES
from service.connections.models import Connection
from service.connections.states import ConnectionEvent
from service.database.rows import advance
from service.database.sessions import reading, transaction
from service.instance_keys.models import InstanceKey
from service.instances.credentials import open_credential
from service.instances.models import Instance
from service.platforms.registry import build_registry
from service.values.texts import new_id
from service.words import Role
from tests.small_node import ALICE, NOW, PUBLIC_URL, SmallNode, running

pytestmark = pytest.mark.anyio
NEW = {"slug": "acme", "name": "Acme", "platform": "redmine", "url": "https://redmine.acme.example"}
CREDENTIAL = {"method": "password", "values": ALICE}


async def _add_connection(node: SmallNode, instance_id: str, *events: ConnectionEvent) -> Connection:
    row = Connection(
        id=new_id("con"),
        instance_id=instance_id,
        role=Role.INITIATOR,
        scope=[],
        mode_refusals={},
        labels={},
        created_at=NOW,
        updated_at=NOW,
    )
    async with transaction(node.node.database) as session:
        session.add(row)
        await session.flush()
        for event in events:
            await advance(session, row, event)
    return row


async def test_a_new_instance_has_a_node_url_and_a_token_of_its_own(both: SmallNode) -> None:
    answer = await both.call("POST", "/v1/instances", body=NEW)
    assert answer.status_code == 201
    created = answer.json()
    assert answer.headers["location"] == f"/v1/instances/{created['id']}"
    token = created.pop("token")
    assert re.fullmatch(r"ins_[0-9a-f]{32}", created.pop("id"))
    assert created == {
        "object": "instance",
        **NEW,
        "node_url": f"{PUBLIC_URL}/i/acme",
        "network": "public",
        "return_urls": [],
        "identity": {"node_url": "http://127.0.0.1:8000/i/acme"},
        "state": "active",
        "reason": None,
        "has_credential": False,
        "oauth_client_id": None,
        "oauth_redirect_uri": f"{PUBLIC_URL}/i/acme/sign-in/return",
        "sandbox": False,
        "created_at": "2030-01-02T03:04:05Z",
        "updated_at": "2030-01-02T03:04:05Z",
    }
    me = (await both.call("GET", "/v1/me", f"Bearer {token}")).json()
    assert me["instances"] == [answer.json()["id"]]
    assert me["scopes"] == sorted(INSTANCE_SCOPES)
    shown = await both.call("GET", f"/v1/instances/{answer.json()['id']}", f"Bearer {token}")
    assert shown.json() == {key: value for key, value in answer.json().items() if key != "token"}


@pytest.mark.parametrize(
    ("platform", "pasted", "url"),
    [
        ("azure_devops", "https://contoso.visualstudio.com/Shop/_boards", "https://dev.azure.com/contoso"),
        ("redmine", "https://acme.example/redmine/issues/42?x=1", "https://acme.example/redmine"),
        ("github", "git@github.com:acme/site.git", "https://github.com/acme/site"),
    ],
)
async def test_a_link_from_inside_a_system_adds_the_system(
    node: SmallNode, platform: str, pasted: str, url: str
) -> None:
    answer = await node.call("POST", "/v1/instances", body={**NEW, "platform": platform, "url": pasted})
    assert (answer.status_code, answer.json()["url"]) == (201, url)


@pytest.mark.parametrize(
    ("platform", "pasted", "told", "fix"),
    [
        (
            "redmine",
            "https://acme.atlassian.net/browse/SHOP-1",
            "a link of Jira Cloud",
            "platform jira_cloud",
        ),
        (
            "github",
            "https://github.com",
            "does not say which instance",
            "https://github.com/acme/site/issues/42",
        ),
        ("azure_devops", "dev.azure.com", "does not say which instance", "https://dev.azure.com/contoso/"),
    ],
)
async def test_a_link_that_is_no_instance_of_the_platform_is_refused_with_the_right_one(
    node: SmallNode, platform: str, pasted: str, told: str, fix: str
) -> None:
    answer = await node.call("POST", "/v1/instances", body={**NEW, "platform": platform, "url": pasted})
    assert (answer.status_code, answer.json()["code"]) == (422, "url-not-allowed")
    assert told in answer.json()["detail"]
    assert fix in answer.json()["fix"]


async def test_adding_one_needs_a_token_for_all_instances(node: SmallNode) -> None:
    first = await node.add_instance("first")
    for token in (f"Bearer {first['token']}", await node.person("first")):
        answer = await node.call("POST", "/v1/instances", token, NEW)
        assert answer.status_code == 403
        assert "--all-instances" in answer.json()["fix"]


async def test_a_slug_is_given_once(both: SmallNode) -> None:
    answers = await asyncio.gather(*(both.call("POST", "/v1/instances", body=NEW) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    refusal = next(answer.json() for answer in answers if answer.status_code == 409)
    assert (refusal["code"], refusal["slug"]) == ("name-taken", "acme")
    assert "slug" in refusal["fix"]
    assert len((await both.call("GET", "/v1/instances")).json()["items"]) == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"slug": "Acme"}, "/slug"),
        ({"slug": "-acme"}, "/slug"),
        ({"slug": "acme-"}, "/slug"),
        ({"slug": "acme\n"}, "/slug"),
        ({"slug": "a" * 64}, "/slug"),
        ({"slug": ""}, "/slug"),
        ({"name": "  "}, "/name"),
        ({"name": "a\u0000b"}, "/name"),
        ({"platform": "abacus"}, "/platform"),
        ({"url": None}, "/url"),
        ({"network": "moon"}, "/network"),
        ({"return_urls": ["https://app.example/done", "http://app.example"]}, "/return_urls/1"),
        ({"return_urls": ["https://app.example/#done"]}, "/return_urls/0"),
        ({"return_urls": ["https://u:p@app.example"]}, "/return_urls/0"),
        ({"return_urls": ["javascript:alert(1)"]}, "/return_urls/0"),
        ({"return_urls": ["https:///x"]}, "/return_urls/0"),
        ({"return_urls": ["https://app.example\\@evil.example"]}, "/return_urls/0"),
        ({"credential": {"method": "fax", "values": {}}}, "/credential/method"),
        ({"credential": {"method": "api_key", "values": {}}}, "/credential/values/api_key"),
        ({"state": "paused"}, "/state"),
        ({"platform": "sandbox", "url": "https://other.example"}, "/url"),
    ],
)
async def test_a_fault_is_pointed_at(node: SmallNode, change: dict[str, Any], pointer: str) -> None:
    answer = await node.call("POST", "/v1/instances", body={**NEW, **change})
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


async def test_an_unknown_platform_is_answered_with_the_known_ones(sqlite_url: str) -> None:
    async with running(sqlite_url, registry=build_registry(sandbox=False)) as node:
        answer = await node.call("POST", "/v1/instances", body={**NEW, "platform": "sandbox", "url": None})
    assert answer.status_code == 422
    assert {"value": "redmine", "label": "Redmine"} in answer.json()["options"]
    assert "sandbox" not in {option["value"] for option in answer.json()["options"]}


@pytest.mark.parametrize(
    "url",
    [
        "http://redmine.acme.example:8080",
        "https://10.0.0.1",
        "https://redmine.acme.example:22",
        "https://user@redmine.acme.example",
        "https://",
        "ftp://redmine.acme.example",
        "https://[::1",
        "https://redmine.acme.example:99999",
    ],
)
async def test_a_url_that_is_never_called_is_refused(node: SmallNode, url: str) -> None:
    answer = await node.call("POST", "/v1/instances", body={**NEW, "url": url})
    assert answer.status_code == 422
    assert answer.json()["code"] == "url-not-allowed"


async def test_a_url_has_one_spelling(node: SmallNode) -> None:
    body = {**NEW, "url": " HTTPS://Redmine.ACME.example:443/tracker/?a=b#c "}
    created = (await node.call("POST", "/v1/instances", body=body)).json()
    assert created["url"] == "https://redmine.acme.example/tracker"


async def test_a_sandbox_instance_lives_on_this_node(node: SmallNode) -> None:
    created = await node.add_instance("demo")
    assert (created["url"], created["sandbox"]) == (f"{PUBLIC_URL}/sandbox/demo", True)


async def test_return_urls_are_kept_exactly(node: SmallNode) -> None:
    urls = ["https://App.example/done?x=1", "http://127.0.0.1:3000/done", "https://App.example/done?x=1"]
    created = await node.add_instance(return_urls=urls)
    assert created["return_urls"] == urls[:2]


async def test_a_stored_credential_is_never_shown(both: SmallNode, caplog: pytest.LogCaptureFixture) -> None:
    answer = await both.call(
        "POST", "/v1/instances", body={**NEW, "platform": "sandbox", "url": None, "credential": CREDENTIAL}
    )
    assert answer.json()["has_credential"] is True
    assert "alice-sandbox" not in answer.text + caplog.text
    async with reading(both.node.database) as session:
        stored = (await session.exec(select(Instance))).one()
    assert "alice" not in (stored.credential_sealed or "")
    opened = open_credential(both.node.sealer, stored)
    assert opened is not None
    assert opened.values == ALICE


async def test_a_change_leaves_what_is_not_sent(both: SmallNode) -> None:
    instance = await both.add_instance(credential=CREDENTIAL, return_urls=["https://app.example/done"])
    path = f"/v1/instances/{instance['id']}"
    both.clock.advance(60)
    changed = (await both.call("PATCH", path, body={"name": " New ", "network": "private"})).json()
    assert (changed["name"], changed["network"]) == ("New", "private")
    assert changed["return_urls"] == ["https://app.example/done"]
    assert changed["has_credential"] is True
    assert changed["updated_at"] == "2030-01-02T03:05:05Z"
    assert (await both.call("GET", path)).json() == changed
    assert (await both.call("PATCH", path, body={"credential": None})).json()["has_credential"] is False
    assert (await both.call("PATCH", path, body={"credential": CREDENTIAL})).json()["has_credential"] is True
    assert (await both.call("PATCH", path, body={"return_urls": []})).json()["return_urls"] == []


@pytest.mark.parametrize(
    "body",
    [{"slug": "other"}, {"url": "https://x.example"}, {"name": None}, {"name": ""}, {"network": None}, []],
)
async def test_what_partners_trust_never_changes(node: SmallNode, body: object) -> None:
    instance = await node.add_instance()
    assert (await node.call("PATCH", f"/v1/instances/{instance['id']}", body=body)).status_code == 422


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("instance_id", ["ins_none", "%00", "ins_%00%F0", "acme"])
async def test_what_does_not_exist_is_not_found(both: SmallNode, method: str, instance_id: str) -> None:
    await both.add_instance()
    assert (await both.call(method, f"/v1/instances/{instance_id}", body={})).status_code == 404


async def test_the_list_is_read_in_pages(both: SmallNode) -> None:
    made = [(await both.add_instance(f"slug-{number}"))["id"] for number in range(5)]
    seen: list[str] = []
    path = "/v1/instances?limit=2"
    while path:
        answer = await both.call("GET", path)
        assert answer.json()["object"] == "list"
        seen += [instance["id"] for instance in answer.json()["items"]]
        assert bool(answer.json()["next_page_token"]) == ("next" in answer.links)
        path = answer.links.get("next", {}).get("url", "")
        assert path.startswith(f"{PUBLIC_URL}/v1/instances?limit=2&page_token=") or not path
    assert seen == made


async def test_an_instance_is_removed_with_all_that_is_its_own(both: SmallNode) -> None:
    instance, other = await both.add_instance(), await both.add_instance("other")
    await both.sign_in()
    alone = f"Bearer {instance['token']}"
    shared = await both.token("instances:read", instances=[instance["id"], other["id"]])
    await _add_connection(both, instance["id"])
    await _add_connection(both, instance["id"], ConnectionEvent.CLOSE)
    assert (await both.call("DELETE", f"/v1/instances/{instance['id']}", alone)).status_code == 204
    assert (await both.call("GET", f"/v1/instances/{instance['id']}")).status_code == 404
    assert (await both.call("GET", "/v1/me", alone)).status_code == 401
    assert (await both.call("GET", "/v1/me", shared)).json()["instances"] == [other["id"]]
    async with reading(both.node.database) as session:
        assert (await session.exec(select(Connection))).all() == []
        assert (await session.exec(select(SignInSession))).all() == []
        assert len((await session.exec(select(InstanceKey))).all()) == 1
    assert (await both.call("POST", "/v1/instances", body=NEW)).status_code == 201


@pytest.mark.parametrize("event", [ConnectionEvent.ACTIVATE, ConnectionEvent.START])
async def test_no_partner_is_left_alone(both: SmallNode, event: ConnectionEvent) -> None:
    instance = await both.add_instance()
    connection = await _add_connection(both, instance["id"], event)
    answer = await both.call("DELETE", f"/v1/instances/{instance['id']}")
    assert answer.status_code == 409
    assert answer.json()["connections"] == [connection.id]
    assert "DELETE /v1/connections/" in answer.json()["fix"]
    assert (await both.call("GET", f"/v1/instances/{instance['id']}")).status_code == 200


async def test_platforms_are_described_to_everybody(node: SmallNode) -> None:
    answer = await node.client.get("/v1/platforms")
    described = {platform["name"]: platform for platform in answer.json()["items"]}
    redmine = described["redmine"]
    assert redmine["modes"] == [mode for mode in ("visual", "script", "basic") if mode in redmine["modes"]]
    assert {method["id"] for method in redmine["sign_in"]} == {"password", "api_key"}
    assert all(need["reason"] and need["where_to_grant"] for need in redmine["permissions"])
    assert described["sandbox"]["admin_right"]
