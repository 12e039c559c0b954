"""A key gives way to the next one: in time, so that every peer knows it before it signs, or at once (ADR 0026)."""

from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.database.rows import advance
from service.database.sessions import transaction
from service.instance_keys.models import InstanceKey
from service.instance_keys.operations import add_current_key, add_key
from service.instance_keys.states import KeyEvent, KeyState
from service.jobs.models import Job
from service.jobs.operations import enqueue
from service.node import Node

ROTATE_JOB = "rotate_instance_key"
PUBLISHED_AHEAD = timedelta(hours=24)
STILL_TAKEN = timedelta(days=7)
log = structlog.get_logger(__name__)


class RotationKind(StrEnum):
    """Whether there is time for peers to learn of the next key first."""

    PLANNED = "planned"
    EMERGENCY = "emergency"


async def rotate(
    session: AsyncSession, node: Node, instance_id: str, kind: RotationKind, now: datetime
) -> list[InstanceKey]:
    """Return the instance's keys: a next one is published, or a fresh one signs and no older one counts.

    A planned rotation that is under way already stays as it is.
    """
    keys = await lock_keys(session, instance_id)
    if kind is RotationKind.EMERGENCY:
        for key in keys:
            if key.state is not KeyState.REFUSED:
                await _refuse(session, key)
        await add_current_key(session, node.sealer, instance_id, now)
    elif not any(key.state is KeyState.NEXT for key in keys):
        due = now + PUBLISHED_AHEAD
        await add_key(session, node.sealer, instance_id, now, until=due)
        await enqueue(session, ROTATE_JOB, instance_id, run_at=due, now=now)
    log.info("key_rotation", kind=kind, instance_id=instance_id)
    return await read_keys(session, instance_id)


async def read_keys(session: AsyncSession, instance_id: str) -> list[InstanceKey]:
    """Return every key that the instance ever had, newest first."""
    newest_first = col(InstanceKey.created_at).desc(), InstanceKey.id
    statement = select(InstanceKey).where(InstanceKey.instance_id == instance_id).order_by(*newest_first)
    return list((await session.exec(statement.execution_options(populate_existing=True))).all())


async def lock_keys(session: AsyncSession, instance_id: str) -> list[InstanceKey]:
    """Return all keys; whoever else changes them waits, on the oldest one first, for that one never goes."""
    oldest_first = col(InstanceKey.created_at), InstanceKey.id
    statement = select(InstanceKey.id).where(InstanceKey.instance_id == instance_id).order_by(*oldest_first)
    await session.exec(statement.with_for_update())
    # What the one before us added is not among the rows that we waited for.
    return await read_keys(session, instance_id)


async def take_due_steps(node: Node, job: Job) -> timedelta | None:
    """Each key whose time is over is in its next state; returns when the next one is due."""
    now = node.clock.now()
    async with transaction(node.database) as session:
        keys = await lock_keys(session, job.subject)
        for key in keys:
            if key.until is not None and key.until <= now:
                await _take_step(session, keys, key, now)
        waiting = [key.until for key in keys if key.until is not None]
    return min(waiting) - now if waiting else None


async def _take_step(session: AsyncSession, keys: list[InstanceKey], key: InstanceKey, now: datetime) -> None:
    if key.state is KeyState.RETIRED:
        await _refuse(session, key)
        return
    for older in keys:
        if older.state is KeyState.CURRENT:
            until = now + STILL_TAKEN
            await advance(session, older, KeyEvent.RETIRE, until=until, private_key_sealed=None)
    await advance(session, key, KeyEvent.PROMOTE, until=None)
    log.info("key_promoted", instance_id=key.instance_id, kid=key.id)


async def _refuse(session: AsyncSession, key: InstanceKey) -> None:
    await advance(session, key, KeyEvent.REFUSE, until=None, private_key_sealed=None)
    log.info("key_refused", instance_id=key.instance_id, kid=key.id)


HANDLERS = {ROTATE_JOB: take_due_steps}
