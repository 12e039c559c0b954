"""Reading connections: lists, filters, pages, revisions, and what others' connections look like (nothing)."""

from typing import Any

import pytest
from fastapi.routing import APIRoute

from service.connections.actions.shape import OPERATIONS
from service.http.queries import ApiRoute
from tests.pairs import DETAILS, Pair, read

pytestmark = pytest.mark.anyio

LOCAL = {"destination": {"type": "local"}}


async def make(pair: Pair, name: str, **more: object) -> dict[str, Any]:
    """Return a fresh local draft with this name."""
    pair.clock.advance(1)
    body = {"instance": pair.a.slug, **LOCAL, "details": {**DETAILS, "name": name}, **more}
    return await pair.post("/v1/connections", body)


async def names(pair: Pair, query: str = "") -> list[str]:
    """Return the names that node A lists."""
    return [item["name"] for item in (await pair.a.read(f"/v1/connections{query}"))["items"]]


async def test_pages_hold_everything_once_in_order(each_pair: Pair) -> None:
    pair = each_pair
    wanted = [(await make(pair, f"Connection {number}"))["name"] for number in range(7)]
    for sort, expected in (("created_at", wanted), ("-created_at", wanted[::-1]), ("updated_at", wanted)):
        found: list[str] = []
        url: str | None = f"/v1/connections?limit=3&sort={sort}"
        while url is not None:
            answer = await pair.a.api.get(url)
            found += [item["name"] for item in answer.json()["items"]]
            url = answer.links["next"]["url"] if "next" in answer.links else None
            assert (answer.json()["next_page_token"] is None) == (url is None)
        assert found == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?state=active", ["Gamma"]),
        ("?state=draft&sort=created_at", ["Alpha", "Beta"]),
        ("?mode=script", ["Beta"]),
        ("?type=local&sort=created_at", ["Alpha", "Beta", "Gamma"]),
        ("?type=public", []),
        ("?q=ET", ["Beta"]),
        ("?q=%25", []),
        ("?q=_", []),
        ("?instance=ins_unknown", []),
        ("?state=active&state=draft&sort=created_at", ["Alpha", "Beta", "Gamma"]),
        ("?state=active&state=closed", ["Gamma"]),
        ("?mode=script&mode=visual", ["Beta"]),
        ("?type=public&type=local&sort=created_at", ["Alpha", "Beta", "Gamma"]),
    ],
)
async def test_filters_narrow(pair: Pair, query: str, expected: list[str]) -> None:
    await make(pair, "Alpha")
    await make(pair, "Beta", mode="script")
    gamma = await make(pair, "Gamma", mode="basic")
    await pair.post(f"/v1/connections/{gamma['id']}/activation", expected=200)
    assert await names(pair, query) == expected


async def test_the_next_page_is_of_the_same_question(pair: Pair) -> None:
    for name in ("a&b 1", "a&b 2", "other"):
        await make(pair, name)
    answer = await pair.a.api.get("/v1/connections?q=a%26b&limit=1")
    assert "q=a%26b&limit=1&page_token=" in answer.links["next"]["url"]
    last = await pair.a.api.get(answer.links["next"]["url"])
    assert [item["name"] for item in read(last, 200)["items"]] == ["a&b 1"]
    assert last.links == {}
    assert last.json()["next_page_token"] is None


async def test_labels_narrow_a_list_and_its_pages(each_pair: Pair) -> None:
    pair = each_pair
    await make(pair, "One", metadata={"team": "blue", "cost.centre": "7"})
    await make(pair, "Two", metadata={"team": "blue"})
    await make(pair, "Three", metadata={"team": "red", "other": "blue"})
    assert await names(pair, "?metadata[team]=blue&sort=created_at") == ["One", "Two"]
    assert await names(pair, "?metadata[team]=blue&metadata[cost.centre]=7") == ["One"]
    assert await names(pair, "?metadata[team]=' OR 1=1 --") == []
    answer = await pair.a.api.get("/v1/connections?metadata[team]=blue&limit=1")
    following = await pair.a.api.get(answer.links["next"]["url"])
    assert [item["name"] for item in read(following, 200)["items"]] == ["One"]
    token = answer.json()["next_page_token"]
    other = await pair.a.api.get(f"/v1/connections?metadata[team]=red&limit=1&page_token={token}")
    assert read(other, 400)["code"] == "invalid-page-token"


