"""Two nodes of ours, as an operator starts them, and a set-up as a program and a person do it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.browser import Browser, WentWrong
from benchmarks.contenders import Contender
from benchmarks.counted_node import SharedCounts
from benchmarks.databases import database_server
from benchmarks.http_client import HttpClient
from benchmarks.processes import Served, free_port, python, run, served

NAMES = ("acme", "globex")
ALICE = {"login": "alice", "password": "alice-sandbox"}
DETAILS = {"local_short_name": "Acme", "destination_short_name": "Globex"}
FIRST_PAUSE, LONGEST_PAUSE, PATIENCE = 0.01, 0.32, 60.0
# The sandbox has one admin, and an account that is tried more than 20 times at once is guessed.
_one_account = asyncio.Semaphore(16)
Json = dict[str, Any]


class Instance:
    """An instance on a node, as a program with a token for it reaches it."""

    def __init__(self, server: Served, issuer: str, token: str) -> None:
        self.server, self.issuer, self._token = server, issuer, token

    async def call(self, http: HttpClient, method: str, path: str, body: object = None) -> Json:
        """Return the JSON of a good answer."""
        headers = {"authorization": f"Bearer {self._token}", "content-type": "application/json"}
        sent = b"" if body is None else json.dumps(body).encode()
        answer = await http.request(method, self.server.url + path, headers, sent)
        if not 200 <= answer.status < 300:  # noqa: PLR2004 - what a good answer is
            raise WentWrong(f"{answer.status} {method} {path}: {answer.text[:600]}")
        found: Json = json.loads(answer.body)
        return found


@asynccontextmanager
async def parley_pair(
    kind: str, folder: Path, *, counted: bool = False, profiled: bool = False
) -> AsyncIterator[Contender]:
    """Give both nodes, ready; `counted` and `profiled` ones are slower, and never compared."""
    with ExitStack() as stack:
        database = stack.enter_context(database_server(kind, *NAMES))
        sealing_keys = run(python("service.cli", "new-sealing-key"), {}).strip()
        instances, counts = [], {}
        for name in NAMES:
            port = free_port()
            environment = {
                "PARLEY_ENV": "development",
                "PARLEY_PUBLIC_URL": f"http://127.0.0.1:{port}",
                "PARLEY_DATABASE_URL": database.url(name),
                "PARLEY_DATA_DIR": str(folder / name),
                "PARLEY_SEALING_KEYS": sealing_keys,
                "PARLEY_SANDBOX": "true",
                "PARLEY_RATE_LIMITS": "false",
            }
            run(python("service.cli", "migrate"), environment)
            command = python("service.cli", "serve", "--port", str(port))
            watched = dict(environment)
            if counted:
                counts[name] = SharedCounts(folder / f"{name}.counts")
                watched["BENCH_COUNTS"] = str(folder / f"{name}.counts")
            if profiled:
                watched["BENCH_PROFILE"] = str(folder / f"{name}.profile")
            if counted or profiled:
                command = python("benchmarks.counted_node", "serve", "--port", str(port))
            server = stack.enter_context(served(name, command, port, folder, watched))
            await server.wait_until("/readyz")
            made = ("instance", "add", "--slug", name, "--name", name.title(), "--platform", "sandbox")
            issuer, token = run(python("service.cli", *made), environment).split()
            instances.append(Instance(server, issuer, token))
        first, second = instances

        async def flow(http: HttpClient) -> int:
            return await set_up(http, first, second)

        def read() -> Mapping[str, Mapping[str, int]]:
            return {name: each.read() for name, each in counts.items()}

        async def count_agreed(http: HttpClient) -> int:
            return await both_agree(http, first, second)

        yield Contender("parley", (first.server, second.server), database, flow, count_agreed, read)


async def set_up(http: HttpClient, asking: Instance, asked: Instance) -> int:
    """From nothing to a connection that is active: a program drafts, alice signs in on both sides and accepts.

    The asked node is active first (its answer is the commit), so the asking one tells when both are.
    """
    browser = Browser(http)
    body = {"destination": {"type": "public", "url": asked.issuer}, "details": DETAILS, "mode": "visual"}
    connection = await asking.call(http, "POST", "/v1/connections", body)
    path = f"/v1/connections/{connection['id']}"
    session = await asking.call(http, "POST", path + "/verification-sessions")
    await browser.open(session["start_url"])
    async with _one_account:
        await browser.submit(ALICE)
    if session["comparison_code"] not in browser.page:
        raise WentWrong("the start page shows another code")
    await browser.submit()
    async with _one_account:
        await browser.submit(ALICE)
    if session["comparison_code"] not in browser.page:
        raise WentWrong("the other side shows another code")
    await browser.submit(button="accept")
    polls, pause = 0, FIRST_PAUSE
    async with asyncio.timeout(PATIENCE):
        while True:
            shown = await asking.call(http, "GET", path)
            polls += 1
            if shown["state"] == "active":
                break
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
    if shown["destination"]["state"] != "active":
        raise WentWrong("only one side is active")
    return 2 + browser.requests + polls


async def both_agree(http: HttpClient, asking: Instance, asked: Instance) -> int:
    """Return how many connections are active on both sides; raises where the sides differ."""
    found = [await _active(http, each) for each in (asking, asked)]
    if found[0] != found[1]:
        raise WentWrong(f"{len(found[0] ^ found[1])} connections are active on one side only")
    return len(found[0])


async def _active(http: HttpClient, instance: Instance) -> set[str]:
    found: set[str] = set()
    token: str | None = ""
    while token is not None:
        more = f"&page_token={token}" if token else ""
        page = await instance.call(http, "GET", f"/v1/connections?state=active&limit=100{more}")
        found |= {item["shared_id"] for item in page["items"]}
        token = page["next_page_token"]
    return found
