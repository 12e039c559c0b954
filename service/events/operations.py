"""Write down what happened, in the transaction in which it happened."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, text
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.database.engine import Database
from service.database.rows import Transition
from service.database.sessions import reading, transaction
from service.events.models import Event
from service.http import acting
from service.values.texts import new_id

MOST_REFUSALS = {timedelta(hours=1): 10, timedelta(days=1): 50}
KEEP_REFUSALS = timedelta(days=90)
_IS_REFUSAL = text("what LIKE '%.refused'")  # as the index has it, so that the index is used


def record(
    session: AsyncSession,
    connection_id: str,
    what: str,
    now: datetime,
    *,
    why: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """The connection's history says this, with who is acting now."""
    who = acting.current()
    session.add(
        Event(
            id=new_id("evt"),
            connection_id=connection_id,
            what=what,
            why=why,
            detail=dict(detail or {}),
            actor_kind=who.kind,
            actor_id=who.id,
            actor_name=who.name,
            address=who.address,
            request_id=who.request_id,
            at=now,
        )
    )


def record_transition(session: AsyncSession, transition: Transition, now: datetime) -> None:
    """A change of state is in the history of its connection, whichever machine made it."""
    if transition.connection_id is None:
        return
    record(
        session,
        transition.connection_id,
        f"{transition.machine}.{transition.event}",
        now,
        why=transition.why,
        detail={"from": transition.before, "to": transition.after, "subject": transition.subject},
    )


async def record_refusal(
    database: Database,
    connection_id: str,
    what: str,
    why: str,
    now: datetime,
    *,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """A refusal that changed nothing is in the history all the same, in a transaction of its own.

    Whoever is refused could repeat it for ever: of one kind, a few in an hour and in a day tell enough, and the others
    do not even wait to write.
    """
    acting.told()
    async with reading(database) as session:
        if not await _are_few(session, connection_id, what, now):
            return
    async with transaction(database) as session:
        if await _are_few(session, connection_id, what, now):
            record(session, connection_id, what, now, why=why, detail=detail)


async def record_seldom(
    session: AsyncSession, connection_id: str, what: str, now: datetime, *, detail: Mapping[str, Any]
) -> None:
    """As `record`; what the other side could cause for ever is told a few times an hour and a day."""
    if await _are_few(session, connection_id, what, now):
        record(session, connection_id, what, now, detail=detail)


async def _are_few(session: AsyncSession, connection_id: str, what: str, now: datetime) -> bool:
    same = select(func.count()).where(col(Event.connection_id) == connection_id, col(Event.what) == what)
    for lately, most in MOST_REFUSALS.items():
        if (await session.exec(same.where(col(Event.at) > now - lately))).one() >= most:
            return False
    return True


async def forget_refusals(session: AsyncSession, now: datetime) -> None:
    """Refusals of long ago are gone; what changed a state stays for as long as its connection."""
    await session.exec(delete(Event).where(_IS_REFUSAL, col(Event.at) < now - KEEP_REFUSALS))
