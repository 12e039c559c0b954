"""What a peer may ask of an active connection: only its own one, only with consent, and only from basic."""

from uuid import uuid4

import pytest

from tests.authorization.stranger import Stranger, error_of, only_connection

pytestmark = pytest.mark.anyio


async def active(stranger: Stranger, mode: str = "basic") -> str:
    """Return the shared id of an active connection; from here on the stranger makes another attempt."""
    token = str((await stranger.redeemed(mode=mode))["access_token"])
    assert (await stranger.activate(token)).status_code == 200
    known, stranger.shared_id = stranger.shared_id, str(uuid4())
    return known


async def test_only_the_commit_changes_the_connection_and_it_can_be_repeated(stranger: Stranger) -> None:
    known = await active(stranger)
    token = str((await stranger.redeemed(mode="visual", reconnects=known))["access_token"])
    shown = await only_connection(stranger)
    assert (shown["mode"], shown["state"], shown["shared_id"]) == ("basic", "active", known)
    first = await stranger.activate(token)
    assert first.json()["state"] == "active"
    assert (await stranger.activate(token)).json() == first.json()
    assert (await only_connection(stranger))["mode"] == "visual"


async def test_the_attempt_ends_without_the_connection(stranger: Stranger) -> None:
    known = await active(stranger)
    token = str((await stranger.redeemed(mode="visual", reconnects=known))["access_token"])
    assert (await stranger.call("DELETE", token)).status_code == 204
    assert error_of(await stranger.activate(token)) == (410, "connection_over")
    shown = await only_connection(stranger)
    assert (shown["state"], shown["mode"]) == ("active", "basic")


async def test_an_attempt_that_was_not_activated_in_time_ends_without_the_connection(
    stranger: Stranger,
) -> None:
    known = await active(stranger)
    await stranger.redeemed(mode="visual", reconnects=known)
    stranger.asked.clock.advance(601)
    await stranger.asked.work()
    status = (await stranger.call("GET", await stranger.access_token())).json()
    assert (status["state"], status["reason"]) == ("closed", "attempt_expired")
    assert (await only_connection(stranger))["state"] == "active"


async def test_a_token_for_the_attempt_has_no_rights_and_tells_nothing(stranger: Stranger) -> None:
    known = await active(stranger)
    body = await stranger.redeemed(mode="visual", reconnects=known)
    assert body["scope"] == (await stranger.connection_token()).json()["scope"] == "connection"
    told = await stranger.tell(str(body["access_token"]), "deactivated", "2030-01-02T03:09:00Z")
    assert error_of(told) == (410, "connection_over")


async def test_another_mode_than_basic_is_final(stranger: Stranger) -> None:
    known = await active(stranger, "script")
    assert error_of(await stranger.push(mode="visual", reconnects=known)) == (400, "invalid_request")
    assert (await stranger.push(mode="script", reconnects=known)).status_code == 201


async def test_what_is_not_an_active_connection_of_this_client_is_not_renewed(stranger: Stranger) -> None:
    known = await active(stranger)
    for reconnects in (str(uuid4()), stranger.shared_id):
        answer = await stranger.push(reconnects=reconnects)
        assert error_of(answer) == (400, "unauthorized_client")
    connection = await only_connection(stranger)
    await stranger.asked.api.delete(f"/v1/connections/{connection['id']}")
    assert error_of(await stranger.push(reconnects=known)) == (400, "unauthorized_client")


async def test_only_this_client_has_its_own_connection_renewed_for_it(stranger: Stranger) -> None:
    known = await active(stranger)
    other = Stranger(stranger.network, stranger.asked, host="other.test")
    assert error_of(await other.push(reconnects=known)) == (400, "unauthorized_client")


async def test_a_connection_that_was_closed_meanwhile_is_not_accepted(stranger: Stranger) -> None:
    known = await active(stranger)
    person = await stranger.visit(reconnects=known)
    connection = await only_connection(stranger)
    await stranger.asked.api.delete(f"/v1/connections/{connection['id']}")
    await person.submit(button="accept")
    assert person.status == 410
    assert (await only_connection(stranger))["state"] == "closed"


async def test_the_mode_that_somebody_else_has_given_it_meanwhile_stays(stranger: Stranger) -> None:
    known = await active(stranger)
    token = str((await stranger.redeemed(mode="visual", reconnects=known))["access_token"])
    first, stranger.shared_id = stranger.shared_id, str(uuid4())
    second = str((await stranger.redeemed(mode="script", reconnects=known))["access_token"])
    assert (await stranger.activate(second)).status_code == 200
    stranger.shared_id = first
    assert error_of(await stranger.activate(token)) == (410, "connection_over")
    assert (await only_connection(stranger))["mode"] == "script"
