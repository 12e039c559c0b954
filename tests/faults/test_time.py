"""At every step time runs out, or somebody ends it: both sides end active, or neither does."""

import pytest

from tests.faults.arrows import Outcome
from tests.faults.rest import assert_no_code_was_redeemed_twice, come_to_rest, outcome
from tests.faults.stage import Stage
from tests.faults.steps import ENDS, Event, Step
from tests.faults.walk import Walk

pytestmark = pytest.mark.anyio
# Each step meets another event in every run; the exhaustive run has all of them at each.
CASES = [
    pytest.param(
        *(step, event, end), id=f"{step} - {event}", marks=pytest.mark.exhaustive if number % 3 else ()
    )
    for number, ((step, event), end) in enumerate(ENDS.items())
]


@pytest.mark.parametrize(("step", "event", "end"), CASES)
async def test_an_end_at_this_step(stage: Stage, step: Step, event: Event, end: Outcome) -> None:
    walk = Walk(stage)
    passed = []
    async for reached in walk.steps():
        passed.append(reached)
        if reached is step:
            await walk.let(event)
    await come_to_rest(stage.pair)
    assert passed == list(Step)
    assert_no_code_was_redeemed_twice(stage.network)
    assert await outcome(stage.pair, stage.draft["id"]) is end
    if end is Outcome.NEITHER and event is not Event.CANCEL:
        await stage.connect()


async def test_a_walk_that_nothing_happens_to_stands_at_each_step_where_it_says(stage: Stage) -> None:
    seen = {}
    async for step in Walk(stage).steps():
        listed = (await stage.pair.listed_at_b())[:1]
        there = [item["state"] for item in listed if item["created_at"] >= stage.draft["created_at"]]
        seen[step] = ((await stage.pair.shown(stage.draft))["state"], *there)
    assert seen == {
        Step.CREATED: ("draft",),
        Step.SIGNED_IN: ("draft",),
        Step.PUSHED: ("pending",),
        Step.ASKED: ("pending",),
        Step.ACCEPTED: ("pending", "pending"),
        Step.RETURNED: ("pending", "pending"),
        Step.REDEEMED: ("pending", "pending"),
        Step.VERIFIED: ("pending", "pending"),
        Step.COMMITTED: ("pending", "active"),
        Step.ACTIVE: ("active", "active"),
    }
