"""A connection that closes ends its attempt to verify it anew, whoever closes it and however that is heard."""

import pytest

from tests.lifecycle.test_pausing import at
from tests.pairs import Pair, read
from tests.verification.test_reconnecting import accepted, connected, reconnect

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("far", ["created", "awaiting_decision", "code_received"])
@pytest.mark.parametrize("closes", ["peer", "here"])
async def test_an_attempt_ends_with_the_connection_whoever_closes_it(
    each_pair: Pair, far: str, closes: str
) -> None:
    pair = each_pair
    here, there = await connected(pair)
    session = await reconnect(pair.a, here, "visual")
    if far == "awaiting_decision":
        await pair.to_consent(session)
    elif far == "code_received":
        await accepted(pair, session)
    assert (await pair.shown_session(session))["state"] == far
    node, connection = (pair.b, there) if closes == "peer" else (pair.a, here)
    read(await node.api.delete(f"/v1/connections/{connection['id']}"), 200)
    await node.work()
    shown = await at(pair.a, here)
    assert (shown["state"], shown["reason"]) == (
        "closed",
        "closed_by_peer" if closes == "peer" else "closed_here",
    )
    assert (await pair.shown_session(session))["state"] == "cancelled"
    person = await pair.person()
    await person.open(session["start_url"])
    await person.sign_in()
    assert "closed" in person.page
    pair.clock.advance(1_000)
    await pair.work()
    assert (await pair.shown_session(session))["state"] == "cancelled"
    assert {each["state"] for each in await pair.listed_at_b()} == {"closed"}


async def test_an_attempt_ends_where_the_end_of_the_connection_is_found_by_asking(pair: Pair) -> None:
    here, there = await connected(pair)
    session = await reconnect(pair.a, here)
    pair.network.down.add("a.test")
    read(await pair.b.api.delete(f"/v1/connections/{there['id']}"), 200)
    read(await pair.a.api.post(f"/v1/connections/{here['id']}/checks"), 200)
    assert (await at(pair.a, here))["reason"] == "closed_by_peer"
    assert (await pair.shown_session(session))["state"] == "cancelled"
