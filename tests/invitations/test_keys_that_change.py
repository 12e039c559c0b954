"""Keys change between a claim and its activation, which may be two weeks apart: nobody ends alone."""

import pytest

from tests.invitations.claimant import Claimant
from tests.invitations.invited import Invited
from tests.nodes import RunningNode
from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio
A_DAY = 24 * 3600 + 1


async def rotate(node: RunningNode, kind: str) -> None:
    path = f"/v1/instances/{node.instance['id']}/key-rotations"
    answer = await node.api.post(path, json={"kind": kind})
    assert answer.status_code in {200, 201}, answer.text


async def let_keys_pass(pair: Pair, node: RunningNode, kind: str) -> None:
    """The node signs with another key from now on."""
    await rotate(node, kind)
    pair.clock.advance(A_DAY)
    await pair.work()


@pytest.mark.parametrize("kind", ["planned", "emergency"])
async def test_the_new_key_of_a_verified_host_activates(pair: Pair, invited: Invited, kind: str) -> None:
    issued = await invited.invite()
    await invited.accept(issued)
    await pair.work()
    await let_keys_pass(pair, pair.b, kind)
    await invited.confirm(issued)
    pair.clock.advance(60)
    await pair.work()
    ours, theirs = await invited.both()
    assert (ours["state"], theirs["state"]) == ("active", "active")


@pytest.mark.parametrize("kind", ["planned", "emergency"])
async def test_the_new_key_of_the_inviter_is_learned(pair: Pair, invited: Invited, kind: str) -> None:
    issued = await invited.invite()
    await invited.accept(issued)
    await pair.work()
    await let_keys_pass(pair, pair.a, kind)
    await invited.confirm(issued)
    pair.clock.advance(60)
    await pair.work()
    ours, theirs = await invited.both()
    assert (ours["state"], theirs["state"]) == ("active", "active")
    await pair.a.api.delete(f"/v1/connections/{ours['id']}")
    await pair.work()
    assert (await invited.both())[1]["state"] == "closed"


async def test_a_private_side_whose_key_changed_ends_with_its_inviter(pair: Pair) -> None:
    invited = await Invited.begin(pair, private=True)
    issued = await invited.invite()
    await invited.accept(issued)
    await pair.work()
    await let_keys_pass(pair, pair.b, "emergency")
    await invited.confirm(issued)
    pair.clock.advance(60)
    await pair.work()
    (theirs,) = await pair.listed_at_b()
    assert theirs["state"] == "closed"
    assert theirs["last_error"]["code"] == "destination-refused"
    pair.clock.advance(3 * A_DAY)
    await pair.work()
    assert (await invited.ours())["state"] == "draft"


async def test_what_the_inviter_committed_is_active_here_too_whatever_it_refuses_afterwards(
    pair: Pair,
) -> None:
    invited = await Invited.begin(pair, private=True)
    issued = await invited.invite(confirmation_required=False)
    await invited.accept(issued)
    pair.network.lose_answers = ["/activation"]
    await pair.work()
    assert (await invited.ours())["state"] == "active"
    await rotate(pair.b, "emergency")
    pair.clock.advance(600)
    await pair.work()
    ours, theirs = await invited.both()
    assert (ours["state"], theirs["state"]) == ("active", "active")


async def test_the_comparison_code_is_that_of_the_key_that_claimed(pair: Pair, invited: Invited) -> None:
    issued = await invited.invite()
    pair.network.down.add("a.test")
    accepted = await invited_while_down(pair, invited, issued)
    await let_keys_pass(pair, pair.b, "planned")
    pair.network.down.clear()
    pair.clock.advance(600)
    await pair.work()
    theirs = read(await pair.b.api.get(f"/v1/invitations/{accepted['id']}"), 200)
    ours = await invited.shown(issued)
    assert ours["state"] == theirs["state"] == "claimed"
    assert ours["comparison_code"] == theirs["comparison_code"]


async def invited_while_down(pair: Pair, invited: Invited, issued: dict[str, object]) -> dict[str, object]:
    """Return the acceptance of a code whose inviter went away right after it was looked at."""
    pair.network.down.clear()
    accepted = await invited.accept(issued)
    pair.network.down.add("a.test")
    await pair.work()
    assert accepted["state"] == "claiming"
    return accepted


async def test_a_key_that_its_host_does_not_publish_is_no_new_key(
    pair: Pair, invited: Invited, claimant: Claimant
) -> None:
    issued = await invited.invite()
    await claimant.claimed(issued["code"])
    claimant.change_key()
    assert (await claimant.connection_token()).status_code == 401
    claimant.publish(claimant.jwk)
    assert (await claimant.connection_token()).status_code == 200
