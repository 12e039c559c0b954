"""An emergency: nothing that the old key signed, or was bound to, counts any more, and the connection goes on."""

import asyncio
import json

import pytest

from service.protocol.client import PeerRefused, connection_token, status
from tests.instance_keys.rotations import (
    HOUR,
    both_states,
    caller,
    current_key,
    history,
    keys_of,
    peer,
    published,
    rotate,
    time_passes,
)
from tests.nodes import RunningNode
from tests.pairs import Pair

pytestmark = pytest.mark.anyio


async def test_the_old_key_and_a_waiting_one_are_refused_at_once(each_pair: Pair) -> None:
    a = each_pair.a
    before = set(await rotate(a))
    after = await rotate(a, "emergency")
    assert sorted(after.values()) == ["current", "refused", "refused"]
    assert await published(a) == set(after) - before
    each_pair.clock.advance(30 * 24 * 3600)
    await a.work()
    assert await keys_of(a) == after


async def test_the_other_side_knows_within_the_hour_and_the_connection_goes_on(pair: Pair) -> None:
    here, there = await pair.connected()
    await rotate(pair.a, "emergency")
    await rotate(pair.b, "emergency")
    await time_passes(pair, HOUR)
    assert await both_states(pair) == ("active", "active")
    for node, connection in ((pair.a, here), (pair.b, there)):
        assert await history(node, connection) == [("peer_keys.change", "published_anew")]


async def test_an_access_token_that_the_old_key_signed_is_refused_at_once(each_pair: Pair) -> None:
    pair = each_pair
    here, _ = await pair.connected()
    b = await caller(pair.b, await current_key(pair.b))
    token = await connection_token(b, peer(pair.a), here["shared_id"])
    assert (await status(b, peer(pair.a), here["shared_id"], token.access_token)).state == "active"
    await rotate(pair.a, "emergency")
    with pytest.raises(PeerRefused, match="401 invalid_token"):
        await status(b, peer(pair.a), here["shared_id"], token.access_token)


async def test_a_revoked_client_key_ends_its_access_tokens_and_gets_no_more(pair: Pair) -> None:
    """A thief with the key and a token of the other side: both end when the other side has looked again."""
    here, _ = await pair.connected()
    thief = await caller(pair.a, await current_key(pair.a))
    token = await connection_token(thief, peer(pair.b), here["shared_id"])
    await rotate(pair.a, "emergency")
    await time_passes(pair, 1)
    assert (await status(thief, peer(pair.b), here["shared_id"], token.access_token)).state == "active"
    fresh = await caller(pair.a, await current_key(pair.a))
    await connection_token(fresh, peer(pair.b), here["shared_id"])
    with pytest.raises(PeerRefused, match="401 invalid_token"):
        await status(thief, peer(pair.b), here["shared_id"], token.access_token)
    with pytest.raises(PeerRefused, match="401 invalid_client"):
        await connection_token(thief, peer(pair.b), here["shared_id"])


async def test_a_key_that_is_published_nowhere_is_not_learned(pair: Pair) -> None:
    here, there = await pair.connected()
    stranger = await caller(pair.a, await current_key(pair.b))
    with pytest.raises(PeerRefused, match="401 invalid_client"):
        await connection_token(stranger, peer(pair.b), here["shared_id"])
    assert await history(pair.b, there) == []


async def test_keys_that_cannot_be_read_are_told_with_the_way_out(pair: Pair) -> None:
    """As with a private side: nobody reads its keys, so it has to be reconnected."""
    here, there = await pair.connected()
    await rotate(pair.a, "emergency")
    pair.network.lose_requests = ["/oauth/client.json", "/oauth/jwks"]
    a = await caller(pair.a, await current_key(pair.a))
    with pytest.raises(Exception, match="503"):
        await connection_token(a, peer(pair.b), here["shared_id"])
    assert await history(pair.b, there) == [("peer_keys.refused", "unreadable")]
    pair.network.lose_requests = []
    await time_passes(pair, HOUR)
    assert await both_states(pair) == ("active", "active")


@pytest.mark.parametrize("revoking", ["a", "b"])
@pytest.mark.parametrize("accepted", [False, True], ids=["before the decision", "after the decision"])
async def test_an_attempt_ends_on_both_sides_and_the_next_one_works(
    pair: Pair,
    revoking: str,
    accepted: bool,  # noqa: FBT001 - a moment of the attempt
) -> None:
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    if accepted:
        await person.submit(button="accept")
    side: RunningNode = getattr(pair, revoking)
    await rotate(side, "emergency")
    if not accepted:
        await person.submit(button="accept")
    await time_passes(pair, 61, 700)
    back = await pair.shown(draft)
    expected = "verification-cancelled" if revoking == "a" else "destination-refused"
    assert (back["state"], back["last_error"]["code"]) == ("draft", expected)
    assert {item["state"] for item in await pair.listed_at_b()} <= {"closed"}
    again = await pair.to_consent(await pair.session(draft))
    await again.submit(button="accept")
    await pair.work()
    assert (await pair.shown(draft))["state"] == "active"


async def test_a_session_that_the_other_side_has_not_heard_of_goes_on(pair: Pair) -> None:
    draft = await pair.draft()
    session = await pair.session(draft)
    await rotate(pair.a, "emergency")
    person = await pair.to_consent(session)
    await person.submit(button="accept")
    await pair.work()
    assert (await pair.shown(draft))["state"] == "active"


async def test_two_emergencies_at_once_leave_one_key(each_pair: Pair) -> None:
    await asyncio.gather(rotate(each_pair.a, "emergency"), rotate(each_pair.a, "emergency"))
    assert sorted((await keys_of(each_pair.a)).values()) == ["current", "refused", "refused"]
    assert len(await published(each_pair.a)) == 1


async def test_a_probed_key_of_ours_is_not_learned(pair: Pair) -> None:
    """What our own key signed would come back as the word of the other side."""
    here, _ = await pair.connected()
    ours = json.dumps((await current_key(pair.a)).public_jwk).encode()
    pair.network.rewrite = (b'"keys":[', b'"keys":[' + ours + b",")
    await time_passes(pair, HOUR)
    assert await history(pair.a, here) == []
    pair.network.rewrite = None
    await time_passes(pair, HOUR)
    assert await both_states(pair) == ("active", "active")
