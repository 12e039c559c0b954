"""A single-use JWT works once, over all replicas and restarts."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from service.database.rows import upsert
from service.protocol.models import SeenToken
from service.trust.signatures import Purpose

MOST_SEEN = 200_000


async def consume(
    session: AsyncSession, purpose: Purpose, issuer: str, jti: str, *, keep_until: datetime
) -> bool:
    """Remember the token in this transaction; return False where it was seen before.

    The insert waits for a parallel twin on the primary key, so exactly one of two racers gets True.
    """
    material = f"{purpose}\x00{issuer}\x00{jti}"
    values = {"fingerprint": hashlib.sha256(material.encode()).hexdigest(), "expires_at": keep_until}
    insert = upsert(session, SeenToken).values(**values).on_conflict_do_nothing()
    return bool((await session.exec(insert)).rowcount == 1)


async def forget_expired(session: AsyncSession, now: datetime) -> None:
    """Only ids of tokens that may still be valid are kept; a minute of grace covers skewed clocks."""
    await session.exec(delete(SeenToken).where(col(SeenToken.expires_at) < now - timedelta(minutes=1)))
