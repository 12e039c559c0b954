"""How large a table may become that strangers fill: they wait, or the oldest rows go."""

from datetime import timedelta
from typing import Any

from sqlalchemy import SQLColumnExpression, delete
from sqlmodel import SQLModel, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.database.sessions import reading
from service.node import Node

MEASURED_EVERY = timedelta(seconds=10)


async def has_room(node: Node, kind: type[SQLModel], most: int) -> bool:
    """Return whether the table has fewer rows than this, as it was a few seconds ago at most.

    Counting costs what is there, so each process does it now and then only: the cap is held about, not exactly.
    """
    now, name = node.clock.now(), str(kind.__tablename__)
    measured = node.counts.measured.get(name)
    if measured is None or measured[0] <= now - MEASURED_EVERY:
        some = select(1).select_from(kind).limit(most).subquery()
        async with reading(node.database) as session:
            measured = now, (await session.exec(select(func.count()).select_from(some))).one()
        node.counts.measured[name] = measured
    return measured[1] < most


async def keep_last(
    session: AsyncSession, kind: type[SQLModel], order: SQLColumnExpression[Any], most: int
) -> None:
    """The table has about so many rows at most: those that are first in this order are gone."""
    first_kept = select(order).order_by(order.desc()).offset(most - 1).limit(1).scalar_subquery()
    await session.exec(delete(kind).where(order < first_kept))
