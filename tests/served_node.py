"""A seeded node behind a real HTTP server on loopback, with a partner that it reaches in the same process."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field

import uvicorn

from tests.nodes import Network, RunningNode, running_node
from tests.small_node import FrozenClock


@dataclass
class ServedNode:
    """Where the node is called, and with which credential."""

    url: str
    authorization: str


@dataclass
class _Server:
    """What the thread of the server tells the thread of the test, and the reverse."""

    database_url: str
    other_url: str
    listener: socket.socket
    started: threading.Event = field(default_factory=threading.Event)
    authorization: str = ""
    server: uvicorn.Server | None = None

    def run(self) -> None:
        """Serve until told to stop; whoever waits for the start is not left waiting where there is none."""
        try:
            asyncio.run(self.serve())
        finally:
            self.started.set()

    async def serve(self) -> None:
        network, clock = Network(), FrozenClock()
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(running_node(network, "partner", self.other_url, clock))
            acme = await stack.enter_async_context(running_node(network, "acme", self.database_url, clock))
            await seed(acme)
            self.authorization = acme.api.headers["Authorization"]
            config = uvicorn.Config(acme.app, lifespan="off", log_level="warning")
            self.server = uvicorn.Server(config)
            self.started.set()
            await self.server.serve(sockets=[self.listener])


async def seed(node: RunningNode) -> None:
    """There is something to find, to change, to end and to finish."""
    details = {"local_short_name": "here", "destination_short_name": "there"}
    local = {"instance": node.slug, "destination": {"type": "local"}, "details": details, "mode": "basic"}
    for body in ({"instance": node.slug}, local):
        answer = await node.api.post("/v1/connections", json=body)
        assert answer.status_code == 201, answer.text


@contextmanager
def served_node(database_url: str, other_url: str) -> Iterator[ServedNode]:
    """Give the node; it stops when the test is done."""
    # Named TCP, or asyncio does not switch Nagle's algorithm off, and each answer waits 40 ms for the client's ACK.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        running = _Server(database_url, other_url, listener)
        thread = threading.Thread(target=running.run, daemon=True)
        thread.start()
        assert running.started.wait(60)
        assert running.server is not None, "the node did not start"
        host, port = listener.getsockname()
        try:
            yield ServedNode(f"http://{host}:{port}", running.authorization)
        finally:
            running.server.should_exit = True
            thread.join(10)
