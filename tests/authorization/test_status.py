"""What a peer says of its own side: the later word holds, and a paused side gives no rights."""

import pytest

from tests.authorization.stranger import Stranger, error_of, only_connection

pytestmark = pytest.mark.anyio
FIRST, SECOND, THIRD = (f"2030-01-02T03:0{minute}:00Z" for minute in (5, 6, 7))


async def active(stranger: Stranger) -> str:
    """Return an access token for an active connection."""
    token = str((await stranger.redeemed())["access_token"])
    assert (await stranger.activate(token)).status_code == 200
    return token


async def shown_state(stranger: Stranger) -> str:
    return str((await only_connection(stranger))["destination"]["state"])


async def test_a_late_message_does_not_undo_a_newer_one(stranger: Stranger) -> None:
    token = await active(stranger)
    for state, changed_at, then in (
        ("deactivated", SECOND, "deactivated"),
        ("active", FIRST, "deactivated"),
        ("deactivated", SECOND, "deactivated"),
        ("active", THIRD, "active"),
        ("deactivated", SECOND, "active"),
    ):
        answer = await stranger.tell(token, state, changed_at)
        assert (answer.status_code, answer.json()["state"]) == (200, "active")
        assert await shown_state(stranger) == then


async def test_the_answer_says_how_the_asked_side_stands_and_what_it_knows(stranger: Stranger) -> None:
    token = await active(stranger)
    connection = await only_connection(stranger)
    await stranger.asked.api.delete(f"/v1/connections/{connection['id']}/activation")
    answer = (await stranger.tell(token, "deactivated", SECOND)).json()
    assert (answer["state"], answer["known_changed_at"]) == ("deactivated", SECOND)
    assert (await only_connection(stranger))["state"] == "deactivated"
    assert (await stranger.call("GET", token)).json() == answer
    assert (await stranger.activate(token)).json() == answer


async def test_a_paused_side_gives_no_rights(stranger: Stranger) -> None:
    await active(stranger)
    assert (await stranger.connection_token()).json()["scope"] == "items:read comments:read"
    connection = await only_connection(stranger)
    await stranger.asked.api.delete(f"/v1/connections/{connection['id']}/activation")
    assert (await stranger.connection_token()).json()["scope"] == "connection"


async def test_the_status_of_what_is_not_active(stranger: Stranger) -> None:
    token = str((await stranger.redeemed())["access_token"])
    assert error_of(await stranger.tell(token, "active", FIRST)) == (503, "temporarily_unavailable")
    await stranger.activate(token)
    await stranger.call("DELETE", token)
    assert error_of(await stranger.tell(token, "active", FIRST)) == (410, "connection_over")


@pytest.mark.parametrize(
    ("state", "changed_at"),
    [
        ("closed", FIRST),
        ("pending", FIRST),
        (None, FIRST),
        ("active", None),
        ("active", "yesterday"),
        ("active", "2030-01-02T03:04:05"),
        ("active", "0001-01-01T00:00:00+14:00"),
        ("active", [FIRST]),
    ],
)
async def test_a_malformed_status_changes_nothing(stranger: Stranger, state: str, changed_at: object) -> None:
    token = await active(stranger)
    assert error_of(await stranger.tell(token, state, changed_at)) == (400, "invalid_request")
    assert await shown_state(stranger) == "active"


async def test_the_status_needs_a_token_for_this_connection(stranger: Stranger) -> None:
    token = await active(stranger)
    proof = stranger.proof("GET", f"{stranger.asked.issuer}/connections/{stranger.shared_id}/status", token)
    path, sent = f"/connections/{stranger.shared_id}/status", {"state": "deactivated", "changed_at": FIRST}
    for headers in ({}, {"Authorization": f"DPoP {token}", "DPoP": proof}):
        answer = await stranger.raw("PUT", path, headers, json=sent)
        assert answer.status_code == 401
    assert await shown_state(stranger) == "active"


async def test_whoever_asks_was_seen(stranger: Stranger) -> None:
    token = await active(stranger)
    stranger.asked.clock.advance(120)
    await stranger.call("GET", token)
    seen = (await only_connection(stranger))["destination"]["last_seen_at"]
    assert seen == stranger.asked.clock.now().isoformat().replace("+00:00", "Z")
