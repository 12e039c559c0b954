"""What a client reads when something is refused, whatever it is."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from service.api.about.problem_types import all_problems
from service.problems.tree import Problem
from tests.nodes import Network, RunningNode, running_node
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
MEMBERS = {"type", "title", "status", "detail", "instance", "code", "fix", "user_message", "doc_url", "retry"}
MEMBERS |= {"request_id"}
Json = dict[str, Any]
PROBE = "/v1/destination-probes"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def node(sqlite_url: str) -> AsyncIterator[RunningNode]:
    async with running_node(Network(), "acme", sqlite_url, FrozenClock()) as node:
        yield node


def problem_of(answer: httpx.Response, slug: str) -> Json:
    """Return the problem, after a look at what all problems have."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem: Json = answer.json()
    assert set(problem) >= MEMBERS
    assert problem["code"] == slug, problem
    assert problem["type"] == problem["doc_url"] == f"https://acme.test/v1/problem-types/{slug}"
    assert problem["status"] == answer.status_code == all_problems()[slug].status
    assert problem["instance"] == answer.request.url.path
    assert problem["request_id"] == answer.headers["request-id"]
    assert problem["retry"] in {"never", "after_delay", "new_request"}
    assert problem["detail"]
    assert problem["detail"] in problem["user_message"]
    assert "{" not in problem["detail"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    return problem


@pytest.mark.parametrize(
    "path", ["/nothing", "/v1/nothing", "/v1/connections/", "/static/nothing", "/i", "/v2/me"]
)
async def test_an_unknown_path_is_not_found(node: RunningNode, path: str) -> None:
    problem = problem_of(await node.api.get(path), "not-found")
    assert path in problem["detail"]


async def test_every_path_names_all_of_its_methods_to_who_uses_another(node: RunningNode) -> None:
    wrong = {}
    for path, item in node.app.openapi()["paths"].items():
        possible = {method.upper() for method in item}
        possible |= {"HEAD"} if "GET" in possible else set()
        for method in {"GET", "HEAD", "OPTIONS", "PUT", "TRACE"} - possible:
            answer = await node.api.request(method, path)
            allow = set(answer.headers.get("allow", "").split(", "))
            if answer.status_code != 405 or allow != possible:
                wrong[f"{method} {path}"] = (answer.status_code, allow)
            elif method != "HEAD":
                problem_of(answer, "method-not-allowed")
    assert wrong == {}


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/static/pages.css"])
async def test_pages_and_files_are_only_read(node: RunningNode, path: str) -> None:
    answer = await node.api.post(path)
    problem = problem_of(answer, "method-not-allowed")
    assert answer.headers["allow"] == problem["allow"] == "GET, HEAD"


async def test_who_does_not_say_who_they_are_is_told_how(node: RunningNode) -> None:
    answer = await node.api.get("/v1/me", headers={"Authorization": ""})
    problem_of(answer, "unauthenticated")
    assert answer.headers["www-authenticate"] == 'Bearer realm="parley"'


async def test_a_missing_scope_is_named(node: RunningNode) -> None:
    new = {"name": "reader", "scopes": ["instances:read"], "all_instances": True}
    token = (await node.api.post("/v1/access-tokens", json=new)).json()["token"]
    answer = await node.api.get("/v1/connections", headers={"Authorization": f"Bearer {token}"})
    assert problem_of(answer, "missing-scope")["required_scope"] == "connections:read"


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(node: RunningNode) -> None:
    read: list[bytes] = []

    async def body() -> AsyncIterator[bytes]:
        read.append(b"{}")
        yield b"{}"

    answer = await node.api.post(PROBE, content=body(), headers={**JSON, "Content-Length": "65537"})
    assert read == []
    assert problem_of(answer, "payload-too-large")["max_bytes"] == 65_536


async def test_a_body_without_a_length_is_not_read_to_its_end_either(node: RunningNode) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 8_192

    answer = await node.api.post(PROBE, content=endless(), headers=JSON)
    problem_of(answer, "payload-too-large")


@pytest.mark.parametrize("size", [17_000, 70_000])
async def test_a_form_that_is_too_large_is_refused_in_the_words_of_oauth(
    node: RunningNode, size: int
) -> None:
    answer = await node.api.post(f"/i/{node.slug}/oauth/token", data={"code": "a" * size})
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "invalid_request",
        "error_description": "The body has more than 16384 bytes.",
    }


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "", "json"]
)
async def test_a_body_of_another_kind_is_refused_by_its_name(node: RunningNode, media_type: str) -> None:
    answer = await node.api.post(
        PROBE, content=b'{"url": "https://x.test"}', headers={"Content-Type": media_type}
    )
    problem = problem_of(answer, "unsupported-media-type")
    assert problem["expected"] == "application/json"
    assert media_type in problem["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[1, 2",
        b'{"url": "https://x.test"',
        b"\xff\xfe\xfd",
        '{"url": "https://köln.test"}'.encode("latin-1"),
        b"[" * 30_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"9" * 10_000,
    ],
    ids=["open", "list", "cut", "bytes", "latin-1", "deep list", "deep object", "long number"],
)
async def test_what_is_no_readable_json_is_told_so(node: RunningNode, body: bytes) -> None:
    problem_of(await node.api.post(PROBE, content=body, headers=JSON), "malformed-json")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"", ""),
        (b"[]", ""),
        (b"null", ""),
        (b'"text"', ""),
        (b"{}", "/url"),
        (b'{"url": null}', "/url"),
        (b'{"url": ["deep", ' + b"[" * 500 + b"]" * 500 + b"]}", "/url"),
        (b'{"url": NaN}', "/url"),
        (b'{"url": "https://x.test", "a/b~c": 1}', "/a~1b~0c"),
    ],
    ids=["empty", "list", "null", "text", "nothing in it", "null in it", "nested", "NaN", "unknown member"],
)
async def test_a_fault_in_a_body_is_pointed_at(node: RunningNode, body: bytes, pointer: str) -> None:
    problem = problem_of(await node.api.post(PROBE, content=body, headers=JSON), "validation-failed")
    assert [(fault["pointer"], fault["parameter"]) for fault in problem["errors"]] == [(pointer, None)]
    assert problem["count"] == 1


