"""Stands in front of PostgreSQL and speaks TLS for it, as the front of a managed database does."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from sqlalchemy import URL, make_url

AT_ONCE = 65_536
SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"  # PostgreSQL's manual, 55.7


@dataclass
class TlsFront:
    """Who asks for TLS gets it, and reaches the database; who does not is refused."""

    database: URL
    context: ssl.SSLContext
    port: int = 0
    greeted: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            if await reader.readexactly(len(SSL_REQUEST)) != SSL_REQUEST:
                self.greeted.append("plain")
                return writer.close()
            writer.write(b"S")
            await writer.start_tls(self.context)
            self.greeted.append("tls")
            folder = self.database.query["host"]
            there, back = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
            await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
        return writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(AT_ONCE):
                writer.write(data)
        writer.close()


@asynccontextmanager
async def tls_front(database_url: str, context: ssl.SSLContext) -> AsyncIterator[TlsFront]:
    """Give a front to this database, on a port of loopback."""
    front = TlsFront(make_url(database_url), context)
    server = await asyncio.start_server(front.serve, "127.0.0.1", 0)
    front.port = server.sockets[0].getsockname()[1]
    async with server:
        yield front
