"""A single-use JWT works once, over all replicas and restarts."""

import hashlib
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from service.database.rows import insert_of
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
    inserted = await session.exec(_remembering(session.get_bind().dialect.name), params=values)
    return bool(inserted.rowcount == 1)


@cache
def _remembering(dialect: str) -> sqlite.Insert | postgresql.Insert:
    return insert_of(dialect, SeenToken).on_conflict_do_nothing()


async def forget_expired(session: AsyncSession, now: datetime) -> None:
    """Only ids of tokens that may still be valid are kept; a minute of grace covers skewed clocks."""
    await session.exec(delete(SeenToken).where(col(SeenToken.expires_at) < now - timedelta(minutes=1)))


class SeenToken(SQLModel, table=True):
    """A single-use JWT that was accepted; `fingerprint` covers its purpose, its issuer and its `jti`."""

    __tablename__ = "seen_token"

    fingerprint: str = Field(primary_key=True, max_length=64)
    expires_at: datetime = Field(index=True)


class CachedDocument(SQLModel, table=True):
    """A client document or key set of another node that proved to hold its key, kept for at most an hour."""

    __tablename__ = "cached_document"

    url: str = Field(primary_key=True, max_length=2048)
    document: str
    fetched_at: datetime = Field(index=True)
