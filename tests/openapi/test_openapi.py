"""The description of the API: valid, complete, and the same as what the service does."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest
from openapi_spec_validator import validate

from service.api.about.problem_types import all_problems
from service.limits.table import LIMITED
from service.main import create_app
from service.openapi.document import TAGS, is_for_programs, operations, speaks_json
from service.openapi.examples import recorded_examples
from service.settings import Settings
from service.trust.sealing import new_key

Json = dict[str, Any]
ROOT = "https://parley.acme.example"
APP = create_app(
    Settings.model_validate({"public_url": ROOT, "sealing_keys": new_key(), "sandbox": True, "worker": False})
)
DESCRIPTION: Json = APP.openapi()
OPERATIONS = [operation for _, _, operation in operations(DESCRIPTION)]
REST = [operation for operation in OPERATIONS if is_for_programs(operation)]
SPOKEN = [operation for operation in OPERATIONS if speaks_json(operation)]
PROBLEM_JSON = "application/problem+json"
each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each["operationId"])
each_spoken_operation = pytest.mark.parametrize("operation", SPOKEN, ids=lambda each: each["operationId"])
each_rest_operation = pytest.mark.parametrize("operation", REST, ids=lambda each: each["operationId"])


@pytest.fixture
async def browser() -> httpx.AsyncClient:
    transport = httpx.ASGITransport(APP)
    return httpx.AsyncClient(transport=transport, base_url=ROOT, headers={"Accept": "text/html"})


def test_it_is_valid_openapi() -> None:
    assert DESCRIPTION["openapi"].startswith("3.1.")
    validate(DESCRIPTION)


def test_it_says_where_this_node_is_and_under_which_licence() -> None:
    assert [server["url"] for server in DESCRIPTION["servers"]] == ["/", ROOT]
    assert DESCRIPTION["info"]["license"]["identifier"] == "Apache-2.0"
    assert "contact" not in DESCRIPTION["info"]


def test_each_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for operation in OPERATIONS]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert [name for name in names if not re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", name)] == []


def test_each_shape_has_a_name_that_is_a_word() -> None:
    """Generated clients take these names for their classes."""
    names = set(DESCRIPTION["components"]["schemas"])
    assert [name for name in names if not re.fullmatch(r"(Body_)?[A-Za-z]+", name)] == []


def test_tags_stand_in_the_order_of_the_documentation() -> None:
    names = [tag["name"] for tag in DESCRIPTION["tags"]]
    assert names == [tag["name"] for tag in TAGS if tag["name"] in names]
    assert {operation["tags"][0] for operation in OPERATIONS} == set(names)


@each_operation
def test_each_operation_explains_itself(operation: Json) -> None:
    assert len(operation["tags"]) == 1
    assert operation["summary"]
    assert not operation["summary"].endswith(".")
    assert operation["description"].strip()
    assert all(response["description"].strip() for response in operation["responses"].values())
    assert "Successful Response" not in str(operation)
    untold = [each["name"] for each in operation.get("parameters", []) if not each.get("description")]
    assert untold == []


@each_operation
def test_who_needs_a_scope_is_told_which(operation: Json) -> None:
    for need in operation.get("security", []):
        for scope in need["bearer"]:
            assert f"`{scope}`" in operation["description"]
            assert f"`{scope}`" in DESCRIPTION["components"]["securitySchemes"]["bearer"]["description"]


@each_rest_operation
def test_each_refusal_is_a_known_problem_and_nothing_else(operation: Json) -> None:
    refusals = {status: each for status, each in operation["responses"].items() if status[0] in "45"}
    assert refusals
    for status, refusal in refusals.items():
        assert list(refusal["content"]) == [PROBLEM_JSON]
        media = refusal["content"][PROBLEM_JSON]
        assert media["schema"] == {"$ref": "#/components/schemas/ProblemOut"}
        for slug, example in media["examples"].items():
            assert str(all_problems()[slug].status) == status
            assert example == {"$ref": f"#/components/examples/{slug}"}


def test_what_is_limited_says_how_it_refuses_and_what_is_left() -> None:
    limited = {
        (each.method, each.template): DESCRIPTION["paths"][each.template][each.method.lower()]["responses"]
        for each in LIMITED
    }
    assert [
        name for name, responses in limited.items() if "Retry-After" not in responses["429"]["headers"]
    ] == []
    promising = {
        (method.upper(), path)
        for path, method, operation in operations(DESCRIPTION)
        if all(
            {"RateLimit", "RateLimit-Policy"} <= set(each["headers"])
            for each in operation["responses"].values()
        )
    }
    assert promising == set(limited)


def test_whatever_a_stranger_can_send_is_limited() -> None:
    """An operation that asks for no token of ours is open to everybody; to read what is published is free."""
    limited = {(operation.method.lower(), operation.template) for operation in LIMITED}
    assert len(limited) == len(LIMITED)
    assert [
        f"{method} {path}"
        for path, method, operation in operations(DESCRIPTION)
        if "security" not in operation and method != "get" and (method, path) not in limited
    ] == []


def test_the_frameworks_own_errors_are_gone() -> None:
    assert "HTTPValidationError" not in str(DESCRIPTION)


@each_spoken_operation
def test_each_body_has_an_example(operation: Json) -> None:
    """Those of the protocol too: who builds a node reads here what is said at each step."""
    bodies = list(_bodies(operation))
    assert [name for name, media in bodies if not _examples(media)] == []
    for name, media in bodies:
        faults = [fault for example in _examples(media) for fault in _faults(media["schema"], example)]
        assert faults == [], f"{name}: record the examples anew with `make examples`"


def test_both_uses_of_the_token_endpoint_are_shown() -> None:
    (operation,) = [each for each in SPOKEN if each["operationId"] == "requestToken"]
    for _, media in _bodies(operation):
        assert list(media["examples"]) == ["authorization_code", "client_credentials"]


def test_no_example_has_a_whole_secret() -> None:
    """A JWT is cut behind its head; what is drawn by lot is an example of an RFC, or says what it is."""
    text = json.dumps(recorded_examples())
    assert re.findall(r"eyJ[\w-]+\.[\w-]+", text) == []
    drawn = re.findall(r'"(?:code|nonce|secret|state|request_uri)": "([^"]*[A-Za-z0-9_-]{22,})"', text)
    assert [value for value in drawn if not value.endswith(("-random-bits", "-carries"))] == []


def test_no_example_is_left_over() -> None:
    assert set(recorded_examples()) <= {operation["operationId"] for operation in SPOKEN}


def test_each_problem_has_an_example_with_every_member() -> None:
    examples = DESCRIPTION["components"]["examples"]
    assert set(examples) == set(all_problems())
    for slug, example in examples.items():
        assert example["value"]["type"] == f"{ROOT}/v1/problem-types/{slug}"
        assert "{" not in example["value"]["detail"]
        assert _faults({"$ref": "#/components/schemas/ProblemOut"}, example["value"]) == []


def test_every_field_of_an_answer_is_always_there() -> None:
    schemas = DESCRIPTION["components"]["schemas"]
    for operation in REST:
        for status, response in operation["responses"].items():
            if status[0] == "2":
                for reference in re.findall(r"#/components/schemas/(\w+)", str(response)):
                    shape = schemas[reference]
                    assert set(shape["required"]) == set(shape["properties"]), reference


@pytest.mark.anyio
async def test_nulls_of_examples_are_shown() -> None:
    example = recorded_examples()["createConnection"]["responses"]["201"]
    assert None in example.values()
    shown = DESCRIPTION["paths"]["/v1/connections"]["post"]["responses"]["201"]
    assert shown["content"]["application/json"]["example"] == example


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_the_docs_pages_answer_and_name_no_other_server(browser: httpx.AsyncClient, path: str) -> None:
    page = await browser.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]+", page.text) in ([], ["http://www.w3.org"])
    for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
        assert (await browser.get(asset)).status_code == 200


@pytest.mark.anyio
async def test_the_description_is_served(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/openapi.json")).json() == DESCRIPTION


@pytest.mark.anyio
async def test_the_description_is_sent_small_and_once(browser: httpx.AsyncClient) -> None:
    first = await browser.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    assert int(first.headers["content-length"]) * 5 < len(first.content)
    for refused in ("identity", "gzip;q=0, identity", ""):
        plain = await browser.get("/openapi.json", headers={"Accept-Encoding": refused})
        assert "content-encoding" not in plain.headers
        assert plain.content == first.content
    again = await browser.get("/openapi.json", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.anyio
async def test_files_of_pages_are_sent_small_and_kept_until_they_change(browser: httpx.AsyncClient) -> None:
    path = "/static/vendor/swagger-ui/swagger-ui-bundle.js"
    first = await browser.get(path, headers={"Accept-Encoding": "gzip"})
    assert (first.headers["content-encoding"], first.headers["cache-control"]) == ("gzip", "no-cache")
    again = await browser.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def _bodies(operation: Json) -> Iterator[tuple[str, Json]]:
    """Yield what goes in, and what comes out as JSON when all is well."""
    for media in operation.get("requestBody", {}).get("content", {}).values():
        yield "request", media
    for status, response in operation["responses"].items():
        if status[0] == "2" and "application/json" in response.get("content", {}):
            yield status, response["content"]["application/json"]


def _examples(media: Json) -> list[object]:
    """Return what is shown of it: one example, or one for each use."""
    uses = [each["value"] for each in media.get("examples", {}).values()]
    return [media["example"]] if "example" in media else uses


def _faults(shape: Json, example: object) -> list[str]:
    """Return what is wrong with the example, members that nobody described too."""
    validator = jsonschema_rs.Draft202012Validator({**shape, "components": DESCRIPTION["components"]})
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(example)]
