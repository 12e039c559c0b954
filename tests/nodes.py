"""Two whole nodes in one process: real databases, real routes, and each other's only way to be reached."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from fastapi import FastAPI

from service.access.operations import issue_token
from service.access.scopes import SCOPES
from service.database.sessions import transaction
from service.demo.forms import Form, read_forms
from service.egress.client import Egress
from service.instances.addresses import egress_policy
from service.jobs.leases import release_leftovers
from service.jobs.worker import Worker, run_due
from service.main import HANDLERS, create_app
from service.node import Node
from service.settings import Settings
from service.trust.sealing import new_key
from tests.small_node import FrozenClock

Json = dict[str, object]
PATIENCE_SECONDS = 600


class Network(httpx.AsyncBaseTransport):
    """Every host that exists; `down` ones refuse. What went over the wire can be looked at afterwards.

    A request to a path that contains one of `lose_requests` never arrives; of `lose_answers`, each loses one
    answer. A browser stops before a path that ends with `hold_back`; `rewrite` changes bytes of every answer.
    """

    def __init__(self) -> None:
        self.hosts: dict[str, httpx.AsyncBaseTransport] = {}
        self.down: set[str] = set()
        self.lose_requests: list[str] = []
        self.lose_answers: list[str] = []
        self.rewrite: tuple[bytes, bytes] | None = None
        self.hold_back: str | None = None
        self.seen: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        host = request.url.host
        if host not in self.hosts or host in self.down:
            raise httpx.ConnectError("nobody there", request=request)
        if any(part in request.url.path for part in self.lose_requests):
            raise httpx.ReadTimeout("the request was lost", request=request)
        answer = await self.carry(request)
        for part in self.lose_answers:
            if part in request.url.path:
                self.lose_answers.remove(part)
                raise httpx.ReadTimeout("the answer was lost", request=request)
        return answer if self.rewrite is None else await _rewritten(answer, *self.rewrite)

    async def carry(self, request: httpx.Request) -> httpx.Response:
        """Return what the host answers; a network with faults does something else here."""
        return await self.hosts[request.url.host].handle_async_request(request)

    def holds_back(self, url: str) -> bool:
        """True where a browser is to stop before it opens this."""
        return self.hold_back is not None and urlsplit(url).path.endswith(self.hold_back)

    async def aclose(self) -> None:
        """Both nodes share the network, and each closes its own way out."""


async def _rewritten(answer: httpx.Response, old: bytes, new: bytes) -> httpx.Response:
    content = (await answer.aread()).replace(old, new)
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    return httpx.Response(answer.status_code, headers=headers, content=content)


class Crash(BaseException):
    """The process of a node is no more; nothing that handles errors may handle this."""


class Door(httpx.AsyncBaseTransport):
    """Where a node is reached, also after it was started again; every answer has the time, as uvicorn's have."""

    def __init__(self, clock: FrozenClock) -> None:
        self.clock = clock
        self.inside: httpx.AsyncBaseTransport | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.inside is None:
            raise httpx.ConnectError("the node is not running", request=request)
        try:
            answer = await self.inside.handle_async_request(request)
        except Crash:
            self.inside = None
            raise httpx.ReadError("the node died", request=request) from None
        answer.headers.setdefault("Date", format_datetime(self.clock.now(), usegmt=True))
        return answer


