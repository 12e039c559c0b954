"""`parley rotate-keys`: every secret at rest is sealed with the newest key, while the node runs."""

from sqlalchemy import Column, select, update
from sqlmodel import SQLModel

from service.commands.tables import ALL_TABLES
from service.database.engine import Database
from service.database.sessions import transaction
from service.trust.sealing import Sealer

BATCH = 100
SUFFIX = "sealed"


async def reseal_all(database: Database, sealer: Sealer) -> int:
    """Return how many secrets were sealed anew; raises SealBroken for one that no key in the ring opens.

    Once it is done, older keys may leave PARLEY_SEALING_KEYS. What a request changes meanwhile stays as it is: it
    was sealed with the newest key already.
    """
    return sum([await _reseal(database, sealer, column) for column in sealed_columns()])


def sealed_columns() -> list[Column[str]]:
    """Return every column that holds sealed secrets; its name says so."""
    tables = [SQLModel.metadata.tables[str(model.__tablename__)] for model in ALL_TABLES]
    return [column for table in tables for column in table.columns if column.name.endswith(SUFFIX)]


def context_of(column: Column[str], row_id: str) -> str:
    """Return what binds a sealed value to its place: table, column and row."""
    return f"{column.table.name}.{column.name}.{row_id}"


async def _reseal(database: Database, sealer: Sealer, column: Column[str]) -> int:
    """Seal one column anew, batch by batch in the order of its keys."""
    (key,) = column.table.primary_key.columns
    changed, last = 0, ""
    while True:
        page = select(key, column).where(column.is_not(None), key > last).order_by(key).limit(BATCH)
        async with transaction(database) as session:
            connection = await session.connection()
            rows = (await connection.execute(page)).all()
            for row_id, old in rows:
                if sealer.needs_reseal(old):
                    context = context_of(column, row_id)
                    new = sealer.seal(sealer.open(old, context), context)
                    mine = update(column.table).where(key == row_id, column == old).values({column.name: new})
                    changed += (await connection.execute(mine)).rowcount
        if len(rows) < BATCH:
            return changed
        last = rows[-1][0]
