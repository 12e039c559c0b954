"""Every secret of a run by its kind, and the places where none of them may be."""

import asyncio
import base64
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import asyncpg
import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from service.demo.run import DemoBrowser
from service.trust.sealing import Sealer, parse_keys
from tests.holding_proxy import Exchange
from tests.processes import NodeProcess

IN_FORMS = {"client_assertion", "code", "code_verifier", "state", "form_token", "password"}
IN_ANSWERS = {"access_token", "request_uri", "connection_attestation"}
IN_QUERIES = {"code", "state", "request_uri"}
SANDBOX = {"alice-sandbox", "bob-sandbox"}
SHORTEST, TAIL = 8, 24


@dataclass
class Secrets:
    """What opens something, by kind; `urls` and `refusals` are what was asked for, and what was answered with a no."""

    kinds: dict[str, set[str]] = field(default_factory=dict)
    urls: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def add(self, kind: str, *values: str) -> None:
        assert all(len(value) >= SHORTEST for value in values), f"too short to be searched for: {kind}"
        for value in values:
            self.kinds.setdefault("sandbox_password" if value in SANDBOX else kind, set()).add(value)

    def found_in(self, text: str | bytes, *but: str) -> list[str]:
        """Return the kinds of which something is in the text, as it is or encoded for a URL."""
        plain = text.decode("latin-1") if isinstance(text, bytes) else text
        texts = (plain, unquote_plus(plain))
        return sorted(
            kind
            for kind, values in self.kinds.items()
            if kind not in but and any(_needle(value) in each for value in values for each in texts)
        )

    def watch(self, exchange: Exchange) -> None:
        """Note what one request between the nodes, or of a browser, and its answer carried."""
        for name in IN_FORMS & exchange.form.keys():
            self.add(name, *exchange.form[name])
        headers = {name.lower(): value for name, value in exchange.headers.items()}
        if "dpop" in headers:
            self.add("proof", headers["dpop"])
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme == "DPoP":
            self.add("access_token", token)
        if exchange.path.endswith("/oauth/register"):
            self.add("initial_access_token", token)
            self.add("software_statement", json.loads(exchange.body)["software_statement"])
        # Whoever asks how an invitation stands shows in a form what registers with it as a token.
        self.add("initial_access_token", *exchange.form.get("secret", []))
        self.urls.append(exchange.path)
        if exchange.status >= 400:
            self.refusals.append(exchange.content.decode())
        elif exchange.content.startswith(b"{"):
            answer = json.loads(exchange.content)
            for name in IN_ANSWERS & answer.keys():
                if answer[name]:
                    self.add(name, answer[name])

    def of_the_node(self, node: NodeProcess) -> None:
        """Note what the node's configuration and database keep sealed."""
        ring = node.server.environment["PARLEY_SEALING_KEYS"]
        self.add("sealing_key", *(entry.partition(":")[2] for entry in ring.split(",")))
        self.add("metrics_token", node.server.environment["PARLEY_METRICS_TOKEN"])
        sealer = Sealer(parse_keys(ring))
        for key_id, sealed in rows(node, "SELECT id, private_key_sealed FROM instance_key"):
            pem = sealer.open(sealed, f"instance_key.private_key_sealed.{key_id}")
            key = load_pem_private_key(pem, None)
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            number = key.private_numbers().private_value.to_bytes(32)
            self.add("private_key", pem.decode().splitlines()[1], *spellings(number))
        for row_id, sealed in rows(node, "SELECT name, sealed FROM node_secret"):
            self.add("hash_key", *spellings(sealer.open(sealed, f"node_secret.sealed.{row_id}")))


def spellings(secret: bytes) -> Iterator[str]:
    """Yield how bytes could be written down."""
    yield from (secret.hex(), secret.decode("latin-1"))
    for encoded in (base64.b64encode(secret), base64.urlsafe_b64encode(secret)):
        yield encoded.decode().rstrip("=")


def _needle(value: str) -> str:
    """Return the part that no other value shares: a prefix may be that of many, and a log may cut what is long."""
    return value[-TAIL:]


class WatchedBrowser(DemoBrowser):
    """Notes what its person typed and was given, and every address that it asked for."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self.secrets = secrets
        self.client.event_hooks = {"request": [self._watch], "response": [self._read]}

    def _watch(self, request: httpx.Request) -> None:
        self.secrets.urls.append(str(request.url))
        sent = parse_qsl(request.content.decode())
        asked = parse_qsl(urlsplit(str(request.url)).query)
        pairs = [
            *(pair for pair in sent if pair[0] in IN_FORMS),
            *(pair for pair in asked if pair[0] in IN_QUERIES),
        ]
        for name, value in pairs:
            self.secrets.add(name, value)

    def _read(self, response: httpx.Response) -> None:
        self.secrets.add("cookie", *(cookie.value for cookie in response.cookies.jar if cookie.value))
        if response.status_code >= 400:
            response.read()
            self.secrets.refusals.append(response.text)


def leaks_of_urls(secrets: Secrets) -> list[str]:
    """Return what stands in a query although the protocol does not put it there."""
    leaks = []
    for url in secrets.urls:
        parts = urlsplit(url)
        allowed = {"/oauth/callback": ("code", "state"), "/oauth/authorize": ("request_uri",)}
        but = next((names for end, names in allowed.items() if parts.path.endswith(end)), ())
        leaks += [f"{kind} in {parts.path}" for kind in secrets.found_in(url, *but)]
    return leaks


def command_lines() -> Iterator[bytes]:
    """Yield what the list of processes shows to everybody on the machine."""
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield process.read_bytes()
        except OSError:  # it has ended
            continue


def databases_of(nodes: Iterable[NodeProcess]) -> Iterator[bytes]:
    """Yield what a dump says, and of SQLite every file too, journals included."""
    for node in nodes:
        if postgres_of(node):
            yield _postgres_dump(node)
            continue
        paths = sorted(node.folder.glob("parley.db*"))
        assert paths
        yield from (path.read_bytes() for path in paths)
        with closing(sqlite3.connect(node.folder / "parley.db")) as connection:
            yield "\n".join(connection.iterdump()).encode("utf-8", "surrogatepass")


def postgres_of(node: NodeProcess) -> str:
    """Return the URL of the node's PostgreSQL, nothing where it has an SQLite file."""
    return node.server.environment["PARLEY_DATABASE_URL"].replace("+asyncpg", "")


def rows(node: NodeProcess, statement: str) -> list[tuple[Any, ...]]:
    """Return what the node's database answers."""
    if not postgres_of(node):
        with closing(sqlite3.connect(node.folder / "parley.db")) as connection:
            return connection.execute(statement).fetchall()

    async def ask() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(postgres_of(node))
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return asyncio.run(ask())


def _postgres_dump(node: NodeProcess) -> bytes:
    """Return every row of every table as text, and the statements that the server shows to its other users."""
    names = rows(node, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    assert len(names) > 5
    found = [rows(node, f'SELECT each::text FROM "{name}" AS each') for (name,) in names]  # noqa: S608
    found.append(rows(node, "SELECT query FROM pg_stat_activity"))
    return "\n".join(str(text) for table in found for (text,) in table).encode("utf-8", "surrogatepass")


def looks_like_a_secret(text: str) -> list[str]:
    """Return what has the form of a token, whether anybody has noted it or not."""
    return re.findall(r"eyJ[\w-]{20,}\.[\w-]+\.[\w-]+|pl[ys]_\w{20,}|BEGIN [A-Z ]*PRIVATE KEY", text)
