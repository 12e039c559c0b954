"""Stands in front of PostgreSQL: at a word it goes silent, takes whatever comes, and answers nothing any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from sqlalchemy import URL, make_url

AT_ONCE = 65_536
READY = b"Z\x00\x00\x00\x05I"  # ReadyForQuery, idle: the greeting of PostgreSQL ends with it


@dataclass
class SilentProxy:
    """Who connects reaches the database as long as it speaks; nobody is ever cut off."""

    database: URL
    url: str = ""
    speaks: bool = True
    greets_only: bool = False
    ways: list[asyncio.StreamWriter] = field(default_factory=list)

    def fall_silent(self) -> None:
        """From now on nothing arrives and nothing comes back, and no connection ends."""
        self.speaks = False

    def fall_silent_after_a_greeting(self) -> None:
        """From now on who connects is let in, and hears nothing more."""
        self.greets_only = True

    def speak_again(self) -> None:
        """Who connects now is served; what was said meanwhile is lost."""
        self.speaks, self.greets_only = True, False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry what comes and what goes."""
        self.ways.append(writer)
        if not self.speaks:
            await self._ignore(reader)
            return
        there, back = await self._dial()
        self.ways.append(back)
        await asyncio.gather(self._carry(reader, back), self._carry(there, writer))

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        folder, port = self.database.query.get("host"), self.database.port or 5432
        if folder:
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
        return await asyncio.open_connection(self.database.host, port)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(AT_ONCE):
                if self.speaks:
                    writer.write(data)
                if self.greets_only and data.endswith(READY):
                    self.speaks = False
        writer.close()

    async def _ignore(self, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while await reader.read(AT_ONCE):
                pass


@asynccontextmanager
async def silent_proxy(database_url: str) -> AsyncIterator[SilentProxy]:
    """Give a proxy to this database, which speaks at first."""
    database = make_url(database_url)
    proxy = SilentProxy(database)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    reached = database.set(host=host, port=port, query={}).update_query_dict({"ssl": "disable"})
    proxy.url = reached.render_as_string(hide_password=False)
    try:
        yield proxy
    finally:
        server.close()
        for way in proxy.ways:
            way.close()
