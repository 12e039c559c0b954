"""A private side only ever dials out: it tells its own status, hears the other's when it asks, and may fall silent."""

from typing import Any

import pytest

from tests.invitations.invited import Invited
from tests.lifecycle.test_pausing import at, pause, status_of
from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio
TWO_MINUTES = 120


async def connected(pair: Pair) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an active connection whose side B nobody can dial."""
    invited = await Invited.begin(pair, private=True)
    issued = await invited.invite(confirmation_required=False)
    await invited.accept(issued)
    for _ in range(3):
        pair.clock.advance(10)
        await pair.work()
    here, there = await invited.both()
    assert (here["state"], there["state"]) == ("active", "active")
    pair.network.down.add("b.test")
    return here, there


async def test_a_pause_of_the_private_side_is_told_and_one_of_the_public_side_is_heard(pair: Pair) -> None:
    here, there = await connected(pair)
    await pause(pair.b, there)
    await pair.work()
    assert status_of(await at(pair.a, here)) == ("active", "deactivated")
    await pause(pair.a, here)
    pair.clock.advance(TWO_MINUTES)
    await pair.work()
    assert status_of(await at(pair.b, there)) == ("deactivated", "deactivated")


async def test_a_private_side_that_calls_is_well_and_one_that_does_not_is_silent(pair: Pair) -> None:
    here, _ = await connected(pair)
    path = f"/v1/connections/{here['id']}/checks"
    pair.clock.advance(TWO_MINUTES)
    await pair.work()
    assert read(await pair.a.api.post(path), 200)["ok"] is True
    pair.clock.advance(6 * TWO_MINUTES)
    (cause,) = read(await pair.a.api.post(path), 200)["causes"]
    assert cause["cause"] == "silent"


@pytest.mark.parametrize("mode", [None, "script"], ids=["verify anew", "upgrade"])
async def test_what_needs_two_public_sides_says_so_and_how_to_go_on(pair: Pair, mode: str | None) -> None:
    here, there = await connected(pair)
    body = {"purpose": "reconnect", "mode": mode}
    for node, connection in ((pair.a, here), (pair.b, there)):
        path = f"/v1/connections/{connection['id']}/verification-sessions"
        refused = read(await node.api.post(path, json=body), 409)
        assert refused["code"] == "step-not-allowed"
        assert "private" in refused["detail"]
        assert "invite" in refused["fix"]


async def test_a_draft_whose_two_sides_are_private_by_now_says_what_to_do(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    path = f"/v1/instances/{pair.a.instance['id']}"
    read(await pair.a.api.patch(path, json={"network": "private"}), 200)
    (primary,) = [action for action in (await invited.ours())["next_actions"] if action["primary"]]
    assert primary["id"] == "destination"
    assert "partner can invite you" in primary["description"]
    body = {"type": "public", "url": pair.b.issuer}
    shown = read(await pair.a.api.request(primary["method"], primary["href"], json=body), 200)
    assert [action["id"] for action in shown["next_actions"] if action["primary"]] == ["ask_for_invitation"]
