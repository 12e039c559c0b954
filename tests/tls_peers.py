"""A peer on loopback that speaks real TLS and says whatever a test wants it to say."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network

import trustme

from service.egress.client import Egress, EgressPolicy

JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
LOOPBACK = (ip_network("127.0.0.0/8"),)


@dataclass
class Peer:
    """A server that says the same bytes to everybody, and keeps what it was told."""

    says: bytes = JSON
    keeps_open: bool = False
    speaks_first: bool = False
    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def on_connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.speaks_first:
            writer.write(self.says)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
                self.heard.append(head + await reader.readexactly(length))
                writer.write(self.says)
                await writer.drain()
                if not self.keeps_open:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/"


@asynccontextmanager
async def listening(peer: Peer, authority: trustme.CA | None, name: str = "127.0.0.1") -> AsyncIterator[Peer]:
    """The peer listens on loopback, with a certificate of this authority or without TLS."""
    context = None
    if authority is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
    server = await asyncio.start_server(peer.on_connect, "127.0.0.1", 0, ssl=context)
    peer.port = server.sockets[0].getsockname()[1]
    async with server:
        yield peer


def egress_to(peer: Peer, authority: trustme.CA, *, seconds: float = 5.0) -> Egress:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    policy = EgressPolicy(allow_cidrs=LOOPBACK, ports=frozenset({peer.port}), timeout_seconds=seconds)
    return Egress(policy, ssl_context=context)
