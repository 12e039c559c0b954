"""P9 to P11 from the peer's side: activation is the commit, each call can be repeated, nothing is half done."""

import pytest

from service.trust.signatures import Purpose
from tests.authorization.stranger import Stranger, error_of, only_connection

pytestmark = pytest.mark.anyio
OTHER_ID = "00000000-0000-4000-8000-000000000000"


async def test_activation_is_the_commit(stranger: Stranger) -> None:
    token = (await stranger.redeemed())["access_token"]
    assert (await only_connection(stranger))["state"] == "pending"
    answer = await stranger.activate(token)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["state"] == "active"
    shown = await only_connection(stranger)
    assert (shown["state"], shown["expires_at"]) == ("active", None)
    assert shown["destination"]["state"] == "active"
    assert shown["activated_at"]


async def test_again_the_same_answer(stranger: Stranger) -> None:
    """Also long after, for an active one is never judged by age."""
    token = (await stranger.redeemed())["access_token"]
    first = await stranger.activate(token)
    assert (await stranger.activate(token)).json() == first.json()
    stranger.asked.clock.advance(3600)
    await stranger.asked.work()
    again = await stranger.activate(await stranger.access_token())
    assert (again.status_code, again.json()) == (200, first.json())


async def test_a_redeemed_attempt_waits_ten_minutes(stranger: Stranger) -> None:
    await stranger.redeemed()
    stranger.asked.clock.advance(599)
    token = await stranger.access_token()
    stranger.asked.clock.advance(1)
    assert error_of(await stranger.activate(token)) == (410, "connection_over")
    await stranger.asked.work()
    assert (await only_connection(stranger))["state"] == "closed"
    assert error_of(await stranger.activate(token)) == (410, "connection_over")


async def test_within_ten_minutes_it_becomes_active(stranger: Stranger) -> None:
    await stranger.redeemed()
    stranger.asked.clock.advance(599)
    await stranger.asked.work()
    assert (await stranger.activate(await stranger.access_token())).status_code == 200


async def test_activation_before_the_code_was_redeemed(stranger: Stranger) -> None:
    await stranger.request_uri()
    token = await stranger.access_token()
    assert error_of(await stranger.activate(token)) == (400, "invalid_request")
    assert error_of(await stranger.call("GET", token)) == (404, "unknown_connection")
    await stranger.code()
    assert error_of(await stranger.activate(token)) == (400, "invalid_request")
    assert (await stranger.call("GET", token)).json()["state"] == "consented"
    assert (await only_connection(stranger))["state"] == "pending"


async def test_the_attestation_is_shown_again_from_redeemed_on(stranger: Stranger) -> None:
    """The answer to the code may get lost; the status then says the same."""
    body = await stranger.redeemed()
    token = await stranger.access_token()
    status = (await stranger.call("GET", token)).json()
    assert (status["state"], status["activated_at"]) == ("redeemed", None)
    assert status["connection_attestation"] == body["connection_attestation"]
    await stranger.activate(token)
    status = (await stranger.call("GET", token)).json()
    assert status["connection_attestation"] == body["connection_attestation"]
    await stranger.call("DELETE", token)
    status = (await stranger.call("GET", token)).json()
    assert (status["state"], status["connection_attestation"]) == ("closed", None)


async def test_the_peer_closes_an_active_connection(stranger: Stranger) -> None:
    token = (await stranger.redeemed())["access_token"]
    await stranger.activate(token)
    for _ in range(2):
        answer = await stranger.call("DELETE", token)
        assert (answer.status_code, answer.content) == (204, b"")
    shown = await only_connection(stranger)
    assert (shown["state"], shown["reason"]) == ("closed", "closed_by_peer")
    assert error_of(await stranger.activate(token)) == (410, "connection_over")


@pytest.mark.parametrize("redeem", [False, True], ids=["consented", "redeemed"])
async def test_the_peer_ends_an_attempt(stranger: Stranger, redeem: bool) -> None:  # noqa: FBT001
    code = await stranger.code()
    if redeem:
        await stranger.redeem(code)
    token = await stranger.access_token()
    assert (await stranger.call("DELETE", token)).status_code == 204
    shown = await only_connection(stranger)
    assert (shown["state"], shown["reason"]) == ("closed", "attempt_ended")
    assert error_of(await stranger.redeem(code)) == (400, "invalid_grant")
    assert error_of(await stranger.activate(token)) == (410, "connection_over")


