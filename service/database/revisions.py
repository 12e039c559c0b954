"""At which migration a database is, and which one this code needs: known without the tool that migrates."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from service.database.engine import Database

SCRIPTS = Path(__file__).parents[2] / "alembic"
TABLE = "alembic_version"


class UnknownRevision(Exception):
    """The database is at a migration that this code does not know: a newer version has used it."""


async def present_revision(database: Database) -> str | None:
    """Return the migration that the database is at, or None before the first one."""
    async with database.reading_engine.connect() as connection:
        return await connection.run_sync(_revision)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {TABLE}")).scalar()  # noqa: S608
    return found


def newest_revision() -> str:
    """Return the migration that this code needs: their files are numbered in the order in which they run."""
    return max(path.name for path in (SCRIPTS / "versions").glob("[0-9]*_*.py")).partition("_")[0]