@pytest.mark.parametrize(
    ("path", "parameter", "code"),
    [
        ("/v1/connections?foo=1", "foo", "unknown_parameter"),
        ("/v1/connections?State=active", "State", "unknown_parameter"),
        ("/v1/connections?metadata=x", "metadata", "unknown_parameter"),
        ("/v1/connections?metadata[x y]=1", "metadata[x y]", "label"),
        ("/v1/connections?metadata[a]=1&metadata[a]=2", "metadata[a]", "repeated"),
        ("/v1/connections?limit=1&limit=2", "limit", "repeated"),
        ("/v1/connections?sort=created_at&sort=updated_at", "sort", "repeated"),
        ("/v1/connections?q=a&q=b", "q", "repeated"),
        ("/v1/invitations?metadata[x]=1", "metadata[x]", "unknown_parameter"),
        ("/v1/invitations?limit=1&limit=1", "limit", "repeated"),
        ("/v1/instances?limit=1&limit=2", "limit", "repeated"),
        ("/v1/access-tokens?page_size=2", "page_size", "unknown_parameter"),
        ("/v1/me?foo=1", "foo", "unknown_parameter"),
        ("/v1/platforms?foo=1", "foo", "unknown_parameter"),
    ],
)
async def test_no_parameter_is_ignored(pair: Pair, path: str, parameter: str, code: str) -> None:
    problem = read(await pair.a.api.get(path), 422)
    assert [(fault["parameter"], fault["code"]) for fault in problem["errors"]] == [(parameter, code)]


async def test_no_parameter_of_a_change_is_ignored(pair: Pair) -> None:
    before = await pair.a.read("/v1/connections")
    refused = await pair.a.api.post("/v1/connections?dry_run=true", json={"instance": pair.a.slug})
    assert read(refused, 422)["errors"][0]["parameter"] == "dry_run"
    assert await pair.a.read("/v1/connections") == before


async def test_at_most_five_labels_are_looked_for(pair: Pair) -> None:
    query = "&".join(f"metadata[name{number}]=x" for number in range(6))
    assert read(await pair.a.api.get(f"/v1/connections?{query}"), 422)["errors"][0]["parameter"] == "metadata"


async def test_every_operation_under_v1_reads_its_query_strictly(pair: Pair) -> None:
    pages = ("/start",)
    lenient = [
        route.path
        for route in pair.a.app.routes
        if isinstance(route, APIRoute)
        and route.path.startswith("/v1/")
        and not route.path.endswith(pages)
        and not isinstance(route, ApiRoute)
    ]
    assert lenient == []


async def test_created_after_leaves_out_what_is_older(pair: Pair) -> None:
    first = await make(pair, "Old")
    await make(pair, "New")
    assert await names(pair, f"?created_after={first['created_at']}") == ["New"]


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=101", "?sort=name;drop", "?state=sleeping", "?created_after=yesterday"]
)
async def test_a_filter_that_cannot_be_is_refused(pair: Pair, query: str) -> None:
    problem = read(await pair.a.api.get(f"/v1/connections{query}"), 422)
    assert problem["errors"][0]["parameter"]


async def test_a_page_token_of_another_list_is_refused(pair: Pair) -> None:
    for number in range(3):
        await make(pair, f"Connection {number}")
    token = (await pair.a.read("/v1/connections?limit=1"))["next_page_token"]
    for query in (f"?limit=1&state=draft&page_token={token}", "?page_token=nonsense"):
        problem = read(await pair.a.api.get(f"/v1/connections{query}"), 400)
        assert problem["code"] == "invalid-page-token"


async def test_next_actions_come_with_a_list_only_when_asked_for(pair: Pair) -> None:
    await make(pair, "One")
    (plain,) = (await pair.a.read("/v1/connections"))["items"]
    (expanded,) = (await pair.a.read("/v1/connections?expand=next_actions"))["items"]
    assert "next_actions" not in plain
    assert expanded["next_actions"]


async def test_another_instances_connections_do_not_exist(pair: Pair) -> None:
    mine = await make(pair, "Mine")
    body = {"slug": "other", "name": "Other", "platform": "sandbox"}
    token = (await pair.post("/v1/instances", body))["token"]
    headers = {"Authorization": f"Bearer {token}"}
    listed = await pair.a.api.get("/v1/connections", headers=headers)
    assert read(listed, 200)["items"] == []
    path = f"/v1/connections/{mine['id']}"
    for method, suffix, sent in (
        ("GET", "", None),
        ("PATCH", "", {"name": "Theirs"}),
        ("DELETE", "", None),
        ("PUT", "/details", DETAILS),
        ("PUT", "/mode", {"mode": "basic"}),
        ("PUT", "/destination", {"type": "local"}),
        ("POST", "/activation", None),
        ("POST", "/verification-sessions", None),
    ):
        problem = read(await pair.a.api.request(method, path + suffix, json=sent, headers=headers), 404)
        assert problem["code"] == "not-found", suffix
    elsewhere = await pair.a.api.post("/v1/connections", json={"instance": pair.a.slug}, headers=headers)
    unknown = await pair.a.api.post("/v1/connections", json={"instance": "nowhere"}, headers=headers)
    assert elsewhere.status_code == unknown.status_code == 404
    assert elsewhere.json()["detail"].replace(pair.a.slug, "X") == unknown.json()["detail"].replace(
        "nowhere", "X"
    )


