"""Runs the migrations on SQLite and PostgreSQL, through the same async drivers as the service."""

import asyncio

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

from service.commands.tables import ALL_TABLES
from service.database.engine import open_database
from service.settings import Settings

assert ALL_TABLES  # noqa: S101 - the import fills the metadata


def run(connection: Connection) -> None:
    """Run what the command asks for on this connection."""
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_run() -> None:
    """Open the database that the caller or the environment names."""
    url = context.config.attributes.get("url") or Settings().resolved_database_url
    # To build an index of a large table takes as long as it takes.
    database = open_database(url, answer_seconds=None)
    try:
        async with database.engine.begin() as connection:
            await connection.run_sync(run)
    finally:
        await database.close()


asyncio.run(connect_and_run())
