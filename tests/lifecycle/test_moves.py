"""A node that is started under another URL acts as nobody until somebody says what it is."""

import pytest

from tests.invitations.invited import Invited
from tests.lifecycle.moved_node import restarted_at, say
from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio
HOUR = 3_700


async def test_a_node_under_another_url_is_paused_and_says_why(pair: Pair) -> None:
    connection, _ = await pair.connected()
    invited = await Invited.begin(pair)
    async with restarted_at(pair, "clone") as clone:
        shown = read(await clone.api.get(f"/v1/instances/{clone.instance['id']}"), 200)
        assert shown["state"] == "paused"
        assert pair.a.issuer in shown["reason"]
        before = len(pair.network.seen)
        pair.clock.advance(HOUR)
        await clone.work()
        path = f"/v1/connections/{invited.draft['id']}/invitations"
        refused = read(await clone.api.post(path, json={}), 409)
        assert refused["code"] == "instance-paused"
        assert "moves" in refused["fix"]
        assert [
            request.url.host for request in pair.network.seen[before:] if request.url.host != "clone.test"
        ] == []
        answer = await clone.api.get(f"/i/{clone.slug}/connections/{connection['shared_id']}")
        assert answer.status_code == 503
    pair.network.down.clear()
    assert (await pair.shown(connection))["state"] == "active"


async def test_a_copy_that_is_told_to_check_looks_at_nobody(pair: Pair) -> None:
    connection, _ = await pair.connected()
    async with restarted_at(pair, "clone") as clone:
        before = len(pair.network.seen)
        refused = read(await clone.api.post(f"/v1/connections/{connection['id']}/checks"), 409)
        assert refused["code"] == "instance-paused"
        assert pair.network.seen[before:] == []


async def test_a_closed_connection_of_a_copy_is_not_ended_at_the_partner(pair: Pair) -> None:
    connection, theirs = await pair.connected()
    async with restarted_at(pair, "clone") as clone:
        before = len(pair.network.seen)
        read(await clone.api.delete(f"/v1/connections/{connection['id']}"), 200)
        await clone.work()
        await say(clone, "copied")
        pair.clock.advance(HOUR)
        await clone.work()
        assert all(request.url.host == "clone.test" for request in pair.network.seen[before:])
    assert read(await pair.b.api.get(f"/v1/connections/{theirs['id']}"), 200)["state"] == "active"


async def test_a_copy_forgets_the_connections_which_stay_with_the_original(each_pair: Pair) -> None:
    pair = each_pair
    connection, theirs = await pair.connected()
    old = read(await pair.a.api.get(f"/i/{pair.a.slug}/oauth/jwks"), 200)["keys"]
    async with restarted_at(pair, "clone") as clone:
        done = await say(clone, "copied")
        assert done["instance"]["state"] == "active"
        shown = read(await clone.api.get(f"/v1/connections/{connection['id']}"), 200)
        assert (shown["state"], shown["reason"]) == ("closed", "copied")
        keys = read(await clone.api.get(f"/i/{clone.slug}/oauth/jwks"), 200)["keys"]
        assert {key["kid"] for key in keys}.isdisjoint(key["kid"] for key in old)
        pair.clock.advance(HOUR)
        await clone.work()
        assert (await say(clone, "copied", 409))["code"] == "option-not-available"
    assert read(await pair.b.api.get(f"/v1/connections/{theirs['id']}"), 200)["state"] == "active"


async def test_a_moved_node_keeps_its_connections(each_pair: Pair) -> None:
    pair = each_pair
    connection, theirs = await pair.connected()
    async with restarted_at(pair, "new") as moved:
        done = await say(moved, "moved")
        assert done["told"] == [connection["id"]]
        await moved.work()
        shown = read(await pair.b.api.get(f"/v1/connections/{theirs['id']}"), 200)
        assert shown["destination"]["node_url"] == moved.issuer
        for node in (pair.b, moved):
            pair.clock.advance(HOUR)
            await node.work()
        assert read(await moved.api.get(f"/v1/connections/{connection['id']}"), 200)["state"] == "active"
        assert read(await pair.b.api.get(f"/v1/connections/{theirs['id']}"), 200)["state"] == "active"
        read(await pair.b.api.delete(f"/v1/connections/{theirs['id']}"), 200)
        await pair.b.work()
        assert read(await moved.api.get(f"/v1/connections/{connection['id']}"), 200)["state"] == "closed"


