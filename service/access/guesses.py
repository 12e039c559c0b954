"""Guesses are counted in the database, so that neither a second replica nor a restart gives more of them."""

import hashlib
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, delete, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.access.models import GuessCount
from service.access.room import keep_last
from service.database.rows import insert_of
from service.limits.table import Limit, Standing, too_often

MOST_ROWS = 100_000
_C = GuessCount.__table__.c  # type: ignore[attr-defined]
_ITS_ROW = and_(_C.kind == bindparam("its_kind"), _C.subject == bindparam("its_subject"))
_ONE_LESS = update(GuessCount.__table__).where(_ITS_ROW, _C.count > 0).values(count=_C.count - 1)  # type: ignore[attr-defined]
_GONE = delete(GuessCount.__table__).where(_ITS_ROW)  # type: ignore[attr-defined]


async def count_guess(session: AsyncSession, limit: Limit, subject: str, now: datetime) -> Standing:
    """One more guess about this subject is counted, once this transaction commits; see `is_over`.

    Count before the guess is looked at, and take back what was right: of a hundred guesses at once, no more
    than the limit has get an answer. A guess that is refused need not count: raise `too_often` in the same
    transaction. Every window ends: nothing that a stranger does locks anybody out for ever.
    """
    values = {
        "kind": limit.name,
        "subject": _hashed(subject),
        "count": 1,
        "ends_at": now + limit.window,
        "now": now,
    }
    counted = await session.exec(_counting(session.get_bind().dialect.name), params=values)
    count, ends_at = counted.one()
    return Standing(limit, count, ends_at)


@cache
def _counting(dialect: str) -> ReturningInsert[Any]:
    fresh = insert_of(dialect, GuessCount)
    # No window ends later than one that begins now, unless the clock was set back.
    over = or_(
        _C.ends_at <= bindparam("now", type_=_C.ends_at.type),
        _C.ends_at > fresh.excluded.ends_at,
    )
    return fresh.on_conflict_do_update(
        index_elements=["kind", "subject"],
        set_={
            "count": case((over, 1), else_=_C.count + 1),
            "ends_at": case((over, fresh.excluded.ends_at), else_=_C.ends_at),
        },
    ).returning(_C.count, _C.ends_at)


async def require_guesses_left(session: AsyncSession, limit: Limit, subject: str, now: datetime) -> None:
    """The subject may guess once more; raises RateLimited. For what is looked up far more often than it is wrong.

    Guesses that are looked at in the same moment all pass: count what must not be tried a few times more
    before it is looked at.
    """
    statement = select(GuessCount).where(_row(limit.name, subject), col(GuessCount.ends_at) > now)
    found = (await session.exec(statement)).one_or_none()
    if found is not None and found.count >= limit.most:
        raise too_often(Standing(limit, found.count, found.ends_at), now)


async def take_back(session: AsyncSession, limit: Limit, subject: str) -> None:
    """What was counted last was no wrong guess."""
    await session.exec(_ONE_LESS, params=_named(limit.name, subject))


async def forget_guesses(session: AsyncSession, limit: Limit, subject: str) -> None:
    """The subject begins anew: somebody proved not to guess."""
    await session.exec(_GONE, params=_named(limit.name, subject))


async def keep_in_mind(
    session: AsyncSession, kind: str, subject: str, life: timedelta, now: datetime
) -> None:
    """The subject is known by this kind of mark, for as long as this."""
    values = {"kind": kind, "subject": _hashed(subject), "count": 1, "ends_at": now + life}
    await session.exec(_marking(session.get_bind().dialect.name), params=values)


@cache
def _marking(dialect: str) -> sqlite.Insert | postgresql.Insert:
    mark = insert_of(dialect, GuessCount)
    values = {"count": mark.excluded.count, "ends_at": mark.excluded.ends_at}
    return mark.on_conflict_do_update(index_elements=["kind", "subject"], set_=values)


async def is_known(session: AsyncSession, kind: str, subject: str, now: datetime) -> bool:
    """True while the subject has this mark."""
    statement = select(GuessCount.count).where(_row(kind, subject), col(GuessCount.ends_at) > now)
    return (await session.exec(statement)).one_or_none() is not None


async def forget_over(session: AsyncSession, now: datetime) -> None:
    """Windows that are over are gone, and so are those that end first where there are too many.

    Who fills the table so that a count of theirs is pushed out has made far more guesses on the way there than the
    limit that it was for allows.
    """
    await session.exec(delete(GuessCount).where(col(GuessCount.ends_at) <= now))
    await keep_last(session, GuessCount, col(GuessCount.ends_at), MOST_ROWS)


def _named(kind: str, subject: str) -> dict[str, str]:
    """Return which row is meant, for statements that are built once."""
    return {"its_kind": kind, "its_subject": _hashed(subject)}


def _row(kind: str, subject: str) -> ColumnElement[bool]:
    return and_(col(GuessCount.kind) == kind, col(GuessCount.subject) == _hashed(subject))


def _hashed(subject: str) -> str:
    """Return the same length for every subject, and no address or login of anybody."""
    return hashlib.sha256(subject.encode()).hexdigest()