async def test_an_attempt_that_ended_before_the_decision_cannot_be_accepted(stranger: Stranger) -> None:
    person = await stranger.visit()
    assert (await stranger.call("DELETE", await stranger.access_token())).status_code == 204
    await person.submit(button="accept")
    assert person.status == 410


async def test_a_denied_attempt_is_over(stranger: Stranger) -> None:
    person = await stranger.visit()
    await person.submit(button="deny")
    token = await stranger.access_token()
    assert (await stranger.call("GET", token)).json()["state"] == "closed"
    assert error_of(await stranger.activate(token)) == (410, "connection_over")
    assert (await stranger.call("DELETE", token)).status_code == 204


async def test_a_connection_that_was_closed_here_is_over_for_the_peer(stranger: Stranger) -> None:
    token = (await stranger.redeemed())["access_token"]
    await stranger.activate(token)
    closed = await stranger.asked.api.delete(f"/v1/connections/{(await only_connection(stranger))['id']}")
    assert closed.status_code in {200, 204}
    assert (await stranger.call("GET", token)).json()["state"] == "closed"
    assert error_of(await stranger.activate(token)) == (410, "connection_over")
    assert (await stranger.call("DELETE", token)).status_code == 204
    assert (await only_connection(stranger))["reason"] == "closed_here"


async def test_the_token_is_for_one_connection(stranger: Stranger) -> None:
    """shared_id in the token must equal the path."""
    token = (await stranger.redeemed())["access_token"]
    stranger.shared_id = OTHER_ID
    await stranger.redeemed()
    assert error_of(await stranger.call("GET", token)) == (401, "invalid_token")
    assert error_of(await stranger.activate(token)) == (401, "invalid_token")
    assert error_of(await stranger.call("DELETE", token)) == (401, "invalid_token")


async def test_the_token_is_sent_as_dpop_and_once(stranger: Stranger) -> None:
    token = (await stranger.redeemed())["access_token"]
    path = f"/connections/{stranger.shared_id}"
    proof = ("DPoP", stranger.proof("GET", stranger.asked.issuer + path, token))
    right = ("Authorization", f"DPoP {token}")
    for headers in ([proof], [("Authorization", f"Bearer {token}"), proof], [right, right, proof]):
        answer = await stranger.raw("GET", path, headers)
        assert error_of(answer) == (401, "invalid_token")
        assert answer.headers["www-authenticate"].startswith("DPoP ")
    assert (await stranger.raw("GET", path, [right, proof])).status_code == 200


async def test_the_token_lives_five_minutes(stranger: Stranger) -> None:
    token = (await stranger.redeemed())["access_token"]
    stranger.asked.clock.advance(309)
    assert (await stranger.call("GET", token)).status_code == 200
    stranger.asked.clock.advance(1)
    assert error_of(await stranger.call("GET", token)) == (401, "invalid_token")


async def test_a_token_of_another_purpose_or_issuer_is_refused(stranger: Stranger) -> None:
    body = await stranger.redeemed()
    forged = stranger.assertion({"typ": Purpose.ACCESS_TOKEN.value})
    for token in (body["connection_attestation"], stranger.assertion(), forged, "x"):
        assert error_of(await stranger.call("GET", token)) == (401, "invalid_token")
    api = stranger.asked.api
    await api.post("/v1/instances", json={"slug": "second", "name": "Second", "platform": "sandbox"})
    stranger.asked.slug = "second"
    assert error_of(await stranger.call("GET", body["access_token"])) == (401, "invalid_token")


async def test_an_initiator_is_not_activated_and_not_closed_by_others(stranger: Stranger) -> None:
    """A draft of ours has a shared id too; a stranger that knows it gets nothing."""
    draft = await stranger.asked.api.post(
        "/v1/connections", json={"instance": stranger.asked.slug, "destination": {"type": "private"}}
    )
    assert draft.status_code == 201
    assert error_of(await stranger.connection_token()) == (400, "unauthorized_client")
