"""Everything that a node's database holds, to see that nothing has changed."""

from sqlalchemy import select
from sqlmodel import SQLModel

from service.database.sessions import reading
from tests.nodes import RunningNode

# A service token remembers when it was used last, and a wrong code is counted against whoever sends it.
NOT_COMPARED = {"service_token", "guess_count"}


async def dump(node: RunningNode) -> dict[str, list[str]]:
    """Return every row of every table, as text."""
    tables = [table for table in SQLModel.metadata.sorted_tables if table.name not in NOT_COMPARED]
    async with reading(node.node.database) as session:
        connection = await session.connection()
        found = {table.name: (await connection.execute(select(table))).all() for table in tables}
    return {name: sorted(map(str, rows)) for name, rows in found.items()}
