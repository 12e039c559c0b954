"""The responder asks the initiator: the same resource, but the one that was asked decided, so it is only told."""

import pytest

from service.connections.peers import caller_of, read_peer
from service.protocol import client
from service.protocol.client import Caller, Peer, PeerRefused
from tests.pairs import Pair

pytestmark = pytest.mark.anyio


async def from_b(pair: Pair) -> tuple[Caller, Peer]:
    """Return B as a client of A."""
    caller = await caller_of(pair.b.node, str(pair.b.instance["id"]))
    return caller, await read_peer(pair.b.node, pair.a.issuer)


async def pending(pair: Pair) -> tuple[dict[str, object], dict[str, object], str]:
    """Return connection, session and shared id of an attempt that B accepted and A did not hear of."""
    draft = await pair.draft()
    session = await pair.session(draft)
    person = await pair.to_consent(session)
    await person.submit(button="accept")
    return draft, session, str((await pair.shown(draft))["shared_id"])


async def test_an_active_connection_is_shown_and_closed(pair: Pair) -> None:
    at_a, _ = await pair.connected()
    caller, peer = await from_b(pair)
    token = (await client.connection_token(caller, peer, at_a["shared_id"])).access_token
    status = await client.status(caller, peer, at_a["shared_id"], token)
    assert (status.state, status.connection_attestation) == ("active", None)
    assert status.activated_at is not None
    await client.end(caller, peer, at_a["shared_id"], token)
    shown = await pair.shown(at_a)
    assert (shown["state"], shown["reason"]) == ("closed", "closed_by_peer")
    assert (await client.status(caller, peer, at_a["shared_id"], token)).state == "closed"


async def test_the_side_that_was_asked_does_not_ask_for_activation(pair: Pair) -> None:
    _, _, shared_id = await pending(pair)
    caller, peer = await from_b(pair)
    token = (await client.connection_token(caller, peer, shared_id)).access_token
    with pytest.raises(PeerRefused) as refusal:
        await client.activate(caller, peer, shared_id, token)
    assert (refusal.value.status, refusal.value.error) == (400, "invalid_request")


async def test_an_attempt_is_the_initiators_to_finish(pair: Pair) -> None:
    """Its own job asks B what came of it; a DELETE that overtakes the answer changes nothing."""
    draft, _, shared_id = await pending(pair)
    caller, peer = await from_b(pair)
    token = (await client.connection_token(caller, peer, shared_id)).access_token
    assert (await client.status(caller, peer, shared_id, token)).state == "redeemed"
    await client.end(caller, peer, shared_id, token)
    assert (await pair.shown(draft))["state"] == "pending"
    await pair.work()
    assert (await pair.shown(draft))["state"] == "active"


async def test_an_attempt_that_is_over_is_not_known_any_more(pair: Pair) -> None:
    _, session, shared_id = await pending(pair)
    caller, peer = await from_b(pair)
    token = (await client.connection_token(caller, peer, shared_id)).access_token
    cancelled = await pair.a.api.delete(f"/v1/verification-sessions/{session['id']}")
    assert cancelled.status_code == 200, cancelled.text
    with pytest.raises(PeerRefused) as refusal:
        await client.status(caller, peer, shared_id, token)
    assert (refusal.value.status, refusal.value.error) == (404, "unknown_connection")
    with pytest.raises(PeerRefused) as refusal:
        await client.connection_token(caller, peer, shared_id)
    assert refusal.value.error == "unauthorized_client"


@pytest.mark.parametrize("state", ["pending", "active"])
async def test_a_third_node_gets_nothing(pair: Pair, state: str) -> None:
    shared_id = (await pending(pair))[2]
    if state == "active":
        await pair.work()
    made = await pair.b.api.post(
        "/v1/instances", json={"slug": "third", "name": "Third", "platform": "sandbox"}
    )
    caller = await caller_of(pair.b.node, made.json()["id"])
    peer = await read_peer(pair.b.node, pair.a.issuer)
    with pytest.raises(PeerRefused) as refusal:
        await client.connection_token(caller, peer, shared_id)
    assert refusal.value.error == "unauthorized_client"
