"""Records the examples of the API's description: `make examples`, after an answer has changed."""

import asyncio
import itertools
import json
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from service.openapi.document import speaks_json
from service.openapi.examples import RECORDED
from service.protocol.parameters import FORM_TYPE
from tests import databases
from tests.every_operation import Walk
from tests.exchanges import Exchange, Log
from tests.nodes import Network, running_node
from tests.small_node import FrozenClock

Json = dict[str, Any]
ID = re.compile(r"\b(con|vs|inv|ins|evt|whk|tok|ses|req)_[0-9a-f]{32}")
SHARED_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
SECRET = re.compile(r"\b(pl[a-z])_[A-Za-z0-9_-]{20,}")
INVITATION_CODE = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+")
COMPARISON_CODE = re.compile(r'("comparison_code": )"[^"]+"')
KID = re.compile(r'("kid": )"[^"]+"')
PAGE_TOKEN = re.compile(r'("next_page_token": )"[^"]+"')
# What is drawn by lot, in the shape that the protocol asks for: examples of the RFCs, and words that say what it is.
DRAWN = {
    "code": "a-code-of-256-random-bits",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "nonce": "a-nonce-of-256-random-bits",
    "request_uri": "urn:ietf:params:oauth:request_uri:256-random-bits",
    "secret": "the-secret-that-the-code-carries",
    "state": "a-state-of-256-random-bits",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
DRAWN_BY_LOT = re.compile(
    rf'"(?P<name>{"|".join(DRAWN)})": "(?:urn:ietf:params:oauth:request_uri:)?[A-Za-z0-9_-]{{22,}}"'
)
FINGERPRINT = re.compile(r'("fingerprint": "|/oauth/clients/)[A-Za-z0-9_-]{43}')
# Catalogues are longer than an example should be.
SHORTENED = {"listProblemTypes", "getLifecycle", "getAuthorizationServerMetadata"}
SHORT = 2
# One with a form and one with a page of its own: a further platform changes no example.
SHOWN_PLATFORMS = {"github", "redmine"}
# The member of a request that says which of several things it asks for (RFC 6749, section 4).
USE = "grant_type"


@asynccontextmanager
async def two_nodes(database_url: str, template: Path, folder: Path) -> AsyncIterator[Walk]:
    """Give a walk through two nodes; the asking one has this database."""
    network, clock = Network(), FrozenClock()
    other = databases.sqlite_copy(template, folder / "other.db")
    async with AsyncExitStack() as stack:
        acme = await stack.enter_async_context(running_node(network, "acme", database_url, clock))
        partner = await stack.enter_async_context(running_node(network, "partner", other, clock))
        yield Walk.begin(acme, partner, network, clock)


def examples_of(log: Log) -> Json:
    """Return, by operation, the last request that did its work and the answer to it, the same in every run."""
    found: Json = {}
    for exchange in log.exchanges:
        operation = exchange.operation
        if operation is None or not speaks_json(operation.described) or not exchange.answer.is_success:
            continue
        example = _example(exchange, operation.id)
        if use := example.get("request", {}).get(USE):
            found.setdefault(operation.id, {"uses": {}})["uses"][use] = example
        else:
            found[operation.id] = example
    return _without_chance(
        {operation.id: found[operation.id] for operation in log.operations if operation.id in found}
    )


def _example(exchange: Exchange, operation_id: str) -> Json:
    example: Json = {}
    if exchange.sent:
        is_form = exchange.request.headers["content-type"].startswith(FORM_TYPE)
        example["request"] = dict(parse_qsl(exchange.sent.decode())) if is_form else json.loads(exchange.sent)
    if exchange.answer.content:
        answer = exchange.answer.json()
        if operation_id == "listPlatforms":
            answer["items"] = [
                platform for platform in answer["items"] if platform["name"] in SHOWN_PLATFORMS
            ]
        shortened = operation_id in SHORTENED
        example["responses"] = {str(exchange.answer.status_code): _shorten(answer) if shortened else answer}
    return example


def _shorten(node: Any) -> Any:
    match node:
        case dict():
            return {name: _shorten(value) for name, value in node.items()}
        case list():
            return [_shorten(value) for value in node[:SHORT]]
        case _:
            return node


def _without_chance(examples: Json) -> Json:
    """Return the examples with ids that count, and with no secret."""
    text = json.dumps(examples, ensure_ascii=False)
    numbers = itertools.count(1)
    known: dict[str, str] = {}
    for found in ID.finditer(text):
        known.setdefault(found[0], f"{found[1]}_0199c0de7f3a7c4e8a01b2c3d4e5f6{next(numbers):02x}")
    for found in SHARED_ID.finditer(text):
        known.setdefault(found[0], f"3f0c9e0b-7d3a-4c1f-8e2b-6a9d0c7f4e{next(numbers):02x}")
    for there, here in known.items():
        text = text.replace(there, here)
    text = SECRET.sub(r"\1_…", text)
    text = INVITATION_CODE.sub("eyJhbGciOiJFUzI1NiIs…", text)
    text = COMPARISON_CODE.sub(r'\1"K7QX-M4TD"', text)
    text = KID.sub(r'\1"mPBTqoBgXoW0ZqyMSFyFuEiAOqRdSmZl0gWzC9ZwXhQ"', text)
    text = DRAWN_BY_LOT.sub(lambda drawn: f'"{drawn["name"]}": "{DRAWN[drawn["name"]]}"', text)
    text = FINGERPRINT.sub(r"\1mPBTqoBgXoW0ZqyMSFyFuEiAOqRdSmZl0gWzC9ZwXhQ", text)
    text = PAGE_TOKEN.sub(r'\1"WyJlOGU5NDQ3ZmMwMGEiXQ"', text)
    without: Json = json.loads(text)
    return without


async def record(template: Path, folder: Path) -> None:
    """The file of examples is new."""
    url = databases.sqlite_copy(template, folder / "acme.db")
    async with two_nodes(url, template, folder) as walk:
        await walk.everything()
        examples = examples_of(walk.log)
    RECORDED.write_text(json.dumps(examples, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Migrate a database, which runs a loop of its own, and then record."""
    with tempfile.TemporaryDirectory() as folder:
        template = databases.sqlite_template(Path(folder))
        asyncio.run(record(template, Path(folder)))


if __name__ == "__main__":
    main()
