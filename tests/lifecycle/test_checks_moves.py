"""What a partner believes of somebody who says to be elsewhere now (ADR 0028)."""

import pytest

from service.protocol.client import PeerRefused, announce_issuer, call, connection_token
from tests.databases import sqlite_copy
from tests.instance_keys.rotations import caller, current_key, peer
from tests.nodes import running_node
from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio


async def announced(pair: Pair, shared_id: str, stated: str) -> int:
    """Return the status with which B answers A, who says to be at `stated`."""
    us, there = await caller(pair.a, await current_key(pair.a)), peer(pair.b)
    token = (await connection_token(us, there, shared_id)).access_token
    url = there.connection_url(shared_id) + "/issuer"
    return (await call(us, "PUT", url, token=token, json={"issuer": stated})).status


async def test_an_issuer_that_publishes_another_key_is_not_the_same_side(
    pair: Pair, sqlite_template: object, tmp_path: object
) -> None:
    connection, theirs = await pair.connected()
    database = sqlite_copy(sqlite_template, tmp_path / "c.db")  # type: ignore[operator, arg-type]
    async with running_node(pair.network, "c", database, pair.clock) as other:
        assert await announced(pair, connection["shared_id"], other.issuer) == 400
    shown = read(await pair.b.api.get(f"/v1/connections/{theirs['id']}"), 200)
    assert shown["destination"]["node_url"] == pair.a.issuer


async def test_the_asked_side_itself_is_no_new_issuer(pair: Pair) -> None:
    connection, _ = await pair.connected()
    assert await announced(pair, connection["shared_id"], pair.b.issuer) == 400


@pytest.mark.parametrize("stated", ["http://a.test/i/x", "https://127.0.0.1/i/x", "https://nobody.test/i/x"])
async def test_what_cannot_be_read_is_not_believed(pair: Pair, stated: str) -> None:
    connection, theirs = await pair.connected()
    assert await announced(pair, connection["shared_id"], stated) >= 400
    shown = read(await pair.b.api.get(f"/v1/connections/{theirs['id']}"), 200)
    assert shown["destination"]["node_url"] == pair.a.issuer


async def test_a_closed_connection_does_not_move(pair: Pair) -> None:
    connection, theirs = await pair.connected()
    read(await pair.b.api.delete(f"/v1/connections/{theirs['id']}"), 200)
    us, there = await caller(pair.a, await current_key(pair.a)), peer(pair.b)
    token = (await connection_token(us, there, connection["shared_id"])).access_token
    with pytest.raises(PeerRefused):
        await announce_issuer(us, there, connection["shared_id"], token)