async def test_a_reader_may_not_write(pair: Pair) -> None:
    made = await pair.post(
        "/v1/access-tokens", {"name": "reader", "scopes": ["connections:read"], "all_instances": True}
    )
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert (await pair.a.api.get("/v1/connections", headers=headers)).status_code == 200
    problem = read(await pair.a.api.post("/v1/connections", json={}, headers=headers), 403)
    assert (problem["code"], problem["required_scope"]) == ("missing-scope", "connections:write")


async def test_an_etag_saves_a_transfer_and_stops_a_stale_writer(pair: Pair) -> None:
    draft = await make(pair, "Watched")
    path = f"/v1/connections/{draft['id']}"
    etag = (await pair.a.api.get(path)).headers["etag"]
    assert (await pair.a.api.get(path, headers={"If-None-Match": etag})).status_code == 304
    changed = await pair.a.api.patch(path, json={"description": "new"}, headers={"If-Match": etag})
    assert changed.headers["etag"] != etag
    stale = read(
        await pair.a.api.put(path + "/mode", json={"mode": "basic"}, headers={"If-Match": etag}), 412
    )
    assert stale["code"] == "stale-revision"
    assert (await pair.a.api.get(path, headers={"If-None-Match": etag})).status_code == 200


async def test_a_change_of_the_attempt_is_a_change_of_the_connection(pair: Pair) -> None:
    draft = await pair.draft()
    path = f"/v1/connections/{draft['id']}"
    seen = [(await pair.a.api.get(path)).headers["etag"]]
    person = await pair.to_consent(await pair.session(draft))
    seen.append((await pair.a.api.get(path)).headers["etag"])
    await person.submit(button="accept")
    seen.append((await pair.a.api.get(path)).headers["etag"])
    await pair.a.work()
    seen.append((await pair.a.api.get(path)).headers["etag"])
    assert len(set(seen)) == 4


async def test_patch_changes_what_is_sent_and_nothing_else(pair: Pair) -> None:
    here, there = await pair.connected()
    path = f"/v1/connections/{there['id']}"
    renamed = read(
        await pair.b.api.patch(path, json={"local_short_name": "Globex", "metadata": {"team": "ops"}}), 200
    )
    assert (renamed["local"]["short_name"], renamed["metadata"]) == ("Globex", {"team": "ops"})
    assert renamed["name"] == there["name"]
    assert (await pair.shown(here))["destination"]["short_name"] == "B"
    assert read(await pair.b.api.patch(path, json={"name": None}), 422)["errors"][0]["pointer"] == "/name"
    assert (
        read(await pair.b.api.patch(path, json={"state": "closed"}), 422)["errors"][0]["pointer"] == "/state"
    )


async def test_a_closed_connection_is_over(pair: Pair) -> None:
    draft = await make(pair, "Short")
    path = f"/v1/connections/{draft['id']}"
    for _ in range(2):
        closed = read(await pair.a.api.delete(path), 200)
        assert (closed["state"], closed["reason"], closed["next_actions"]) == ("closed", "closed_here", [])
    for method, suffix, sent in (("PATCH", "", {"name": "New"}), ("PUT", "/mode", {"mode": "basic"})):
        problem = read(await pair.a.api.request(method, path + suffix, json=sent), 410)
        assert problem["code"] == "connection-closed"


async def test_the_lifecycle_is_the_tables(pair: Pair) -> None:
    shown = await pair.a.read("/v1/lifecycle")
    machines = {machine["name"]: machine for machine in shown["machines"]}
    assert set(machines) == {"connection", "verification_session", "invitation", "authorization_request"}
    assert machines["connection"]["mermaid"].startswith("stateDiagram-v2")
    seen_as = machines["verification_session"]["connection_state"]
    assert (seen_as["created"], seen_as["started"], seen_as["denied"]) == ("draft", "pending", "draft")
    lists = {(each["type"], each["mode"]): each for each in shown["step_lists"]}
    assert not lists["private", "visual"]["possible"]
    assert [step["id"] for step in lists["local", "basic"]["steps"]] == [
        "destination",
        "details",
        "mode",
        "activation",
    ]


async def test_each_operation_that_an_action_names_is_described_so(pair: Pair) -> None:
    described = {
        operation["operationId"]: (method.upper(), path, need["bearer"][0])
        for path, item in pair.a.app.openapi()["paths"].items()
        for method, operation in item.items()
        for need in operation.get("security", [])
        if need.get("bearer")
    }
    for name, told in OPERATIONS.items():
        assert described[name] == told
