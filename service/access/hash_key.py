"""The key that tokens are hashed with: random, made once per database, sealed at rest."""

import secrets

from service.access.models import NodeSecret
from service.database import Database, transaction
from service.sealing import Sealer
from service.tokens import Hasher

NAME = "hash_key"
CONTEXT = "node_secret.sealed.hash_key"
KEY_BYTES = 32


async def load_hasher(database: Database, sealer: Sealer) -> Hasher:
    """Return the hasher of this node; the first start makes its key.

    Two replicas that start at once on an empty database collide on the primary key; the one that loses reads again.
    """
    async with transaction(database) as session:
        stored = await session.get(NodeSecret, NAME)
        if stored is None:
            key = secrets.token_bytes(KEY_BYTES)
            session.add(NodeSecret(name=NAME, sealed=sealer.seal(key, CONTEXT)))
            return Hasher(key)
        return Hasher(sealer.open(stored.sealed, CONTEXT))
