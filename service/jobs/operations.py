"""Store work in the transaction of the change that causes it."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import case, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from service.database.rows import insert_of
from service.database.sessions import WORK_IS_DUE, WORK_LATER
from service.jobs.models import Job
from service.problems.tree import InstancePaused
from service.values.texts import new_id

PADDING_BYTES = 32_768


async def enqueue(
    session: AsyncSession,
    kind: str,
    subject: str,
    *,
    run_at: datetime,
    now: datetime,
    payload: Mapping[str, Any] | None = None,
) -> None:
    """One open job of this kind about this subject exists, due at `run_at` at the latest.

    One that runs at this moment may have read what was before, so it runs once more. Of two transactions that
    enqueue the same at once, the second finds the first one's job.
    """
    if run_at <= now:
        session.info[WORK_IS_DUE] = True
    else:
        session.info[WORK_LATER] = min(run_at, session.info.get(WORK_LATER, run_at))
    await session.flush()
    values = {
        "id": new_id("job"),
        "kind": kind,
        "subject": subject,
        "payload": dict(payload or {}),
        "run_at": run_at,
        "set_at": now,
        "attempts": 0,
        "wanted": 1,
        "created_at": now,
    }
    await session.exec(_enqueuing(session.get_bind().dialect.name), params=values)


@cache
def _enqueuing(dialect: str) -> sqlite.Insert | postgresql.Insert:
    new = insert_of(dialect, Job)
    return new.on_conflict_do_update(
        index_elements=["kind", "subject"],
        index_where=col(Job.done_at).is_(None),
        set_={
            "run_at": case(
                (col(Job.run_at) < new.excluded.run_at, col(Job.run_at)), else_=new.excluded.run_at
            ),
            "set_at": new.excluded.set_at,
            "wanted": col(Job.wanted) + 1,
        },
    )


async def wake_paused(session: AsyncSession, now: datetime) -> None:
    """What waits because an instance was paused is due now.

    A job that runs at this moment may have met the pause and not stored that yet, so it runs once more.
    """
    session.info[WORK_IS_DUE] = True
    met_it = or_(col(Job.last_error) == InstancePaused.slug, col(Job.lease_token).is_not(None))
    woken = update(Job).where(col(Job.done_at).is_(None), met_it)
    changes = {"run_at": now, "set_at": now, "wanted": col(Job.wanted) + 1}
    await session.exec(woken.values(**changes).execution_options(synchronize_session=False))


async def try_to_store(session: AsyncSession, now: datetime) -> None:
    """As much as a busy request stores was stored and is gone again; raises what the database says."""
    padding = {"padding": "." * PADDING_BYTES}
    row = Job(
        id=new_id("job"),
        kind="try_to_store",
        subject="",
        payload=padding,
        run_at=now,
        set_at=now,
        created_at=now,
        done_at=now,
    )
    session.add(row)
    await session.flush()
    await session.delete(row)
