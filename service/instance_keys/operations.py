"""What is done with keys: made, signed with, published."""

from datetime import datetime
from functools import lru_cache

from sqlalchemy import bindparam
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.database.rows import advance
from service.instance_keys.models import InstanceKey
from service.instance_keys.states import KeyEvent, KeyState
from service.problems.tree import NotFound
from service.trust import signatures
from service.trust.sealing import Sealer
from service.trust.signatures import SigningKey

# Every call from or to another node asks for these, so they are built once.
_CURRENT = select(InstanceKey.id, InstanceKey.private_key_sealed).where(
    InstanceKey.instance_id == bindparam("instance_id"), InstanceKey.state == KeyState.CURRENT
)
_PUBLISHED = (
    select(InstanceKey.public_jwk)
    .where(InstanceKey.instance_id == bindparam("instance_id"), InstanceKey.state != KeyState.REFUSED)
    .order_by(col(InstanceKey.created_at).desc(), col(InstanceKey.id))
)


async def add_key(
    session: AsyncSession, sealer: Sealer, instance_id: str, now: datetime, *, until: datetime | None = None
) -> InstanceKey:
    """The instance has a next key; nothing signs with it yet."""
    pem = signatures.generate_key()
    key = signatures.load_key(pem)
    row = InstanceKey(
        id=key.kid,
        instance_id=instance_id,
        private_key_sealed=sealer.seal(pem, _context(key.kid)),
        public_jwk=key.public_jwk,
        until=until,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def add_current_key(
    session: AsyncSession, sealer: Sealer, instance_id: str, now: datetime
) -> InstanceKey:
    """The instance signs with a fresh key from now on; it must not have a current one."""
    key = await add_key(session, sealer, instance_id, now)
    return await advance(session, key, KeyEvent.PROMOTE)


async def signing_key(session: AsyncSession, sealer: Sealer, instance_id: str) -> SigningKey:
    """Return the instance's current key, ready to sign; raises NotFound where the instance has none."""
    found = (await session.exec(_CURRENT, params={"instance_id": instance_id})).one_or_none()
    if found is None:
        raise NotFound("There is no instance {id}.", id=instance_id)
    return _open(sealer, found[0], found[1] or "")


async def current_key_id(session: AsyncSession, instance_id: str) -> str | None:
    """Return the id of the key that signs now."""
    statement = select(InstanceKey.id).where(
        InstanceKey.instance_id == instance_id, InstanceKey.state == KeyState.CURRENT
    )
    return (await session.exec(statement)).one_or_none()


async def public_keys(session: AsyncSession, instance_id: str) -> list[dict[str, str]]:
    """Return the keys that the instance publishes, newest first; what another one signed is not taken."""
    found = await session.exec(_PUBLISHED, params={"instance_id": instance_id})
    return [dict(key) for key in found.all()]


async def key_ids(session: AsyncSession, instance_id: str) -> frozenset[str]:
    """Return the ids of every key that the instance ever had."""
    statement = select(InstanceKey.id).where(InstanceKey.instance_id == instance_id)
    return frozenset((await session.exec(statement)).all())


@lru_cache(maxsize=1024)
def _open(sealer: Sealer, key_id: str, sealed: str) -> SigningKey:
    return signatures.load_key(sealer.open(sealed, _context(key_id)))


def _context(key_id: str) -> str:
    return f"instance_key.private_key_sealed.{key_id}"