async def test_the_pointer_leads_into_what_was_sent_and_not_to_a_name_of_ours(node: RunningNode) -> None:
    sent = {"instance": node.slug, "destination": {"type": "public"}}
    problem = problem_of(await node.api.post("/v1/connections", json=sent), "validation-failed")
    assert [fault["pointer"] for fault in problem["errors"]] == ["/destination/url"]
    sent = {"instance": node.slug, "metadata": {"no spaces here": "x"}}
    problem = problem_of(await node.api.post("/v1/connections", json=sent), "validation-failed")
    assert [fault["pointer"] for fault in problem["errors"]] == ["/metadata/no spaces here"]


async def test_a_fault_in_a_parameter_is_named(node: RunningNode) -> None:
    answer = await node.api.get("/v1/connections", params={"limit": "1000", "state": "odd"})
    problem = problem_of(answer, "validation-failed")
    assert {fault["parameter"] for fault in problem["errors"]} == {"limit", "state"}
    assert all(fault["pointer"] is None for fault in problem["errors"])


async def test_a_page_token_that_nobody_gave_out(node: RunningNode) -> None:
    problem_of(await node.api.get("/v1/connections?page_token=odd"), "invalid-page-token")


async def test_the_other_side_can_be_asked_again_later(node: RunningNode) -> None:
    sent = {"instance": node.slug, "destination": {"type": "public", "url": "https://nobody.test/i/x"}}
    answer = await node.api.post("/v1/connections", json=sent)
    problem = problem_of(answer, "destination-unreachable")
    assert int(answer.headers["retry-after"]) > 0
    assert problem["retry"] == "after_delay"
    assert problem["upstream"]["reason"]


async def test_a_fault_of_ours_tells_nothing_about_the_inside(node: RunningNode) -> None:
    async def broken() -> None:
        raise LookupError("the secret of SELECT")

    node.app.add_api_route("/broken", broken)
    answer = await node.api.get("/broken")
    problem_of(answer, "internal")
    for word in ("LookupError", "SELECT", "secret", "Traceback", ".py"):
        assert word not in answer.text


async def test_without_its_database_the_service_is_not_available(node: RunningNode) -> None:
    await node.node.database.close()
    path = node.node.database.engine.url.database
    assert path is not None
    async with node.node.database.engine.connect() as connection:
        await connection.exec_driver_sql("DROP TABLE service_token")
        await connection.commit()
    answer = await node.api.get("/v1/me")
    problem_of(answer, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert "service_token" not in answer.text


async def test_a_browser_reads_a_page(node: RunningNode) -> None:
    answer = await node.api.get("/v1/connections/con_x", headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["request-id"] in answer.text
    assert all_problems()["not-found"].fix in answer.text


@pytest.mark.parametrize("kind", Problem.__subclasses__(), ids=lambda kind: kind.slug)
async def test_the_type_of_a_problem_leads_to_its_explanation(node: RunningNode, kind: type[Problem]) -> None:
    path = f"/v1/problem-types/{kind.slug}"
    shown = (await node.api.get(path)).json()
    assert shown["type"] == f"https://acme.test{path}"
    assert (shown["status"], shown["title"], shown["fix"]) == (kind.status, kind.title, kind.fix)
    page = await node.api.get(path, headers={"Accept": "text/html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert kind.slug in page.text


async def test_the_catalogue_lists_them_all(node: RunningNode) -> None:
    shown = (await node.api.get("/v1/problem-types")).json()
    assert {item["code"] for item in shown["items"]} == set(all_problems())
    page = await node.api.get("/v1/problem-types", headers={"Accept": "text/html"})
    assert all(f"/v1/problem-types/{slug}" in page.text for slug in all_problems())


async def test_an_unknown_kind_of_problem_is_a_problem(node: RunningNode) -> None:
    problem_of(await node.api.get("/v1/problem-types/odd"), "not-found")


@pytest.mark.parametrize(
    "path", ["/v1/invitations/{}", "/v1/connections/{}", "/{}", "/v1/connections/{}/history"]
)
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
async def test_a_code_that_was_sent_somewhere_wrong_does_not_come_back(
    node: RunningNode, path: str, accept: str
) -> None:
    """An invitation travels in a body or a fragment; a refusal is copied into tickets and logs."""
    secret = "bm9ib2R5IGVsc2Uga25vd3MgdGhpcw"
    answer = await node.api.get(
        path.format(f"eyJhbGciOiJFUzI1NiJ9.{secret}.c2lnbmF0dXJl"), headers={"Accept": accept}
    )
    assert answer.status_code == 404
    assert secret not in answer.text


@pytest.mark.parametrize("sent", ["[]", '"x"', "5"])
@pytest.mark.parametrize("what", ["invitations", "verification-sessions"])
async def test_a_body_of_another_kind_is_pointed_at_as_a_whole(
    node: RunningNode, what: str, sent: str
) -> None:
    path = f"/v1/connections/con_x/{what}"
    problem = problem_of(await node.api.post(path, content=sent, headers=JSON), "validation-failed")
    assert [error["pointer"] for error in problem["errors"]] == [""]
