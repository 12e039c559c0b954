"""What one set-up costs in statements, commits and clients: what is counted does not creep up unseen."""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from tests.nodes import RunningNode
from tests.pairs import Pair

pytestmark = pytest.mark.anyio
MOST_COMMITS = 10
ANY_ID = re.compile(r"/(con|vs|aut)_[0-9a-f]+|/[0-9a-f]{8}-[0-9a-f-]{27}")
BOOKKEEPING = re.compile(r"UPDATE job SET (attempts|lease_token)")
# Statements of one request, on warm caches; begin and commit are none.
MOST_STATEMENTS = {
    "POST /v1/connections": 14,
    "POST /v1/connections/*/verification-sessions": 11,
    "GET /v1/verification-sessions/*/start": 4,
    "POST /v1/verification-sessions/*/start": 20,
    "GET /v1/connections": 5,
    "GET /v1/connections/*": 4,
    "GET /i/*/sign-in": 1,
    "POST /i/*/sign-in": 11,
    "GET /i/*/oauth/callback": 9,
    "POST /i/*/oauth/par": 9,
    "GET /i/*/oauth/authorize": 2,
    "GET /i/*/oauth/authorize/*": 3,
    "POST /i/*/oauth/authorize/*": 13,
    "POST /i/*/oauth/token": 11,
    "PUT /i/*/connections/*/activation": 12,
}


class Counts:
    """What both nodes did with their databases: by request, and each transaction that wrote."""

    def __init__(self) -> None:
        self.statements: defaultdict[str, list[int]] = defaultdict(list)
        self.commits: list[list[str]] = []
        self.clients = 0
        self.serving: list[str] = []

    def executed(self, connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        if self.serving:
            self.statements[self.serving[-1]][-1] += 1
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            connection.info.setdefault("wrote", []).append(statement)

    def committed(self, connection: Any) -> None:
        if wrote := connection.info.pop("wrote", None):
            self.commits.append(wrote)

    @property
    def commits_of_the_protocol(self) -> list[str]:
        """What was committed, but for the worker's own notes on its jobs."""
        return [wrote[0] for wrote in self.commits if not all(BOOKKEEPING.match(each) for each in wrote)]


class _Watched(httpx.AsyncBaseTransport):
    """A node whose requests are told apart."""

    def __init__(self, inside: httpx.AsyncBaseTransport, counts: Counts) -> None:
        self.inside, self.counts = inside, counts

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = re.sub(r"^/i/[^/]+", "/i/*", ANY_ID.sub("/*", request.url.path))
        self.counts.serving.append(f"{request.method} {path}")
        self.counts.statements[self.counts.serving[-1]].append(0)
        try:
            return await self.inside.handle_async_request(request)
        finally:
            self.counts.serving.pop()


@contextmanager
def counting(*nodes: RunningNode) -> Iterator[Counts]:
    """Count what these nodes do inside the block."""
    counts = Counts()
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        built = httpx.AsyncClient.__init__

        def build(client: httpx.AsyncClient, *given: Any, **named: Any) -> None:
            counts.clients += bool(counts.serving)
            built(client, *given, **named)

        patch.setattr(httpx.AsyncClient, "__init__", build)
        for node in nodes:
            assert node.door.inside is not None
            patch.setattr(node.door, "inside", _Watched(node.door.inside, counts))
            for engine in {
                node.node.database.engine.sync_engine,
                node.node.database.reading_engine.sync_engine,
            }:
                event.listen(engine, "after_cursor_execute", counts.executed)
                event.listen(engine, "commit", counts.committed)
                stack.callback(event.remove, engine, "after_cursor_execute", counts.executed)
                stack.callback(event.remove, engine, "commit", counts.committed)
        yield counts


async def test_no_request_of_a_set_up_asks_more_than_this(pair: Pair) -> None:
    await pair.connected()
    with counting(pair.a, pair.b) as counts:
        await pair.connected()
    too_many = {
        request: max(found)
        for request, found in counts.statements.items()
        if max(found) > MOST_STATEMENTS[request]
    }
    assert not too_many, counts.statements


async def test_a_set_up_commits_ten_times_from_the_push_to_the_end(pair: Pair) -> None:
    """P4 to P9 over both nodes, the responder's sign-in among them; P3 stores the start before anything is sent."""
    await pair.connected()
    person = await pair.person()
    await person.open((await pair.session(await pair.draft()))["start_url"])
    await person.sign_in()
    with counting(pair.a, pair.b) as counts:
        await person.submit()
        await person.sign_in()
        await person.submit(button="accept")
        await pair.a.work()
    made = counts.commits_of_the_protocol
    assert made[0].startswith("UPDATE verification_session"), "P3"
    assert len(made[1:]) <= MOST_COMMITS, made


async def test_no_http_client_is_built_in_a_request(pair: Pair) -> None:
    await pair.connected()
    with counting(pair.a, pair.b) as counts:
        await pair.connected()
    assert counts.statements
    assert counts.clients == 0
