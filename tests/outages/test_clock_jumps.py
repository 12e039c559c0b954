"""The clock jumps: what is active stays so, what was under way ends or goes on at once, and all goes on by itself."""

from itertools import product

import pytest

from service.jobs.leases import claim
from service.limits.counts import Counts
from service.limits.table import Limit
from service.problems.tree import RateLimited
from tests.nodes import Person
from tests.pairs import Pair
from tests.small_node import NOW, FrozenClock

pytestmark = pytest.mark.anyio
HOUR, DAY = 3_600, 86_400
STAGES = ["waiting for its start", "in front of the decision", "accepted and not redeemed", "redeemed"]
JUMPS = {"a day ahead": DAY, "an hour back": -HOUR}
IN_EVERY_RUN = {(STAGES[2], DAY), (STAGES[1], -HOUR)}
CASES = [
    pytest.param(
        stage,
        seconds,
        id=f"{stage} - {jump}",
        marks=() if (stage, seconds) in IN_EVERY_RUN else pytest.mark.exhaustive,
    )
    for stage, (jump, seconds) in product(STAGES, JUMPS.items())
]


async def go_to(pair: Pair, stage: str) -> dict[str, object]:
    """Return a draft whose set-up has come so far."""
    draft = await pair.draft()
    session = await pair.session(draft)
    if stage == STAGES[0]:
        return draft
    person = await pair.to_consent(session)
    if stage == STAGES[1]:
        return draft
    await person.submit(button="accept")
    if stage == STAGES[3]:
        pair.network.lose_requests = ["/activation"]
        await pair.a.work()
        pair.network.lose_requests = []
    return draft


async def set_up_again(pair: Pair, draft: dict[str, object]) -> None:
    """The draft as it is left can be set up, and becomes active."""
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="accept")
    await pair.work()
    assert (await pair.shown(draft))["state"] == "active"


async def states_at_b(pair: Pair, active: dict[str, object]) -> set[str]:
    """Return in which states B has all other connections."""
    return {item["state"] for item in await pair.listed_at_b() if item["id"] != active["id"]}


@pytest.mark.parametrize(("stage", "seconds"), CASES)
async def test_after_a_jump_nobody_is_stuck_and_what_is_active_stays_so(
    pair: Pair, stage: str, seconds: float
) -> None:
    here, there = await pair.connected()
    draft = await go_to(pair, stage)
    pair.clock.advance(seconds)
    await pair.work()
    if stage in STAGES[:2] and seconds < 0:  # people may take as long as they have
        pair.clock.advance(HOUR + DAY)
        await pair.work()
    shown = await pair.shown(draft)
    assert shown["state"] in {"active", "draft"}
    assert await states_at_b(pair, there) <= {"active" if shown["state"] == "active" else "closed"}
    if shown["state"] == "draft":
        assert shown["last_error"]["code"]
        await set_up_again(pair, draft)
    assert (await pair.shown(here))["state"] == "active"
    assert (await pair.b.read(f"/v1/connections/{there['id']}"))["state"] == "active"


async def test_what_waits_for_a_wrong_time_is_done_when_the_clock_is_right_again(pair: Pair) -> None:
    here, there = await pair.connected()
    pair.clock.advance(DAY)
    pair.network.down.add("b.test")
    await pair.a.api.delete(f"/v1/connections/{here['id']}")
    await pair.a.work()
    pair.clock.advance(-DAY)
    pair.network.down.clear()
    await pair.work()
    assert (await pair.b.read(f"/v1/connections/{there['id']}"))["state"] == "closed"


async def test_an_attempt_still_ends_in_its_time_after_a_wrong_clock_was_set_right(pair: Pair) -> None:
    pair.clock.advance(DAY)
    draft = await pair.draft()
    session = await pair.session(draft)
    pair.clock.advance(-HOUR)
    await pair.work()
    assert (await pair.shown_session(session))["state"] == "created"
    pair.clock.advance(HOUR + 15 * 60)
    await pair.work()
    assert (await pair.shown_session(session))["state"] == "expired"


async def test_the_job_of_a_worker_that_died_at_a_wrong_time_is_free(pair: Pair) -> None:
    await (await accepted(pair)).submit(button="accept")
    pair.clock.advance(DAY)
    assert await claim(pair.a.node, "lse_dead", 100)
    assert await claim(pair.a.node, "lse_living", 100) == []
    pair.clock.advance(-DAY)
    assert await claim(pair.a.node, "lse_living", 100)


async def accepted(pair: Pair) -> Person:
    return await pair.to_consent(await pair.session(await pair.draft()))


def test_nobody_is_held_back_by_what_was_counted_at_a_wrong_time() -> None:
    counts, clock, limit = (
        Counts(),
        FrozenClock(NOW),
        Limit("tries", 1, NOW - NOW.replace(minute=0), "Too many."),
    )
    clock.advance(DAY)
    counts.spend(clock.now(), (limit, "someone"))
    with pytest.raises(RateLimited):
        counts.spend(clock.now(), (limit, "someone"))
    clock.advance(-DAY)
    counts.spend(clock.now(), (limit, "someone"))
    with pytest.raises(RateLimited):
        counts.spend(clock.now(), (limit, "someone"))
