"""Sessions to read and to write, and the only place that commits: one request, one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import HTTPConnection

from service.database.alarm import CHANNEL
from service.database.changes import CHANGED
from service.database.engine import Database
from service.problems.tree import Problem

# What a transaction knows of the work that it stores.
WORK_IS_DUE, WORK_LATER = "work_is_due", "work_later"
NOTIFY = text(f"NOTIFY {CHANNEL}")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@asynccontextmanager
async def transaction(database: Database) -> AsyncIterator[AsyncSession]:
    """Commit on the way out; roll back on an error, unless the refusal says that it must be remembered."""
    async with database.writes() as session:
        session.info["journal"] = database.journal
        with database.storing.watched():
            try:
                yield session
            except Problem as refusal:
                if refusal.keeps_changes:
                    await session.commit()
                raise
            is_due = session.info.pop(WORK_IS_DUE, False)
            if is_due and not database.is_sqlite and not database.alarm.has_sleeper:
                await (await session.connection()).execute(NOTIFY)
            await session.commit()
        database.changes.happened(session.info.pop(CHANGED, ()))
        if is_due:
            database.alarm.ring()
        if (later := session.info.pop(WORK_LATER, None)) is not None:
            database.alarm.ring_at(later)


@asynccontextmanager
async def reading(database: Database) -> AsyncIterator[AsyncSession]:
    """Give a session that only reads."""
    async with database.reads() as session:
        yield session


async def get_session(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    """One request, one transaction, committed before the response; a safe method only reads."""
    database: Database = connection.app.state.database
    safe = connection.scope.get("method", "GET") in SAFE_METHODS
    async with reading(database) if safe else transaction(database) as session:
        yield session


async def get_database(connection: HTTPConnection) -> Database:
    """Return the node's database, for work that needs several short transactions."""
    database: Database = connection.app.state.database
    return database


SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]
DatabaseDep = Annotated[Database, Depends(get_database)]
