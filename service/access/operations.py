"""What is done with service tokens: made, listed, revoked; never with more rights than their maker has."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from service.access.models import ServiceToken
from service.access.principals import TOKEN_PREFIX
from service.identifiers import new_id
from service.tokens import Hasher, new_token


async def issue_token(
    session: AsyncSession,
    hasher: Hasher,
    name: str,
    scopes: Iterable[str],
    instance_ids: Iterable[str] | None,
    now: datetime,
    expires_at: datetime | None = None,
) -> tuple[ServiceToken, str]:
    """Return the stored token and its secret, which is shown here and never again."""
    secret = new_token(TOKEN_PREFIX)
    token = ServiceToken(
        id=new_id("tok"),
        name=name,
        secret_hash=hasher.hash(secret),
        scopes=sorted(set(scopes)),
        instance_ids=None if instance_ids is None else sorted(set(instance_ids)),
        created_at=now,
        expires_at=expires_at,
    )
    session.add(token)
    await session.flush()
    return token, secret
