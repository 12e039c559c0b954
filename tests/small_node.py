"""A node of few parts, for the tests of those: real database, real handlers, a clock that stands still."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from service.access.operations import issue_token
from service.access.scopes import SCOPES
from service.api import access, platforms
from service.api import sandbox as sandbox_router
from service.api.instances import fronted, keys
from service.database.engine import open_database
from service.database.sessions import transaction
from service.egress.client import Egress
from service.http import problem_handlers
from service.instances.addresses import egress_policy
from service.node import Node
from service.platforms.registry import Registry, build_registry
from service.problems.tree import Problem
from service.settings import Settings
from service.trust.sealing import Sealer, new_key, parse_keys
from service.trust.tokens import Hasher
from service.values.moments import Clock

PUBLIC_URL = "http://127.0.0.1:8000"
NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
ALICE = {"login": "alice", "password": "alice-sandbox"}
BOB = {"login": "bob", "password": "bob-sandbox"}


class FrozenClock(Clock):
    """Time passes only when a test says so."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@dataclass
class SmallNode:
    """A running node, and what its clients do all the time."""

    node: Node
    clock: FrozenClock
    app: FastAPI
    client: httpx.AsyncClient
    tokens: dict[str, str] = field(default_factory=dict)

    async def token(self, *scopes: str, instances: list[str] | None = None, **more: Any) -> str:
        """Return the Authorization value of a fresh service token; without scopes it has them all."""
        async with transaction(self.node.database) as session:
            _, secret = await issue_token(
                session, self.node.hasher, "test", scopes or SCOPES, instances, self.clock.now(), **more
            )
        return f"Bearer {secret}"

    async def call(
        self, method: str, path: str, token: str | None = None, body: object = None, **more: Any
    ) -> httpx.Response:
        """Return the answer to one request; without a token, as who may do everything."""
        if token is None:
            token = self.tokens.get("all") or await self.token()
            self.tokens["all"] = token
        headers = {"Authorization": token} if token else {}
        return await self.client.request(method, path, headers=headers, json=body, **more)

    async def add_instance(self, slug: str = "acme", **more: Any) -> Mapping[str, Any]:
        """Return a new sandbox instance as its maker sees it."""
        body = {"slug": slug, "name": slug.title(), "platform": "sandbox", **more}
        answer = await self.call("POST", "/v1/instances", body=body)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created

    async def sign_in(self, slug: str = "acme", values: Mapping[str, str] = ALICE) -> httpx.Response:
        """Return the answer to a sign-in at this instance."""
        body = {"instance": slug, "method": "password", "values": dict(values)}
        return await self.client.post("/v1/sessions", json=body)

    async def person(self, slug: str = "acme") -> str:
        """Return the Authorization value of an admin of this instance."""
        return f"Bearer {(await self.sign_in(slug)).json()['token']}"


@asynccontextmanager
async def running(
    database_url: str, *, registry: Registry | None = None, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[SmallNode]:
    """Give the node; what it calls reaches itself unless another transport is given."""
    settings = Settings.model_validate(
        {"env": "development", "public_url": PUBLIC_URL, "sealing_keys": new_key(), "sandbox": True}
    )
    app = FastAPI(redirect_slashes=False)
    problem_handlers.install(app, _page)
    for part in (access, fronted, keys, platforms, sandbox_router):
        app.include_router(part.router)
    own = httpx.ASGITransport(app)
    egress = Egress(egress_policy(settings), transport or own)
    clock, database = FrozenClock(), open_database(database_url)
    sealer = Sealer(parse_keys(settings.sealing_keys.get_secret_value()))
    node = Node(settings, database, clock, egress, sealer, Hasher(b"h" * 32))
    app.state.settings, app.state.node, app.state.database = settings, node, database
    app.state.platforms = registry or build_registry(sandbox=True)
    app.state.max_body_bytes = 65_536
    async with httpx.AsyncClient(transport=own, base_url=PUBLIC_URL) as client:
        try:
            yield SmallNode(node, clock, app, client)
        finally:
            await egress.aclose()
            await database.close()


def _page(request: Request, problem: Problem, request_id: str) -> Response:
    return PlainTextResponse(problem.detail, problem.status)
