"""Store work in the transaction of the change that causes it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.identifiers import new_id
from service.jobs.models import Job


async def enqueue(
    session: AsyncSession,
    kind: str,
    subject: str,
    *,
    run_at: datetime,
    now: datetime,
    payload: Mapping[str, Any] | None = None,
) -> None:
    """One open job of this kind about this subject exists, due at the earlier of its time and `run_at`."""
    session.info["work_enqueued"] = True
    statement = (
        select(Job)
        .where(Job.kind == kind, Job.subject == subject, col(Job.done_at).is_(None))
        .with_for_update()
    )
    job = (await session.exec(statement)).one_or_none()
    if job is not None:
        job.run_at = min(job.run_at, run_at)
        job.payload = {**job.payload, **(payload or {})}
        return
    session.add(
        Job(
            id=new_id("job"),
            kind=kind,
            subject=subject,
            payload=dict(payload or {}),
            run_at=run_at,
            created_at=now,
        )
    )
    await session.flush()
