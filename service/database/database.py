"""Both databases behind one door: engine, sessions, column types, and the only place that commits."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol, TypeVar

from alembic import command
from alembic.config import Config
from fastapi import Depends
from sqlalchemy import JSON, Connection, Enum, MetaData, event, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import HTTPConnection

from service.database.fair_pool import FairPool
from service.database.silence import ANSWER_SECONDS, give_up_on_silence, patience
from service.database.trouble import Storing
from service.problems.tree import NotFound, Problem
from service.values.state_machine import IllegalTransition, StateMachine
from service.values.storable import is_storable

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BUSY_TIMEOUT_MS = 5_000
POOL_SIZE = 20
POOL_WAIT_SECONDS = 30
JSON_COLUMN = JSON().with_variant(JSONB(), "postgresql")

SQLModel.metadata.naming_convention = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
).naming_convention


def enum_column(kind: type[StrEnum]) -> Enum:
    """Return the column type that stores an enum by value, as text, on both databases."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=40,
        values_callable=lambda members: [member.value for member in members],
    )


@dataclass(frozen=True, slots=True)
class Database:
    """Engines and sessions to write and to read, and the bell that wakes the job worker after a commit."""

    engine: AsyncEngine
    reading_engine: AsyncEngine
    writes: async_sessionmaker[AsyncSession]
    reads: async_sessionmaker[AsyncSession]
    work_enqueued: asyncio.Event = field(default_factory=asyncio.Event)
    storing: Storing = field(default_factory=Storing)
    journal: "Journal | None" = None

    @property
    def is_sqlite(self) -> bool:
        """True for the embedded default, where one process owns the file."""
        return self.engine.dialect.name == "sqlite"

    async def close(self) -> None:
        """Nothing is connected any more."""
        await self.reading_engine.dispose()
        await self.engine.dispose()


def open_database(
    url: str, journal: "Journal | None" = None, *, answer_seconds: float | None = ANSWER_SECONDS
) -> Database:
    """Return the database of this URL, nothing connected yet; `journal` hears of every change of a state.

    A PostgreSQL that does not answer for so many seconds counts as away; without a number it may take its time.
    """
    if url.startswith("sqlite"):
        # One connection for all writers of this process: they take turns, in the order in which they came, and
        # no reader waits for a connection that a waiting writer has.
        engine = _sqlite_engine(url, "BEGIN IMMEDIATE", pool_size=1)
        reading_engine = _sqlite_engine(url, "BEGIN", pool_size=POOL_SIZE)
    else:
        engine = _engine(url, pool_size=POOL_SIZE, pool_recycle=1_800, connect_args=patience(answer_seconds))
        give_up_on_silence(engine)
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


def _engine(url: str, **more: Any) -> AsyncEngine:
    """Return an engine that gives out at most `pool_size` connections, first come, first served."""
    pool = {"poolclass": FairPool, "max_overflow": 0, "pool_timeout": POOL_WAIT_SECONDS}
    return create_async_engine(url, hide_parameters=True, **pool, **more)


def _sqlite_engine(url: str, begin: str, pool_size: int) -> AsyncEngine:
    """Return an engine on the file whose transactions begin with this statement.

    Whoever may write says so at the start: a read that later writes would fail at once instead of waiting.
    """
    engine = _engine(url, pool_size=pool_size)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine.sync_engine, "begin", on_begin)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    """Let SQLAlchemy decide when a transaction begins, and wait for a writer of another process."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


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
            await session.commit()
        if session.info.pop("work_enqueued", False):
            database.work_enqueued.set()


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


def get_database(connection: HTTPConnection) -> Database:
    """Return the node's database, for work that needs several short transactions."""
    database: Database = connection.app.state.database
    return database


SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]
DatabaseDep = Annotated[Database, Depends(get_database)]


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of a state: which row of which machine, by what, from where to where, and why in one word."""

    machine: str
    subject: str
    event: str
    before: str
    after: str
    connection_id: str | None
    why: str | None


Journal = Callable[[AsyncSession, Transition], None]
"""Writes a transition down, in its own transaction."""


class Stateful(Protocol):
    """A row with an id and a state that only its machine moves."""

    MACHINE: ClassVar[StateMachine[Any, Any]]
    id: str
    state: Any


StatefulRow = TypeVar("StatefulRow", bound=Stateful)
Row = TypeVar("Row", bound=SQLModel)


async def advance(session: AsyncSession, row: StatefulRow, by: StrEnum, **changes: object) -> StatefulRow:
    """Move the row to the state that its table gives, or raise IllegalTransition and change nothing.

    Compare-and-set: of two racers that saw the same state one moves, the other is told what the state is now.
    """
    kind = type(row)
    target = kind.MACHINE.next(row.state, by)
    await session.flush()
    if "revision" in kind.__table__.c:  # type: ignore[attr-defined]
        changes["revision"] = row.revision + 1  # type: ignore[attr-defined]
    result = await session.exec(
        update(kind)
        .where(kind.id == row.id, kind.state == row.state)  # type: ignore[arg-type]
        .values(state=target, **changes)
        .execution_options(synchronize_session=False)
    )
    if result.rowcount != 1:
        await session.refresh(row)
        raise IllegalTransition(row.state, by, frozenset(kind.MACHINE.allowed(row.state)))
    transition = _transition(row, by, target, changes)
    for name, value in {"state": target, **changes}.items():
        set_committed_value(row, name, value)
    if journal := session.info.get("journal"):
        journal(session, transition)
    return row


def _transition(row: StatefulRow, by: StrEnum, target: StrEnum, changes: Mapping[str, Any]) -> Transition:
    problem = changes.get("last_error") or {}
    return Transition(
        machine=row.MACHINE.name,
        subject=row.id,
        event=by.value,
        before=row.state.value,
        after=target.value,
        connection_id=changes.get("connection_id") or getattr(row, "connection_id", row.id),
        why=_one_word(changes.get("reason")) or problem.get("code"),
    )


def _one_word(reason: object) -> str | None:
    """Return a reason of a closed list; what people wrote in their own words stays where they wrote it."""
    return reason.value if isinstance(reason, StrEnum) else None


async def find(session: AsyncSession, kind: type[Row], row_id: str) -> Row | None:
    """Return the row of this id, if there is one; an id that no database could hold names none."""
    return await session.get(kind, row_id) if is_storable(row_id) else None


async def get_for_update(session: AsyncSession, kind: type[Row], row_id: str) -> Row:
    """Return the row, locked until the end of the transaction; raise NotFound where there is none."""
    if not is_storable(row_id):
        raise NotFound("There is no such id.")
    statement = select(kind).where(kind.id == row_id).with_for_update()  # type: ignore[attr-defined]
    row = (await session.exec(statement.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise NotFound("There is no {id}.", id=row_id)
    return row


def upsert(session: AsyncSession, kind: type[SQLModel]) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that may say what to do on a conflict, in the dialect of the session's database."""
    return sqlite.insert(kind) if session.get_bind().dialect.name == "sqlite" else postgresql.insert(kind)


def migration_config(url: str) -> Config:
    """Return the alembic configuration of this database."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[2] / "alembic"))
    config.attributes["url"] = url
    return config


def migrate(url: str) -> None:
    """Bring the database to the newest revision. Runs its own event loop: call it outside of one."""
    command.upgrade(migration_config(url), "head")
