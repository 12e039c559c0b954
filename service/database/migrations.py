"""At which migration a database is, which one this code needs, and how it gets there."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from service.database.engine import Database
from service.database.single_process import database_file, keep_private


async def present_revision(database: Database) -> str | None:
    """Return the migration that the database is at, or None before the first one."""
    async with database.reading_engine.connect() as connection:
        return await connection.run_sync(_revision)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision(database_url: str) -> str | None:
    """Return the migration that this code needs."""
    return ScriptDirectory.from_config(migration_config(database_url)).get_current_head()


def migration_config(url: str) -> Config:
    """Return the alembic configuration of this database."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[2] / "alembic"))
    config.attributes["url"] = url
    return config


def migrate(url: str) -> None:
    """Bring the database to the newest revision. Runs its own event loop: call it outside of one."""
    if file := database_file(url):
        keep_private(file)
    command.upgrade(migration_config(url), "head")
