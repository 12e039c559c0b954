"""Whoever claimed an invitation that is over has nothing to say about what came after it."""

import pytest

from tests.invitations.claimant import Claimant
from tests.invitations.invited import Invited
from tests.pairs import Pair

pytestmark = pytest.mark.anyio


async def test_a_rejected_claimant_cannot_end_the_connection_with_the_next_one(
    pair: Pair, invited: Invited, claimant: Claimant
) -> None:
    first = await invited.invite()
    await claimant.claimed(first["code"])
    await invited.confirm(first, "reject", reason="Who are you?")
    await invited.accept(await invited.invite(confirmation_required=False))
    await pair.work()
    assert (await invited.ours())["state"] == "active"

    token = await claimant.connection_token()
    assert token.json()["scope"] == "connection"
    status = await claimant.call("GET", token.json()["access_token"])
    assert (status.status_code, status.json()["state"]) == (200, "closed")
    activated = await claimant.activate(token.json()["access_token"])
    assert activated.status_code == 410
    await claimant.call("DELETE", token.json()["access_token"])
    await pair.work()
    ours, theirs = await invited.both()
    assert (ours["state"], theirs["state"]) == ("active", "active")


async def test_a_rejected_claimant_cannot_end_the_next_invitation(
    pair: Pair, invited: Invited, claimant: Claimant
) -> None:
    first = await invited.invite()
    await claimant.claimed(first["code"])
    await invited.confirm(first, "reject")
    second = await invited.invite()
    await invited.accept(second)
    await pair.work()
    token = (await claimant.connection_token()).json()["access_token"]
    await claimant.call("DELETE", token)
    assert (await invited.shown(second))["state"] == "claimed"