@dataclass
class RunningNode:
    """One node, with a client that has a node-wide token, and one sandbox instance."""

    settings: Settings
    network: Network
    clock: FrozenClock
    door: Door
    api: httpx.AsyncClient
    slug: str
    app: FastAPI = field(init=False)
    instance: Mapping[str, object] = field(default_factory=dict)
    life: AsyncExitStack = field(default_factory=AsyncExitStack)
    watch: Callable[[Node], object] | None = None
    """What a test does with the node in each of its lives."""

    @property
    def url(self) -> str:
        return self.settings.public_url

    @property
    def node(self) -> Node:
        node: Node = self.app.state.node
        return node

    @property
    def issuer(self) -> str:
        return f"{self.url}/i/{self.slug}"

    async def start(self) -> None:
        """The node runs and knows what its database knows; its jobs run only when the test says so."""
        # All nodes and browsers share one processor here: how long a call takes says nothing about them.
        policy = replace(egress_policy(self.settings), timeout_seconds=PATIENCE_SECONDS)
        egress = Egress(policy, transport=self.network)
        self.app = create_app(self.settings, clock=self.clock, egress=egress)
        await self.life.enter_async_context(self.app.router.lifespan_context(self.app))
        if self.watch is not None:
            self.watch(self.node)
        self.door.inside = httpx.ASGITransport(self.app, raise_app_exceptions=False)

    async def stop(self) -> None:
        """Nobody reaches the node, and nothing is left of it but its database."""
        self.door.inside = None
        await self.life.aclose()

    async def revive(self) -> None:
        """A node that died is started again, as whatever watches over processes does; one that lives stays."""
        if self.door.inside is None:
            await self.stop()
            await self.start()
            if self.node.database.is_sqlite:
                await release_leftovers(self.node)

    async def work(self) -> int:
        """Do every job that is due by the node's clock, until none is left; return how many were done."""
        worker, done = Worker(self.node, HANDLERS), 0
        for _ in range(50):
            count = await self._work_once(worker)
            if count == 0:
                return done
            done += count
        raise AssertionError("the worker finds no end")

    async def _work_once(self, worker: Worker) -> int:
        """A dead node does nothing any more, and what was under way in it when it died comes to nothing."""
        if self.door.inside is None:
            return 0
        others = asyncio.all_tasks()
        try:
            return await run_due(worker)
        except Crash:
            self.door.inside = None
            if left := asyncio.all_tasks() - others:
                await asyncio.wait(left)
            return 0

    async def read(self, path: str) -> dict[str, Any]:
        answer = await self.api.get(path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@asynccontextmanager
async def running_node(
    network: Network, name: str, database_url: str, clock: FrozenClock, **overrides: object
) -> AsyncIterator[RunningNode]:
    """Give a started node at `https://{name}.test` whose jobs run only when the test says so."""
    url = f"https://{name}.test"
    values: dict[str, object] = {
        "public_url": url,
        "database_url": database_url,
        "sealing_keys": new_key(),
        "sandbox": True,
        "worker": False,
        # Whole suites come from one address; the tests of limits switch them on.
        "rate_limits": False,
    }
    settings = Settings(**{**values, **overrides})  # type: ignore[arg-type]
    door = Door(clock)
    network.hosts[f"{name}.test"] = door
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(httpx.AsyncClient(transport=door, base_url=url))
        node = RunningNode(settings, network, clock, door, api, f"{name}-tracker")
        stack.push_async_callback(node.stop)
        await node.start()
        async with transaction(node.node.database) as session:
            _, token = await issue_token(
                session, node.node.hasher, "tests", sorted(SCOPES), None, clock.now()
            )
        api.headers["Authorization"] = f"Bearer {token}"
        made = await api.post(
            "/v1/instances", json={"slug": node.slug, "name": name.upper(), "platform": "sandbox"}
        )
        assert made.status_code == 201, made.text
        node.instance = made.json()
        yield node


class Person:
    """Somebody with a browser: follows redirects between the nodes, keeps cookies, fills in the forms of pages."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.client = httpx.AsyncClient(transport=network, headers={"Accept": "text/html"})
        self.page = ""
        self.url = ""
        self.status = 0
        self.visited: list[str] = []

    async def open(self, url: str) -> None:
        await self._go(self.client.build_request("GET", url))

    def forms(self) -> list[Form]:
        return read_forms(self.page)

    async def submit(
        self, values: Mapping[str, str] | None = None, *, button: str | None = None, form: int = 0
    ) -> None:
        found = self.forms()[form]
        target = urljoin(self.url, found.action)
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(self.url))
        request = self.client.build_request(
            "POST", target, data=found.filled(values or {}, button), headers={"Origin": origin}
        )
        await self._go(request)

    async def sign_in(self, login: str = "alice", password: str = "") -> None:
        await self.submit({"login": login, "password": password or f"{login}-sandbox"})

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Return the answer to one request; somebody more patient asks again when none comes."""
        return await self.client.send(request)

    async def _go(self, request: httpx.Request) -> None:
        for _ in range(20):
            response = await self.send(request)
            self.visited.append(str(request.url))
            if not response.has_redirect_location:
                self.page, self.url, self.status = response.text, str(request.url), response.status_code
                return
            target = urljoin(str(request.url), response.headers["location"])
            if self.network.holds_back(target):
                self.url = target
                return
            request = self.client.build_request("GET", target)
        raise AssertionError("redirected for ever")
