"""A planned rotation: nobody notices it, at no moment of a connection or of an attempt."""

import asyncio

import pytest

from service.database.sessions import reading
from service.instance_keys.rotation import read_keys
from tests.instance_keys.rotations import (
    DAY,
    HOUR,
    both_states,
    history,
    keys_of,
    published,
    rotate,
    time_passes,
)
from tests.nodes import RunningNode
from tests.pairs import Pair

pytestmark = pytest.mark.anyio


async def test_the_next_key_is_published_first_and_the_old_one_refused_a_week_after(each_pair: Pair) -> None:
    a, clock = each_pair.a, each_pair.clock
    (old,) = await published(a)
    assert sorted((await rotate(a)).values()) == ["current", "next"]
    (new,) = await published(a) - {old}
    clock.advance(24 * 3600 - 1)
    await a.work()
    assert await keys_of(a) == {old: "current", new: "next"}
    clock.advance(1)
    await a.work()
    assert await keys_of(a) == {old: "retired", new: "current"}
    clock.advance(7 * 24 * 3600)
    await a.work()
    assert await keys_of(a) == {old: "refused", new: "current"}
    assert await published(a) == {new}


async def test_a_key_that_signs_no_more_has_no_private_half(pair: Pair) -> None:
    await rotate(pair.a)
    await time_passes(pair, DAY)
    async with reading(pair.a.node.database) as session:
        keys = await read_keys(session, str(pair.a.instance["id"]))
    assert {(key.state, key.private_key_sealed is None) for key in keys} == {
        ("current", False),
        ("retired", True),
    }


async def test_an_active_connection_goes_on_and_the_other_side_writes_down_each_change(pair: Pair) -> None:
    _, there = await pair.connected()
    await rotate(pair.a)
    await time_passes(pair, HOUR)
    assert await history(pair.b, there) == [("peer_keys.change", "published_anew")]
    await time_passes(pair, DAY, HOUR)
    assert await both_states(pair) == ("active", "active")
    await time_passes(pair, 7 * DAY, HOUR)
    assert await both_states(pair) == ("active", "active")
    assert len(await history(pair.b, there)) == 2
    last = (await pair.b.read(f"/v1/connections/{there['id']}/history"))["items"][-1]
    assert len(last["detail"]["removed"]) == 1
    assert last["detail"]["added"] == []


@pytest.mark.parametrize("away", ["a", "b"])
async def test_a_side_that_was_away_for_eight_days_comes_back(pair: Pair, away: str) -> None:
    """Whichever side rotated: all that the other one knew is refused by now."""
    _, there = await pair.connected()
    pair.network.down.add(f"{away}.test")
    rotating = pair.b if away == "a" else pair.a
    await rotate(rotating)
    for _ in range(9):
        pair.clock.advance(DAY)
        await rotating.work()
    assert len(await published(rotating)) == 1
    pair.network.down.clear()
    await time_passes(pair, HOUR)
    assert await both_states(pair) == ("active", "active")
    assert there["state"] == "active"


@pytest.mark.parametrize("rotating", ["a", "b"])
@pytest.mark.parametrize("lost", ["/oauth/token", "/activation"])
async def test_the_key_changes_in_the_middle_of_an_attempt(pair: Pair, rotating: str, lost: str) -> None:
    """What was sent with the old key is carried on with the new one."""
    side: RunningNode = getattr(pair, rotating)
    await rotate(side)
    pair.clock.advance(24 * 3600 - 30)
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="accept")
    pair.network.lose_answers = [lost]
    await pair.a.work()
    assert (await pair.shown(draft))["state"] == "pending"
    await time_passes(pair, 31, 60)
    assert sorted((await keys_of(side)).values()) == ["current", "retired"]
    assert (await pair.shown(draft))["state"] == "active"
    assert [item["state"] for item in await pair.listed_at_b()] == ["active"]
    await time_passes(pair, HOUR)
    assert await both_states(pair) == ("active", "active")


async def test_an_unused_access_token_of_the_old_key_is_replaced(pair: Pair) -> None:
    await rotate(pair.a)
    pair.clock.advance(24 * 3600 - 30)
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="accept")
    pair.network.lose_requests = ["/activation"]
    await pair.a.work()
    pair.network.lose_requests = []
    await time_passes(pair, 60)
    assert (await pair.shown(draft))["state"] == "active"


async def test_a_rotation_that_is_under_way_is_not_begun_twice(each_pair: Pair) -> None:
    a = each_pair.a
    first, second = await asyncio.gather(rotate(a), rotate(a))
    assert first == second
    each_pair.clock.advance(3600)
    assert await rotate(a) == first
    assert len(await published(a)) == 2
