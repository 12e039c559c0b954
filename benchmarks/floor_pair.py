"""Two bare nodes, driven through as many requests as a set-up takes."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from benchmarks.contenders import Contender
from benchmarks.databases import database_server
from benchmarks.floor_steps import OF_THE_BROWSER, STEPS
from benchmarks.http_client import HttpClient
from benchmarks.processes import free_port, python, served


@asynccontextmanager
async def floor_pair(kind: str, folder: Path) -> AsyncIterator[Contender]:
    """Give both nodes, ready."""
    with ExitStack() as stack:
        database = stack.enter_context(database_server(kind, "a", "b"))
        ports = {"a": free_port(), "b": free_port()}
        urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        servers = []
        for name, other in (("a", "b"), ("b", "a")):
            command = python("benchmarks.floor_node", str(ports[name]), database.url(name), urls[other])
            servers.append(stack.enter_context(served(name, command, ports[name], folder, {})))
        for server in servers:
            await server.wait_until("/")

        async def flow(http: HttpClient) -> int:
            for number in OF_THE_BROWSER:
                step = STEPS[number]
                method = "POST" if step.commits else "GET"
                body = b"." * 200 if step.commits else b""
                await http.request(method, f"{urls[step.at.lower()]}/step/{number}", {}, body)
            return len(OF_THE_BROWSER)

        yield Contender("floor", tuple(servers), database, flow)
