"""SQLite on the event loop: a statement takes microseconds, and the way to a thread and back ten times as long."""

import asyncio
import sqlite3
from typing import Any

from sqlalchemy import URL, Connection, make_url
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.util import await_only

# How long somebody waits for a writer of another process, such as a command that an operator types.
BUSY_SECONDS, BUSY_PAUSE = 5.0, 0.01
STATEMENTS_KEPT = 500


class InlineSqlite(SQLiteDialect_pysqlite):
    """The standard library's driver, called as it is: nothing that it does waits for long.

    With the write-ahead log no reader waits for a writer, nothing is synced at a commit, and whoever may write waits
    for its turn at the pool, and for other processes in `begin_to_write`. Long scans are kept out by paging by key.
    """

    driver = "inline"
    supports_statement_cache = True
    is_async = True

    def do_execute(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        """Execute; SQLAlchemy's async connection insists that a driver awaits something meanwhile."""
        await_only(_nothing())
        super().do_execute(cursor, statement, parameters, context)  # type: ignore[no-untyped-call]


async def _nothing() -> None:
    """There is nothing to wait for."""


class _Cursor(sqlite3.Cursor):
    async def _async_soft_close(self) -> None:
        """Rows are still to be read from it: SQLAlchemy asks for this where another driver has read them all."""


class _Connection(sqlite3.Connection):
    def cursor(self, factory: Any = _Cursor) -> Any:
        return super().cursor(factory)


registry.register("sqlite.inline", __name__, InlineSqlite.__name__)


def inline_url(url: str) -> URL:
    """Return the URL under which this file is opened inline."""
    return make_url(url).set(drivername="sqlite+inline")


def connect_options() -> dict[str, Any]:
    """Return what the driver has to be told; all use is on one loop, also where another thread cleans up."""
    return {"check_same_thread": False, "cached_statements": STATEMENTS_KEPT, "factory": _Connection}


def prepare(connection: DBAPIConnection, _record: object) -> None:
    """Let SQLAlchemy decide when a transaction begins."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=0"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def begin_to_read(connection: Connection) -> None:
    """All that is read in this transaction is of one moment."""
    _begin(connection, "BEGIN")


def begin_to_write(connection: Connection) -> None:
    """This connection may write: a read that later writes would fail at once instead of waiting.

    While another process writes, others of this one go on.
    """
    deadline = asyncio.get_running_loop().time() + BUSY_SECONDS
    while True:
        try:
            _begin(connection, "BEGIN IMMEDIATE")
        except OperationalError as error:
            is_busy = isinstance(error.orig, sqlite3.OperationalError) and "is locked" in str(error.orig)
            if not is_busy or asyncio.get_running_loop().time() > deadline:
                raise
            await_only(asyncio.sleep(BUSY_PAUSE))
        else:
            return


def _begin(connection: Connection, statement: str) -> None:
    """Begin by the driver itself: SQLAlchemy makes as much of this as of a query."""
    try:
        connection.connection.cursor().execute(statement)
    except sqlite3.Error:
        connection.exec_driver_sql(statement)  # again, for the error that callers know
