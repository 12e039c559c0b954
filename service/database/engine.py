"""Both databases behind one door: how SQLite and PostgreSQL are connected to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from service.database import inline_sqlite
from service.database.alarm import Alarm
from service.database.changes import Changes
from service.database.connecting import ANSWER_SECONDS, DRIVER, connect_options, watch_connecting
from service.database.fair_pool import FairPool
from service.database.rows import Journal
from service.database.trouble import Storing

POOL_SIZE = 20
POOL_WAIT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Database:
    """Engines and sessions to write and to read, and the alarm by which the worker sleeps."""

    engine: AsyncEngine
    reading_engine: AsyncEngine
    writes: async_sessionmaker[AsyncSession]
    reads: async_sessionmaker[AsyncSession]
    alarm: Alarm = field(default_factory=Alarm)
    changes: Changes = field(default_factory=Changes)
    storing: Storing = field(default_factory=Storing)
    journal: Journal | None = None

    @property
    def is_sqlite(self) -> bool:
        """True for the embedded default, where one process owns the file."""
        return self.engine.dialect.name == "sqlite"

    async def close(self) -> None:
        """Nothing is connected any more."""
        await self.reading_engine.dispose()
        await self.engine.dispose()


def open_database(
    url: str, journal: Journal | None = None, *, answer_seconds: float | None = ANSWER_SECONDS
) -> Database:
    """Return the database of this URL, nothing connected yet; `journal` hears of every change of a state.

    A PostgreSQL that does not answer for so many seconds counts as away; without a number it may take its time.
    """
    if url.startswith("sqlite"):
        # One connection for all writers of this process: they take turns, in the order in which they came, and
        # no reader waits for a connection that a waiting writer has.
        engine = _sqlite_engine(url, inline_sqlite.begin_to_write, pool_size=1)
        reading_engine = _sqlite_engine(url, inline_sqlite.begin_to_read, pool_size=POOL_SIZE)
    else:
        options = connect_options(url, answer_seconds)
        engine = _engine(DRIVER, pool_size=POOL_SIZE, pool_recycle=1_800, connect_args=options)
        watch_connecting(engine)
        reading_engine = engine.execution_options(isolation_level="AUTOCOMMIT")
    return Database(
        engine=engine,
        reading_engine=reading_engine,
        writes=async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False),
        reads=async_sessionmaker(
            reading_engine, class_=AsyncSession, expire_on_commit=False, autoflush=False
        ),
        journal=journal,
    )


def _engine(url: str | URL, **more: Any) -> AsyncEngine:
    """Return an engine that gives out at most `pool_size` connections, first come, first served."""
    pool = {"poolclass": FairPool, "max_overflow": 0, "pool_timeout": POOL_WAIT_SECONDS}
    return create_async_engine(url, hide_parameters=True, **pool, **more)


def _sqlite_engine(url: str, begin: Callable[[Connection], None], pool_size: int) -> AsyncEngine:
    """Return an engine on the file whose transactions begin so."""
    engine = _engine(
        inline_sqlite.inline_url(url), pool_size=pool_size, connect_args=inline_sqlite.connect_options()
    )
    event.listen(engine.sync_engine, "connect", inline_sqlite.prepare)
    event.listen(engine.sync_engine, "begin", begin)
    return engine