async def test_the_announcement_may_be_lost_or_answered_twice(pair: Pair) -> None:
    connection, theirs = await pair.connected()
    async with restarted_at(pair, "new") as moved:
        await say(moved, "moved")
        pair.network.lose_answers.append("/issuer")
        await moved.work()
        pair.clock.advance(HOUR)
        await moved.work()
        await moved.work()
        assert read(await moved.api.get(f"/v1/connections/{connection['id']}"), 200)["state"] == "active"
    shown = read(await pair.b.api.get(f"/v1/connections/{theirs['id']}"), 200)
    assert (shown["state"], shown["destination"]["node_url"]) == (
        "active",
        f"https://new.test/i/{pair.a.slug}",
    )


async def test_a_partner_that_is_away_hears_of_it_when_it_is_back(pair: Pair) -> None:
    connection, theirs = await pair.connected()
    async with restarted_at(pair, "new") as moved:
        pair.network.down.add("b.test")
        await say(moved, "moved")
        for _ in range(30):
            pair.clock.advance(HOUR)
            await moved.work()
        pair.network.down.discard("b.test")
        pair.clock.advance(HOUR)
        await moved.work()
        assert read(await moved.api.get(f"/v1/connections/{connection['id']}"), 200)["state"] == "active"
    shown = read(await pair.b.api.get(f"/v1/connections/{theirs['id']}"), 200)
    assert (shown["state"], shown["destination"]["node_url"]) == (
        "active",
        f"https://new.test/i/{pair.a.slug}",
    )


async def test_one_answer_that_was_spoiled_does_not_end_the_telling(pair: Pair) -> None:
    _, theirs = await pair.connected()
    async with restarted_at(pair, "new") as moved:
        await say(moved, "moved")
        pair.network.rewrite = (b'"access_token"', b'"no_token"')
        await moved.work()
        pair.network.rewrite = None
        pair.clock.advance(HOUR)
        await moved.work()
        shown = read(await pair.b.api.get(f"/v1/connections/{theirs['id']}"), 200)
        assert (shown["state"], shown["destination"]["node_url"]) == ("active", moved.issuer)


async def test_a_moved_partner_that_was_invited_keeps_its_connection(pair: Pair) -> None:
    """Here the node that moves is the inviter, and its partner the one that claimed."""
    invited = await Invited.begin(pair)
    await invited.accept(await invited.invite(confirmation_required=False))
    await pair.work()
    async with restarted_at(pair, "new") as moved:
        await say(moved, "moved")
        await moved.work()
        for node in (pair.b, moved):
            pair.clock.advance(HOUR)
            await node.work()
        shown = read(await moved.api.get(f"/v1/connections/{invited.draft['id']}"), 200)
        assert shown["state"] == "active"
    theirs = (await pair.listed_at_b())[0]
    assert (theirs["state"], theirs["destination"]["node_url"]) == (
        "active",
        f"https://new.test/i/{pair.a.slug}",
    )


async def test_a_moved_inviter_whose_word_was_heard_but_not_answered_goes_by_its_new_name(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    await invited.accept(await invited.invite(confirmation_required=False))
    await pair.work()
    pair.clock.advance(HOUR)
    async with restarted_at(pair, "new") as moved:
        await say(moved, "moved")
        pair.network.lose_answers.append("/issuer")
        await moved.work()
        pair.clock.advance(HOUR)
        await moved.work()
        told = await moved.read(f"/v1/connections/{invited.draft['id']}/history?limit=100")
        assert [event["what"] for event in told["items"]][-1] == "instance.move_known"


async def test_a_private_partner_is_named_for_the_admin_to_tell(pair: Pair) -> None:
    invited = await Invited.begin(pair, private=True)
    await invited.accept(await invited.invite(confirmation_required=False))
    await pair.work()
    async with restarted_at(pair, "new") as moved:
        assert (await say(moved, "moved"))["to_tell"] == [invited.draft["id"]]


async def test_nothing_has_to_be_said_where_nothing_moved(pair: Pair) -> None:
    problem = await say(pair.a, "moved", 409)
    assert problem["code"] == "option-not-available"


async def test_a_new_issuer_is_believed_only_with_the_key_that_announced_it(pair: Pair) -> None:
    """Whoever holds the key can announce; whoever does not publish it there cannot be announced."""
    connection, theirs = await pair.connected()
    async with restarted_at(pair, "new") as moved:
        await say(moved, "moved")
        pair.network.rewrite = (b'"kty":"EC"', b'"kty":"OK"')
        await moved.work()
        pair.network.rewrite = None
    shown = read(await pair.b.api.get(f"/v1/connections/{theirs['id']}"), 200)
    assert shown["destination"]["node_url"] == pair.a.issuer
    assert connection["state"] == "active"
