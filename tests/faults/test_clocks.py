"""The clocks of the two nodes differ: a little does no harm, and more is refused by its name before anything starts."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests import databases
from tests.faults.arrows import Outcome
from tests.faults.faulty_network import FaultyNetwork
from tests.faults.rest import come_to_rest, outcome
from tests.faults.scenes import Stage
from tests.faults.steps import Step
from tests.faults.walk import Walk
from tests.pairs import DETAILS, Pair, read, two_nodes
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
HARMLESS, TOO_FAR = (5, -5), (30, -30, 600, -600)
DRIFTS = (Step.SIGNED_IN, Step.ASKED, Step.RETURNED, Step.VERIFIED, Step.COMMITTED)
# What A signs lives for a minute, so a B that is half a minute ahead still takes it.
STILL_IN_TIME = {(Step.VERIFIED, 30), (Step.COMMITTED, 30)}
# To B, the request that it showed has expired: it says so to the browser, and A is told nothing.
NEVER_ASKED = (Step.ASKED, 600)


class ClockBeside(FrozenClock):
    """Goes with the clock of A, `ahead` of it."""

    def __init__(self) -> None:
        super().__init__()
        self.other: FrozenClock = self
        self.ahead = 0.0

    def now(self) -> datetime:
        beside = self._now if self.other is self else self.other.now()
        return beside + timedelta(seconds=self.ahead)


@dataclass
class Apart:
    """Two nodes, and how far B's clock is ahead of A's."""

    pair: Pair
    clock_of_b: ClockBeside

    async def stage(self) -> Stage:
        """Return a draft, made while the clocks agreed."""
        assert isinstance(self.pair.network, FaultyNetwork)
        return Stage(self.pair, self.pair.network, await self.pair.draft())

    def drift(self, seconds: float) -> None:
        self.clock_of_b.ahead = seconds


@pytest.fixture
async def apart(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Apart]:
    """Two nodes with a clock each."""
    urls = [databases.sqlite_copy(sqlite_template, tmp_path / f"{name}.db") for name in "ab"]
    clock_of_b = ClockBeside()
    async with AsyncExitStack() as stack:
        network = FaultyNetwork()
        pair = await stack.enter_async_context(two_nodes(*urls, network=network, clock_of_b=clock_of_b))
        clock_of_b.other = pair.clock
        yield Apart(pair, clock_of_b)


@pytest.mark.parametrize("seconds", HARMLESS)
async def test_five_seconds_do_no_harm(apart: Apart, seconds: int) -> None:
    apart.drift(seconds)
    stage = await apart.stage()
    await stage.connect()
    apart.pair.clock.advance(3601)
    await come_to_rest(apart.pair)
    assert await outcome(apart.pair, stage.draft["id"]) is Outcome.ACTIVE


@pytest.mark.parametrize("seconds", TOO_FAR)
async def test_more_is_named_before_anything_is_stored(apart: Apart, seconds: int) -> None:
    apart.drift(seconds)
    asked = {"instance": apart.pair.a.slug, "url": apart.pair.b.issuer}
    probe = read(await apart.pair.a.api.post("/v1/destination-probes", json=asked), 200)
    assert (probe["reason"], probe["clock_skew_seconds"]) == ("clock_skew", seconds)
    destination = {"type": "public", "url": apart.pair.b.issuer}
    body = {"instance": apart.pair.a.slug, "destination": destination, "details": DETAILS, "mode": "basic"}
    refused = await apart.pair.post("/v1/connections", body, expected=424)
    assert (refused["code"], refused["upstream"]["reason"]) == ("destination-incompatible", "clock_skew")
    assert f"{abs(seconds)} seconds" in refused["detail"]


@pytest.mark.parametrize("seconds", TOO_FAR)
async def test_a_drift_before_the_attempt_is_named_by_the_attempt(apart: Apart, seconds: int) -> None:
    stage = await apart.stage()
    apart.drift(seconds)
    path = f"/v1/connections/{stage.draft['id']}/verification-sessions"
    refused = await apart.pair.post(path, expected=424)
    assert (refused["code"], refused["upstream"]["reason"]) == ("destination-incompatible", "clock_skew")


@pytest.mark.parametrize("seconds", TOO_FAR)
@pytest.mark.parametrize("since", DRIFTS, ids=str)
async def test_a_drift_during_the_attempt_ends_it_by_its_name_on_both_sides(
    apart: Apart, since: Step, seconds: int
) -> None:
    stage = await apart.stage()
    async for step in Walk(stage).steps():
        if step is since:
            apart.drift(seconds)
    shown = await apart.pair.shown(stage.draft)
    apart.drift(0)
    await come_to_rest(apart.pair)
    if (since, seconds) in STILL_IN_TIME:
        assert await outcome(apart.pair, stage.draft["id"]) is Outcome.ACTIVE
        return
    assert await outcome(apart.pair, stage.draft["id"]) is Outcome.NEITHER
    if (since, seconds) != NEVER_ASKED:
        assert shown["last_error"]["code"] == "destination-incompatible"
        assert shown["last_error"]["upstream"]["reason"] == "clock_skew"
        assert "clock" in shown["last_error"]["detail"]
    await stage.connect()
