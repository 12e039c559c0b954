"""One side invites, the other accepts: the whole way, on both databases, with a public and with a private partner."""

import pytest

from tests.invitations.invited import Invited
from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio


async def test_an_invited_partner_becomes_the_other_side(each_pair: Pair) -> None:
    invited = await Invited.begin(each_pair)
    issued = await invited.invite()
    assert issued["state"] == "open"
    assert issued["url"] == f"{each_pair.a.issuer}/invite#{issued['code']}"

    preview = await invited.preview(issued)
    assert preview["usable"], preview
    assert preview["inviter"]["host"] == "a.test"
    accepted = await invited.accept(issued)
    await each_pair.work()

    claimed = await invited.shown(issued)
    assert claimed["state"] == "claimed"
    assert claimed["claimed_by"]["host"] == "b.test"
    assert claimed["claimed_by"]["verified"]
    theirs = read(await each_pair.b.api.get(f"/v1/invitations/{accepted['id']}"), 200)
    assert theirs["comparison_code"] == claimed["comparison_code"]

    await invited.confirm(issued)
    each_pair.clock.advance(30)
    await each_pair.work()
    ours, other = await invited.both()
    assert (ours["state"], other["state"]) == ("active", "active")
    assert ours["destination"]["node_url"] == each_pair.b.issuer
    assert other["role"] == "responder"
    assert (other["local"]["short_name"], other["destination"]["short_name"]) == ("B", "A")


async def test_a_partner_that_nobody_can_dial_becomes_the_other_side(each_pair: Pair) -> None:
    invited = await Invited.begin(each_pair, private=True)
    issued = await invited.invite()
    accepted = await invited.accept(issued)
    each_pair.network.down.add("b.test")
    await each_pair.work()
    claimed = await invited.shown(issued)
    assert claimed["claimed_by"]["host"] is None
    assert not claimed["claimed_by"]["verified"]
    await invited.confirm(issued)
    each_pair.clock.advance(30)
    await each_pair.work()
    ours = await invited.ours()
    assert ours["state"] == "active"
    each_pair.network.down.clear()
    theirs = (await each_pair.listed_at_b())[0]
    assert theirs["state"] == "active"
    assert theirs["invitation"] == accepted["id"]


async def test_without_confirmation_it_is_active_at_once(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite(confirmation_required=False)
    await invited.accept(issued)
    await pair.work()
    ours, other = await invited.both()
    assert (ours["state"], other["state"]) == ("active", "active")
