"""The clocks of the two nodes differ: a little does no harm, and more is refused by its name before anything starts."""

from itertools import product

import pytest

from tests.faults.arrows import Outcome
from tests.faults.rest import come_to_rest, outcome
from tests.faults.stage import Stage
from tests.faults.steps import Step
from tests.faults.walk import Walk
from tests.pairs import DETAILS, read

pytestmark = pytest.mark.anyio
HARMLESS, TOO_FAR = (5, -5), (30, -30, 600, -600)
DRIFTS = [
    *product((Step.SIGNED_IN, Step.COMMITTED), TOO_FAR),
    *product((Step.ASKED, Step.RETURNED, Step.VERIFIED), (-30, 600)),
]
# One before anybody decided and one after it; the exhaustive run has all of them.
IN_EVERY_RUN = {(Step.SIGNED_IN, 30), (Step.ASKED, -30), (Step.COMMITTED, -600)}
DRIFT_CASES = [
    pytest.param(*drift, marks=() if drift in IN_EVERY_RUN else pytest.mark.exhaustive) for drift in DRIFTS
]
# What A signs lives for a minute, so a B that is half a minute ahead still takes it.
STILL_IN_TIME = (Step.COMMITTED, 30)
# To B, the request that it showed has expired: it says so to the browser, and A is told nothing.
NEVER_ASKED = (Step.ASKED, 600)


@pytest.mark.parametrize("seconds", HARMLESS)
async def test_five_seconds_do_no_harm(stage: Stage, seconds: int) -> None:
    stage.drift(seconds)
    await stage.connect()
    stage.pair.clock.advance(3601)
    await come_to_rest(stage.pair)
    assert await outcome(stage.pair, stage.draft["id"]) is Outcome.ACTIVE


@pytest.mark.parametrize("seconds", TOO_FAR)
async def test_more_is_named_before_anything_is_stored(stage: Stage, seconds: int) -> None:
    stage.drift(seconds)
    asked = {"instance": stage.pair.a.slug, "url": stage.pair.b.issuer}
    probe = read(await stage.pair.a.api.post("/v1/destination-probes", json=asked), 200)
    assert (probe["reason"], probe["clock_skew_seconds"]) == ("clock_skew", seconds)
    destination = {"type": "public", "url": stage.pair.b.issuer}
    body = {"instance": stage.pair.a.slug, "destination": destination, "details": DETAILS, "mode": "basic"}
    refused = await stage.pair.post("/v1/connections", body, expected=424)
    assert (refused["code"], refused["upstream"]["reason"]) == ("destination-incompatible", "clock_skew")
    assert f"{abs(seconds)} seconds" in refused["detail"]


@pytest.mark.parametrize("seconds", TOO_FAR)
async def test_a_drift_before_the_attempt_is_named_by_the_attempt(stage: Stage, seconds: int) -> None:
    stage.drift(seconds)
    stage.pair.clock.advance(61)  # what was read for the draft is believed for a minute
    path = f"/v1/connections/{stage.draft['id']}/verification-sessions"
    refused = await stage.pair.post(path, expected=424)
    assert (refused["code"], refused["upstream"]["reason"]) == ("destination-incompatible", "clock_skew")


@pytest.mark.parametrize(("since", "seconds"), DRIFT_CASES)
async def test_a_drift_during_the_attempt_ends_it_by_its_name_on_both_sides(
    stage: Stage, since: Step, seconds: int
) -> None:
    async for step in Walk(stage).steps():
        if step is since:
            stage.drift(seconds)
    shown = await stage.pair.shown(stage.draft)
    stage.drift(0)
    await come_to_rest(stage.pair)
    if (since, seconds) == STILL_IN_TIME:
        assert await outcome(stage.pair, stage.draft["id"]) is Outcome.ACTIVE
        return
    assert await outcome(stage.pair, stage.draft["id"]) is Outcome.NEITHER
    if (since, seconds) != NEVER_ASKED:
        assert shown["last_error"]["code"] == "destination-incompatible"
        assert shown["last_error"]["upstream"]["reason"] == "clock_skew"
        assert "clock" in shown["last_error"]["detail"]
    await stage.connect()
