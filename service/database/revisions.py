"""At which migration a database is, and which one this code needs."""

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from service.database.engine import Database, migration_config


async def present_revision(database: Database) -> str | None:
    """Return the migration that the database is at, or None before the first one."""
    async with database.reading_engine.connect() as connection:
        return await connection.run_sync(_revision)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision(database_url: str) -> str | None:
    """Return the migration that this code needs."""
    return ScriptDirectory.from_config(migration_config(database_url)).get_current_head()
