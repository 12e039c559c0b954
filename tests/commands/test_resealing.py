"""Sealing keys rotate while the node runs: afterwards the newest key alone opens everything."""

import asyncio

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from service.commands.resealing import context_of, reseal_all, sealed_columns
from service.database.engine import open_database
from service.trust.sealing import SealBroken, Sealer, new_key, parse_keys
from tests.nodes import Network, RunningNode, running_node
from tests.pairs import DETAILS, Pair
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio

OLD, NEW = new_key(), new_key()


def test_every_sealed_column_is_known() -> None:
    assert {f"{column.table.name}.{column.name}" for column in sealed_columns()} == {
        "answered_request.answer_sealed",
        "authorization_request.client_state_sealed",
        "authorization_request.code_sealed",
        "incoming_message.body_sealed",
        "instance.credential_sealed",
        "instance.oauth_secret_sealed",
        "instance_key.private_key_sealed",
        "invitation.secret_sealed",
        "node_secret.sealed",
        "outgoing_message.body_sealed",
        "verification_session.access_token_sealed",
        "verification_session.code_sealed",
        "verification_session.request_uri_sealed",
        "verification_session.code_verifier_sealed",
        "verification_session.state_sealed",
    }


async def test_the_newest_key_opens_everything_and_the_node_goes_on(database_url: str) -> None:
    network, clock = Network(), FrozenClock()
    async with running_node(network, "a", database_url, clock, sealing_keys=OLD) as node:
        credential = {"method": "password", "values": {"login": "alice", "password": "alice-sandbox"}}
        await node.api.patch(f"/v1/instances/{node.instance['id']}", json={"credential": credential})
    ring = f"{NEW},{OLD}"
    async with running_node(network, "b", database_url, clock, sealing_keys=ring) as node:
        assert await reseal_all(node.node.database, node.node.sealer) >= 3
        assert await reseal_all(node.node.database, node.node.sealer) == 0
        made = await node.api.post(
            "/v1/connections",
            json={"instance": node.slug, "destination": {"type": "local"}, "details": DETAILS},
        )
        assert made.status_code == 201
    async with running_node(network, "c", database_url, clock, sealing_keys=NEW) as node:
        checked = await node.api.post(f"/v1/instances/{node.instance['id']}/checks")
        assert checked.status_code == 200
        only_new = Sealer(parse_keys(NEW))
        for column in sealed_columns():
            (key,) = column.table.primary_key.columns
            async with node.node.database.reading_engine.connect() as connection:
                rows = (await connection.execute(select(key, column).where(column.is_not(None)))).all()
            for row_id, sealed in rows:
                only_new.open(sealed, context_of(column, row_id))


async def test_a_ring_without_the_old_key_changes_nothing(database_url: str) -> None:
    async with running_node(Network(), "a", database_url, FrozenClock(), sealing_keys=OLD):
        pass
    database = open_database(database_url)
    with pytest.raises(SealBroken):
        await reseal_all(database, Sealer(parse_keys(NEW)))
    await database.close()


async def test_a_handshake_goes_on_while_every_secret_is_sealed_anew(each_pair: Pair) -> None:
    """The attempt begins with the old key; from then on the command runs all the time, as often as it can."""
    pair = each_pair
    old = pair.a.settings.sealing_keys.get_secret_value()
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    await pair.a.stop()
    ring = SecretStr(f"{NEW},{old}")
    pair.a.settings = pair.a.settings.model_copy(update={"sealing_keys": ring})
    await pair.a.start()
    over = asyncio.Event()
    rotating = asyncio.create_task(reseal_until(over, pair.a))
    await person.submit(button="accept")
    await pair.work()
    assert (await pair.shown(draft))["state"] == "active"
    await pair.connected()
    over.set()
    assert await rotating > 0
    assert await reseal_all(pair.a.node.database, Sealer(parse_keys(NEW))) == 0


async def reseal_until(over: asyncio.Event, node: RunningNode) -> int:
    """Return how many secrets were sealed anew by all the runs."""
    count = 0
    while not over.is_set():
        count += await reseal_all(node.node.database, node.node.sealer)
        await asyncio.sleep(0)
    return count
