"""The invited side ends it while something of it is still on its way: nobody waits longer than the invitation lasts."""

from datetime import timedelta
from typing import Any

import pytest

from tests.faults.rest import come_to_rest
from tests.invitations.invited import Invited
from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
THREE_DAYS = timedelta(hours=72).total_seconds()


@pytest.mark.parametrize("network", ["public", "private"])
@pytest.mark.parametrize("claim", ["lost", "arrived"])
async def test_closed_while_the_claim_is_on_its_way(pair: Pair, network: str, claim: str) -> None:
    private, arrived = network == "private", claim == "arrived"
    invited = await Invited.begin(pair, private=private)
    issued = await invited.invite()
    accepted = await invited.accept(issued)
    if private:
        pair.network.down.add("b.test")
    if arrived:
        pair.network.lose_answers = ["/oauth/register"]
    else:
        pair.network.lose_requests = ["/oauth/register"]
    await pair.work()
    pair.network.lose_requests = []
    assert (await invited.shown(issued))["state"] == ("claimed" if arrived else "open")
    pair.network.down.clear()
    closed = await pair.b.api.delete(f"/v1/connections/{accepted['connection']}")
    assert closed.status_code == 200, closed.text
    if private:
        pair.network.down.add("b.test")
    for _ in range(10):
        pair.clock.advance(60)
        await pair.work()
    shown = await invited.shown(issued)
    assert shown["state"] == ("rejected" if arrived else "open")
    if arrived:
        assert (await invited.ours())["last_error"]["reason"] == "withdrawn"


async def test_closed_while_the_inviter_is_away_for_good(pair: Pair, invited: Invited) -> None:
    issued = await invited.invite()
    accepted = await invited.accept(issued)
    pair.network.down.add("a.test")
    await pair.work()
    await pair.b.api.delete(f"/v1/connections/{accepted['connection']}")
    for _ in range(4):
        pair.clock.advance(THREE_DAYS / 2)
        await pair.work()
    pair.network.down.clear()
    await come_to_rest(pair)
    assert (await invited.ours())["state"] == "draft"


async def test_the_inviter_is_away_until_it_is_too_late(pair: Pair, invited: Invited) -> None:
    issued = await invited.invite()
    accepted = await invited.accept(issued)
    pair.network.down.add("a.test")
    await pair.work()
    (theirs,) = await pair.listed_at_b()
    assert (theirs["state"], theirs["expires_at"]) == ("pending", issued["expires_at"])
    pair.clock.advance(THREE_DAYS)
    await pair.work()
    (theirs,) = await pair.listed_at_b()
    assert (theirs["state"], theirs["reason"]) == ("closed", "attempt_expired")
    assert theirs["last_error"]["reason"] == "expired"
    shown = read(await pair.b.api.get(f"/v1/invitations/{accepted['id']}"), 200)
    assert shown["state"] == "expired"
    assert (await invited.ours())["state"] == "draft"
    pair.network.down.clear()
    await invited.accept(await invited.invite(confirmation_required=False))
    await pair.work()
    assert (await invited.ours())["state"] == "active"


async def test_accepted_once_more_after_its_time_is_an_error(pair: Pair, invited: Invited) -> None:
    issued = await invited.invite()
    first = await invited.accept(issued)
    assert (await invited.accept(issued))["id"] == first["id"]
    pair.clock.advance(THREE_DAYS)
    refused = await invited.accept(issued, expected=410)
    assert (refused["code"], refused["reason"]) == ("invitation-unusable", "expired")


async def test_an_inviter_that_was_restored_from_before_the_claim_ends_it(
    pair: Pair, invited: Invited
) -> None:
    issued = await invited.invite()
    await invited.accept(issued)
    await pair.work()
    pair.network.rewrite = (b'"state":"claimed"', b'"state":"open"')
    pair.clock.advance(60)
    await pair.work()
    (theirs,) = await pair.listed_at_b()
    assert (theirs["state"], theirs["last_error"]["code"]) == ("closed", "destination-refused")


async def test_an_inviter_that_is_in_no_hurry_is_asked_again_when_its_invitation_ends(
    pair: Pair, invited: Invited
) -> None:
    issued = await invited.invite(expires_at=(pair.clock.now() + timedelta(minutes=10)).isoformat())
    await invited.accept(issued)
    await pair.work()
    pair.network.rewrite = (b'"interval":5', b'"interval":3600')
    pair.clock.advance(10)
    await pair.work()
    pair.network.rewrite = None
    pair.clock.advance(600)
    await pair.work()
    (theirs,) = await pair.listed_at_b()
    assert (theirs["state"], theirs["reason"]) == ("closed", "attempt_expired")
