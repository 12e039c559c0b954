"""Text that UTF-8 or PostgreSQL does not know is refused everywhere, and breaks nothing anywhere."""

import copy
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from service.openapi.document import operations
from service.openapi.examples import recorded_examples
from tests.nodes import Network, RunningNode, running_node
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
ODD = {"NUL": "a\x00b", "lone surrogate": "a\ud800b", "only NUL": "\x00"}
IN_ADDRESSES = ("a%00b", "%00", "%ED%A0%80", "%FF", "a%0Ab", "..%2F..")
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
async def node(database_url: str) -> AsyncIterator[RunningNode]:
    async with running_node(Network(), "acme", database_url, FrozenClock()) as node:
        yield node


async def known_ids(node: RunningNode) -> dict[str, str]:
    """Return what each variable of a path may be, so that the odd text meets a row and not only its absence."""
    made = await node.api.post("/v1/connections", json={"instance": node.slug})
    return {
        "connection_id": made.json()["id"],
        "instance_id": str(node.instance["id"]),
        "slug": node.slug,
        "code": "not-found",
    }


def filled(template: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template.replace("{", "").replace("}", "")


def variants(body: object, odd: str) -> Iterator[tuple[str, object]]:
    """Yield the body once for each text in it, with that text and then with that name made odd."""
    for path in list(_texts(body)):
        changed: Any = copy.deepcopy(body)
        place = changed
        for step in path[:-1]:
            place = place[step]
        yield f"value {path}", _put(place, path[-1], odd, changed)
    if isinstance(body, dict):
        yield "name", {**body, odd: "x"}


def _put(place: Any, key: Any, value: object, whole: object) -> object:
    place[key] = value
    return whole


def _texts(node: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    match node:
        case str():
            yield path
        case dict():
            for name, value in node.items():
                yield from _texts(value, (*path, name))
        case list():
            for index, value in enumerate(node):
                yield from _texts(value, (*path, index))
        case _:
            pass


async def test_in_a_body(node: RunningNode) -> None:
    ids, wrong = await known_ids(node), []
    for template, method, operation in operations(node.app.openapi()):
        example = recorded_examples().get(operation["operationId"], {}).get("request")
        if example is None or "application/json" not in operation["requestBody"]["content"]:
            continue
        for kind, odd in ODD.items():
            for where, body in variants(example, odd):
                sent = json.dumps(body).encode()
                answer = await node.api.request(
                    method, filled(template, ids), content=sent, headers={"Content-Type": "application/json"}
                )
                if answer.status_code not in {400, 401, 404, 409, 422}:
                    wrong.append(f"{operation['operationId']}: {kind} in {where}: {answer.status_code}")
                assert {"code", "error"} & answer.json().keys()  # as RFC 9457, or as RFC 6749 has it
    assert wrong == []


async def test_in_a_path(node: RunningNode) -> None:
    ids, wrong = await known_ids(node), []
    for template, method, _ in operations(node.app.openapi()):
        for name in [part[1:-1] for part in template.split("/") if part.startswith("{")]:
            for odd in IN_ADDRESSES:
                path = filled(template, {**ids, name: odd})
                answer = await node.api.request(method, path)
                if not 400 <= answer.status_code < 500:
                    wrong.append(f"{method} {path}: {answer.status_code}")
    assert wrong == []


async def test_in_a_query(node: RunningNode) -> None:
    ids, wrong = await known_ids(node), []
    for template, method, operation in operations(node.app.openapi()):
        path = filled(template, ids)
        names = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
        for name in [*names, "unknown", "unknown%00"]:
            for odd in IN_ADDRESSES:
                answer = await node.api.request(method, f"{path}?{name}={odd}")
                if answer.status_code >= 500:
                    wrong.append(f"{method} {path}?{name}={odd}: {answer.status_code}")
    assert wrong == []


async def test_in_a_header(node: RunningNode) -> None:
    ids, wrong = await known_ids(node), []
    for template, method, operation in operations(node.app.openapi()):
        names = [each["name"] for each in operation.get("parameters", []) if each["in"] == "header"]
        for name in [*names, "Authorization", "Request-Id", "Accept", "Cookie", "Origin"]:
            for odd in (b"Bearer ply_\xff", "köln".encode()):
                path = filled(template, ids)
                answer = await node.api.request(method, path, headers={name.encode(): odd})
                if answer.status_code >= 500:
                    wrong.append(f"{method} {path} {name}: {odd!r}: {answer.status_code}")
    assert wrong == []


async def test_in_a_form(node: RunningNode) -> None:
    ids, wrong = await known_ids(node), []
    for template, method, operation in operations(node.app.openapi()):
        content = operation.get("requestBody", {}).get("content", {})
        if FORM not in content:
            continue
        for odd in IN_ADDRESSES:
            sent = "&".join(
                f"{quote(name)}={odd}" for name in content[FORM]["schema"].get("properties", {"x": 0})
            )
            answer = await node.api.request(
                method, filled(template, ids), content=sent.encode(), headers={"Content-Type": FORM}
            )
            if not 300 <= answer.status_code < 500:
                wrong.append(f"{method} {template}: {sent}: {answer.status_code}")
    assert wrong == []
