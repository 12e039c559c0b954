"""Each instance signs with a key of its own, which opens only here and only for it."""

import pytest
from sqlmodel import select

from service.database.sessions import reading, transaction
from service.instance_keys.models import InstanceKey
from service.instance_keys.operations import public_keys, signing_key
from service.instances.operations import issuer_of
from service.problems.tree import NotFound
from service.trust.sealing import SealBroken, Sealer, new_key, parse_keys
from tests.small_node import PUBLIC_URL, SmallNode

pytestmark = pytest.mark.anyio


async def test_the_key_that_signs_is_published(both: SmallNode) -> None:
    acme, other = await both.add_instance("acme"), await both.add_instance("other")
    async with reading(both.node.database) as session:
        key = await signing_key(session, both.node.sealer, acme["id"])
        assert await public_keys(session, acme["id"]) == [key.public_jwk]
        assert (await signing_key(session, both.node.sealer, other["id"])).kid != key.kid
    assert set(key.public_jwk) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


async def test_without_the_sealing_key_nothing_signs(node: SmallNode) -> None:
    instance = await node.add_instance()
    async with reading(node.node.database) as session:
        with pytest.raises(SealBroken):
            await signing_key(session, Sealer(parse_keys(new_key())), instance["id"])


async def test_a_key_does_not_open_under_another_name(node: SmallNode) -> None:
    acme, other = await node.add_instance("acme"), await node.add_instance("other")
    async with transaction(node.node.database) as session:
        first, second = (await session.exec(select(InstanceKey))).all()
        swapped = second.private_key_sealed, first.private_key_sealed
        first.private_key_sealed, second.private_key_sealed = swapped
    async with reading(node.node.database) as session:
        for instance in (acme, other):
            with pytest.raises(SealBroken):
                await signing_key(session, node.node.sealer, instance["id"])


async def test_what_does_not_exist_has_no_key(node: SmallNode) -> None:
    async with reading(node.node.database) as session:
        assert await public_keys(session, "ins_none") == []
        with pytest.raises(NotFound):
            await signing_key(session, node.node.sealer, "ins_none")


async def test_the_issuer_is_made_from_the_configuration(node: SmallNode) -> None:
    assert issuer_of(node.node.settings, "acme") == f"{PUBLIC_URL}/i/acme"
