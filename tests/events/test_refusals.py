"""Who was refused what, from where and why, stands in the history of the connection; what is about none, in the log."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import structlog

from tests.authorization.stranger import Stranger, error_of, only_connection
from tests.nodes import Network, RunningNode, running_node
from tests.pairs import Pair
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
ADDRESS = "192.0.2.7"


async def refusals(node: RunningNode, connection: Json) -> list[Json]:
    """Return what the history tells of refusals, the oldest first."""
    events: list[Json] = (await node.read(f"/v1/connections/{connection['id']}/history?limit=100"))["items"]
    return [event for event in events if event["what"].endswith(".refused")]


async def told(node: RunningNode, connection: Json) -> list[tuple[str, str, str]]:
    """Return what, why and what kind of actor."""
    return [
        (event["what"], event["why"], event["actor"]["kind"]) for event in await refusals(node, connection)
    ]


def somebody(node: RunningNode, authorization: str = "") -> httpx.AsyncClient:
    """Return a client at an address of its own."""
    transport = httpx.ASGITransport(node.app, raise_app_exceptions=False, client=(ADDRESS, 50_000))
    headers = {"Authorization": authorization} if authorization else {}
    return httpx.AsyncClient(transport=transport, base_url=node.url, headers=headers)


async def token_of(pair: Pair, slug: str, scopes: list[str]) -> str:
    """Return a token for another instance of node A, or for the same one with few rights."""
    instance = pair.a.instance
    if slug != pair.a.slug:
        instance = await pair.post("/v1/instances", {"slug": slug, "name": slug, "platform": "sandbox"})
    wanted = {"name": "curious", "scopes": scopes, "instances": [instance["id"]]}
    return "Bearer " + str((await pair.post("/v1/access-tokens", wanted))["token"])


async def test_a_caller_from_whom_the_connection_is_hidden_is_told_of(each_pair: Pair) -> None:
    pair = each_pair
    draft = await pair.draft()
    token = await token_of(pair, "other", ["connections:read", "connections:write"])
    async with somebody(pair.a, token) as other:
        assert (await other.get(f"/v1/connections/{draft['id']}")).status_code == 404
    (event,) = await refusals(pair.a, draft)
    assert (event["what"], event["why"]) == ("api.refused", "not-found")
    assert event["actor"]["kind"] == "service"
    assert (event["actor"]["name"], event["actor"]["address"]) == ("curious", ADDRESS)
    assert event["detail"] == {"method": "GET", "operation": "getConnection"}
    assert event["request_id"]


async def test_a_caller_without_the_right_or_without_a_credential_is_told_of(pair: Pair) -> None:
    draft = await pair.draft()
    token = await token_of(pair, pair.a.slug, ["connections:read"])
    async with somebody(pair.a, token) as reader, somebody(pair.a, "Bearer ply_none") as nobody:
        assert (await reader.delete(f"/v1/connections/{draft['id']}")).status_code == 403
        assert (await nobody.delete(f"/v1/connections/{draft['id']}")).status_code == 401
    assert await told(pair.a, draft) == [
        ("api.refused", "missing-scope", "service"),
        ("api.refused", "unauthenticated", "anonymous"),
    ]


async def test_who_asks_for_what_hangs_on_the_connection_is_told_of(pair: Pair) -> None:
    draft = await pair.draft()
    session = await pair.session(draft)
    token = await token_of(pair, "other", ["connections:read"])
    async with somebody(pair.a, token) as other:
        assert (await other.get(f"/v1/verification-sessions/{session['id']}")).status_code == 404
    assert await told(pair.a, draft) == [("api.refused", "not-found", "service")]


async def test_of_one_kind_ten_in_an_hour_are_told(each_pair: Pair) -> None:
    draft = await each_pair.draft()
    async with somebody(each_pair.a) as nobody:
        for _ in range(12):
            await nobody.get(f"/v1/connections/{draft['id']}")
        assert len(await refusals(each_pair.a, draft)) == 10
        each_pair.clock.advance(3601)
        await nobody.get(f"/v1/connections/{draft['id']}")
    assert len(await refusals(each_pair.a, draft)) == 11


async def test_an_own_slip_is_no_refusal(pair: Pair) -> None:
    draft = await pair.draft()
    await pair.a.api.put(f"/v1/connections/{draft['id']}/mode", json={"mode": "odd"})
    await pair.a.api.post(f"/v1/connections/{draft['id']}/activation")
    assert await refusals(pair.a, draft) == []


async def test_a_wrong_password_on_the_way_to_the_start_is_told_without_what_was_typed(pair: Pair) -> None:
    draft = await pair.draft()
    person = await pair.person()
    await person.open((await pair.session(draft))["start_url"])
    await person.sign_in("alice", "swordfish")
    (event,) = await refusals(pair.a, draft)
    assert (event["what"], event["why"]) == ("sign_in.refused", "wrong_credentials")
    assert "swordfish" not in str(event)
    assert "alice" not in str(event)


async def test_a_form_of_another_session_or_site_is_told(pair: Pair) -> None:
    draft = await pair.draft()
    person = await pair.person()
    await person.open((await pair.session(draft))["start_url"])
    await person.sign_in()
    forged = {"form_token": "forged"}
    for origin in (pair.a.url, "https://evil.test"):
        await person.client.post(person.url, data=forged, headers={"Origin": origin})
    assert await told(pair.a, draft) == [
        ("start.refused", "unauthenticated", "person"),
        ("start.refused", "unauthenticated", "anonymous"),
    ]


@pytest.fixture
async def stranger(sqlite_url: str) -> AsyncIterator[Stranger]:
    network = Network()
    async with running_node(network, "b", sqlite_url, FrozenClock()) as node:
        yield Stranger(network, node)


async def connected(stranger: Stranger) -> Json:
    """Return the active connection of the stranger."""
    token = (await stranger.redeemed())["access_token"]
    assert (await stranger.activate(token)).status_code == 200
    return await only_connection(stranger)


async def test_a_wrong_token_key_or_replay_of_a_node_is_told(stranger: Stranger) -> None:
    connection = await connected(stranger)
    token = await stranger.access_token()
    path = f"/connections/{stranger.shared_id}"
    other = Stranger(stranger.network, stranger.asked, "other.test")
    proof = stranger.proof("GET", stranger.asked.issuer + path, token)
    right = {"Authorization": f"DPoP {token}", "DPoP": proof}
    wrong_key = {**right, "DPoP": other.proof("GET", stranger.asked.issuer + path, token)}
    for headers in ({"Authorization": "DPoP nonsense", "DPoP": proof}, wrong_key, right, right):
        await stranger.raw("GET", path, headers)
    client = stranger.client_id
    assert [
        (event["what"], event["why"], event["actor"]["id"])
        for event in await refusals(stranger.asked, connection)
    ] == [
        ("peer.refused", "invalid_token", None),
        ("peer.refused", "invalid_dpop_proof", None),
        ("peer.refused", "invalid_dpop_proof", client),
    ]


async def test_a_code_used_twice_by_another_or_with_a_wrong_verifier_is_told(stranger: Stranger) -> None:
    code = await stranger.code()
    other = Stranger(stranger.network, stranger.asked, "other.test")
    await other.redeem(code)
    await stranger.redeem(code, code_verifier="w" * 43)
    assert (await stranger.redeem(code)).status_code == 200
    assert error_of(await stranger.redeem(code)) == (400, "invalid_grant")
    found = await refusals(stranger.asked, await only_connection(stranger))
    assert [(event["what"], event["why"]) for event in found] == [("token.refused", "invalid_grant")] * 3
    said = [event["detail"]["description"] for event in found]
    assert ["another" in said[0], "verifier" in said[1], "used before" in said[2]] == [True] * 3
    assert code not in str(found)


async def test_a_replayed_or_forged_assertion_about_a_connection_is_told(stranger: Stranger) -> None:
    connection = await connected(stranger)
    assertion = stranger.assertion()
    assert (await stranger.connection_token(client_assertion=assertion)).status_code == 200
    await stranger.connection_token(client_assertion=assertion)
    await stranger.connection_token(client_assertion=stranger.assertion({"typ": "at+jwt"}))
    assert await told(stranger.asked, connection) == [
        ("token.refused", "invalid_client", "other_side"),
        ("token.refused", "invalid_client", "anonymous"),
    ]


async def test_what_concerns_no_connection_goes_to_the_log(stranger: Stranger) -> None:
    with structlog.testing.capture_logs() as lines:
        await stranger.push(client_assertion="forged")
        async with somebody(stranger.asked) as nobody:
            await nobody.get("/v1/instances")
            await nobody.get("/v1/connections/con_unknown")
    found = [(line["what"], line["why"]) for line in lines if line["event"] == "refused"]
    assert found == [
        ("push.refused", "invalid_client"),
        ("api.refused", "unauthenticated"),
        ("api.refused", "unauthenticated"),
    ]
    assert "forged" not in str(lines)
