"""The key that tokens are hashed with is made once per database, and is the same for every replica."""

import asyncio

import pytest

from service.access.hash_key import load_hasher
from service.database.engine import open_database
from service.trust.sealing import SealBroken, Sealer, new_key, parse_keys

pytestmark = pytest.mark.anyio
REPLICAS = 5


async def test_replicas_that_start_at_once_on_an_empty_database_have_the_same_key(database_url: str) -> None:
    sealer = Sealer(parse_keys(new_key()))
    databases = [open_database(database_url) for _ in range(REPLICAS)]
    try:
        hashers = await asyncio.gather(*(load_hasher(database, sealer) for database in databases))
        assert len({hasher.hash("token") for hasher in hashers}) == 1
        assert (await load_hasher(databases[0], sealer)).hash("token") == hashers[0].hash("token")
    finally:
        for database in databases:
            await database.close()


async def test_a_new_sealing_key_in_front_of_the_old_one_changes_no_token(sqlite_url: str) -> None:
    old, new = new_key(), new_key()
    database = open_database(sqlite_url)
    try:
        before = await load_hasher(database, Sealer(parse_keys(old)))
        after = await load_hasher(database, Sealer(parse_keys(f"{new},{old}")))
        assert before.hash("token") == after.hash("token")
        with pytest.raises(SealBroken, match="keep old keys"):
            await load_hasher(database, Sealer(parse_keys(new)))
    finally:
        await database.close()
