"""A worker on PostgreSQL hears at once of work that other processes store, by LISTEN and NOTIFY.

Behind a pooler that may change servers at any time nobody can listen: there it looks every second, as it does while it
cannot connect.
"""

import asyncio
import contextlib
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from service.database.alarm import CHANNEL
from service.database.connecting import NOT_CONNECTED, is_served_by_another
from service.node import Node

RECONNECT_SECONDS = 5.0
log = structlog.get_logger(__name__)


class Ear:
    """Whether this worker hears of what others store; until it does, it has to look."""

    def __init__(self, node: Node) -> None:
        self._database = node.database
        self.hears = self._database.is_sqlite  # there are no others

    async def listen_for_ever(self) -> None:
        """Ring the alarm for whatever is stored elsewhere, until cancelled; a connection that is cut is made anew."""
        while not self._database.is_sqlite:
            try:
                await self._listen()
            except (SQLAlchemyError, *NOT_CONNECTED) as error:
                log.warning("not_listening", error=type(error).__name__)
            finally:
                self.hears = False
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        listening = asyncio.ensure_future(self._begin())
        try:
            connection, is_cut = await asyncio.shield(listening)
        except asyncio.CancelledError:
            with contextlib.suppress(SQLAlchemyError, *NOT_CONNECTED):
                await _leave((await listening)[0])  # none is left half made
            raise
        try:
            await is_cut.wait()
        finally:
            await _leave(connection)

    async def _begin(self) -> tuple[AsyncConnection, asyncio.Event]:
        """Return a connection that listens, and what tells of its end; behind a pooler it only stays."""
        connection, is_cut = await self._database.reading_engine.connect().start(), asyncio.Event()
        driver: Any = (await connection.get_raw_connection()).driver_connection
        if await is_served_by_another(driver):
            log.info("not_listening", why="There is a pooler, so this worker looks for jobs every second.")
            return connection, asyncio.Event()
        driver.add_termination_listener(lambda *_: is_cut.set())
        await driver.add_listener(CHANNEL, self._ring)
        self.hears = True
        self._database.alarm.ring()  # what was stored before it listened
        return connection, is_cut

    def _ring(self, *_: object) -> None:
        self._database.alarm.ring()


async def _leave(connection: AsyncConnection) -> None:
    """Nobody uses a connection again that has listened."""
    await connection.invalidate()
    await connection.close()
