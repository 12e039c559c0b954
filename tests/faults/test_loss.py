"""Every arrow of the handshake, lost, doubled, delayed and reordered: both sides end active, or neither does."""

from itertools import product

import pytest

from tests.faults.arrows import ARROWS, LASTING, Arrow, Fault, Outcome, Scene
from tests.faults.rest import assert_no_code_was_redeemed_twice, come_to_rest, outcome
from tests.faults.scenes import PLAYED, prepare
from tests.faults.stage import Stage

pytestmark = pytest.mark.anyio
# Each arrow meets one fault in every run, and each fault many arrows; the exhaustive run has all of both.
CASES = [
    pytest.param(
        arrow,
        fault,
        id=f"{arrow.id} - {fault}",
        marks=() if row % len(Fault) == column else pytest.mark.exhaustive,
    )
    for (row, arrow), (column, fault) in product(enumerate(ARROWS), enumerate(Fault))
]
TWENTY_MINUTES = 20 * 60
# One that the other side has heard of, and one that it has not.
TRIED_AGAIN = {Fault.REQUEST_LOST, Fault.REPLIES_LOST}


@pytest.mark.parametrize(("arrow", "fault"), CASES)
async def test_both_sides_are_active_or_neither(stage: Stage, arrow: Arrow, fault: Fault) -> None:
    pair, network = stage.pair, stage.network
    await prepare(stage, arrow.scene)
    network.plan(arrow, fault)
    await PLAYED[arrow.scene](stage)
    if fault in LASTING:
        for _ in range(TWENTY_MINUTES // 300):
            pair.clock.advance(300)
            await pair.work()
        network.heal()
    await come_to_rest(pair)
    await network.release()
    await come_to_rest(pair)
    assert network.struck, "the arrow never flew"
    assert_no_code_was_redeemed_twice(network)
    assert await outcome(pair, stage.draft["id"]) is arrow.outcome(fault)
    if arrow.scene is Scene.CARRY:
        await stage.require_carried()
    if arrow.outcome(fault) is Outcome.NEITHER and fault in TRIED_AGAIN:
        await stage.connect()
