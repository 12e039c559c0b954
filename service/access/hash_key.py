"""The key that tokens are hashed with: random, made once per database, sealed at rest."""

import secrets

from service.access.models import NodeSecret
from service.database.engine import Database
from service.database.rows import upsert
from service.database.sessions import transaction
from service.trust.sealing import Sealer
from service.trust.tokens import Hasher

NAME = "hash_key"
CONTEXT = "node_secret.sealed.hash_key"
KEY_BYTES = 32


async def load_hasher(database: Database, sealer: Sealer) -> Hasher:
    """Return the hasher of this node; the first start makes its key.

    Of two replicas that start at once on an empty database, the second one takes the first one's key.
    """
    async with transaction(database) as session:
        if await session.get(NodeSecret, NAME) is None:
            sealed = sealer.seal(secrets.token_bytes(KEY_BYTES), CONTEXT)
            made = upsert(session, NodeSecret).values(name=NAME, sealed=sealed)
            await session.exec(made.on_conflict_do_nothing())
        stored = await session.get_one(NodeSecret, NAME)
        return Hasher(sealer.open(stored.sealed, CONTEXT))
