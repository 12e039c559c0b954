"""One bare node: what a set-up cannot do without, and nothing else. Takes a port, a database and the other's URL.

No framework, no validation, no pages, no checks: bytes in, one prepared read, one commit where something is stored,
the signatures of the protocol, bytes out. Nothing that sets up connections over HTTP on these databases can cost less
by much.
"""

import json
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from uuid import uuid4

import asyncpg
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from benchmarks.floor_steps import STEPS, Step
from benchmarks.http_client import HttpClient

POOL_SIZE = 20
BODY = b'{"id":"con_01890a5d","state":"draft","filling":"' + b"." * 280 + b'"}'
ALGORITHM = ec.ECDSA(SHA256())
MESSAGE = b"x" * 400
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Store(Protocol):
    """A table of rows by id."""

    async def read(self, row_id: str) -> object:
        """Return a row, or None."""

    async def write(self, row_id: str) -> None:
        """One more row is committed."""


class Sqlite:
    """The standard library's SQLite, on the event loop."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.execute(
            "CREATE TABLE IF NOT EXISTS item (id TEXT PRIMARY KEY, state TEXT, body TEXT)"
        )

    async def read(self, row_id: str) -> object:
        """Return a row, or None."""
        return self.connection.execute("SELECT id, state, body FROM item WHERE id = ?", (row_id,)).fetchone()

    async def write(self, row_id: str) -> None:
        """One more row is committed."""
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.execute("INSERT INTO item VALUES (?, 'draft', ?)", (row_id, BODY.decode()))
        self.connection.execute("COMMIT")


class Postgres:
    """asyncpg, with statements that are prepared once for each connection."""

    def __init__(self, url: str) -> None:
        self.url = url.replace("+asyncpg", "")
        self.pool: Any = None

    async def open(self) -> Any:
        """Return the pool, every connection of it made."""
        if self.pool is None:
            self.pool = await asyncpg.create_pool(self.url, min_size=POOL_SIZE, max_size=POOL_SIZE)
            await self.pool.execute(
                "CREATE TABLE IF NOT EXISTS item (id TEXT PRIMARY KEY, state TEXT, body TEXT)"
            )
        return self.pool

    async def read(self, row_id: str) -> object:
        """Return a row, or None."""
        return await (await self.open()).fetchrow("SELECT id, state, body FROM item WHERE id = $1", row_id)

    async def write(self, row_id: str) -> None:
        """One more row is committed."""
        await (await self.open()).execute("INSERT INTO item VALUES ($1, 'draft', $2)", row_id, BODY.decode())


class FloorNode:
    """The ASGI application."""

    def __init__(self, store: Store, peer: str) -> None:
        self.store, self.peer = store, peer
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.public = self.key.public_key()
        self.signature = self.key.sign(MESSAGE, ALGORITHM)
        self.clients: list[HttpClient] = []

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request: /step/N does what the table says of it."""
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        number = scope["path"].rpartition("/")[2]
        if number.isdigit():
            await self.do(STEPS[int(number)])
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"application/json"),
                    (b"content-length", str(len(BODY)).encode()),
                ],
            }
        )
        await send({"type": "http.response.body", "body": BODY})

    async def do(self, step: Step) -> None:
        """Read, verify, sign, call the other node and store, as often as the step says."""
        for _ in range(step.verifies):
            self.public.verify(self.signature, MESSAGE, ALGORITHM)
        for _ in range(step.reads):
            await self.store.read("none")
        for _ in range(step.signs):
            self.key.sign(MESSAGE, ALGORITHM)
        for number in step.calls:
            await self.call(number)
        for _ in range(step.commits):
            await self.store.write(uuid4().hex)

    async def call(self, number: int) -> None:
        """Ask the other node, over a connection that is kept."""
        client = self.clients.pop() if self.clients else HttpClient()
        answer = await client.request("POST", f"{self.peer}/step/{number}", {}, BODY)
        json.loads(answer.body)
        self.clients.append(client)


def main(port: str, database: str, peer: str) -> None:
    """Serve until told to stop."""
    store: Store = (
        Sqlite(database.partition(":///")[2]) if database.startswith("sqlite") else Postgres(database)
    )
    uvicorn.run(
        FloorNode(store, peer),
        port=int(port),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="error",
        access_log=False,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
