"""A hostile node that is asked to go on: every answer that is not the right one ends the attempt with a reason."""

from typing import Any

import httpx
import pytest

from tests.outsiders.conftest import Asking
from tests.outsiders.hostile_node import Lie
from tests.outsiders.lies import ELSEWHERE, NO_OBJECTS, REDIRECTS, change, fail, no_object, redirect

pytestmark = pytest.mark.anyio

OTHER_ID = "00000000-0000-4000-8000-000000000000"
UNEXPECTED = {"reason": "unexpected_answer"}
PUSHED: dict[str, Lie] = {
    "no request_uri": change(request_uri=None),
    "a request_uri in a list": change(request_uri=["urn:" + "r" * 40]),
    "a request_uri without end": change(request_uri="r" * 513),
    "a short request_uri": change(request_uri="urn:1"),
    "a life as a text": change(expires_in="300"),
    "a life that is over": change(expires_in=0),
    "a life that never began": change(expires_in=None),
}
REDEEMED: dict[str, Lie] = {
    "a bearer token": change(token_type="Bearer"),
    "a bearer token in small letters": change(token_type="bearer"),
    "a token of no type": change(token_type=None),
    "a token of two types": change(token_type=["DPoP", "Bearer"]),
    "no token": change(access_token=None),
    "a token without end": change(access_token="t" * 8193),
    "no shared id": change(shared_id=None),
    "another shared id": change(shared_id=OTHER_ID),
}
ACTIVATED: dict[str, Lie] = {
    "not active at all": change(state="redeemed"),
    "closed": change(state="closed"),
    "a state that nobody knows": change(state="deactivated?"),
    "no state": change(state=None),
    "another connection": change(shared_id=OTHER_ID),
}


@pytest.mark.parametrize("lie", PUSHED)
async def test_an_answer_to_the_push_that_is_none(asking: Asking, lie: str) -> None:
    await assert_refused(asking, "par", PUSHED[lie])


@pytest.mark.parametrize("lie", REDEEMED)
async def test_an_answer_to_the_code_that_is_none(asking: Asking, lie: str) -> None:
    await assert_refused(asking, "token", REDEEMED[lie])


@pytest.mark.parametrize("lie", ACTIVATED)
async def test_an_answer_to_the_activation_that_is_none(asking: Asking, lie: str) -> None:
    """Otherwise this side would be active alone."""
    await assert_refused(asking, "activation", ACTIVATED[lie])


STEPS = {"par": 201, "token": 200, "activation": 200}

TOO_LARGE = ["20 MB", "100,000 deep"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("lie", [name for name in NO_OBJECTS if name not in TOO_LARGE])
async def test_what_is_no_json_object(asking: Asking, step: str, lie: str) -> None:
    await assert_refused(asking, step, no_object(lie, STEPS[step]))


@pytest.mark.parametrize("step", ["par", "token"])
@pytest.mark.parametrize("lie", TOO_LARGE)
async def test_huge_and_deep_json(asking: Asking, step: str, lie: str) -> None:
    """It is cut off as what might pass, so the code is tried again until the time of the attempt is over."""
    evil = asking.meet()
    draft = await asking.draft(evil)
    evil.lies[step] = no_object(lie, STEPS[step])
    await asking.attempt(draft)
    asking.clock.advance(15 * 60)
    await asking.a.work()
    await asking.assert_draft(draft, "destination-unreachable", reason="too_large", host=evil.issuer)


async def assert_refused(asking: Asking, step: str, lie: Lie) -> None:
    evil = asking.meet()
    draft = await asking.draft(evil)
    evil.lies[step] = lie
    await asking.attempt(draft)
    await asking.assert_draft(draft, "destination-refused", host=evil.issuer, **UNEXPECTED)


@pytest.mark.parametrize("status", REDIRECTS)
async def test_a_push_is_not_sent_on_to_somebody_else(asking: Asking, status: int) -> None:
    evil = asking.meet()
    draft = await asking.draft(evil)
    evil.lies["par"] = redirect(status)
    await asking.attempt(draft)
    await asking.assert_draft(draft, "destination-unreachable", reason=f"status {status}")


@pytest.mark.parametrize("status", [303, 307])
@pytest.mark.parametrize("step", ["token", "activation", "status", "end"])
async def test_a_code_or_token_is_not_sent_on_to_somebody_else(
    asking: Asking, step: str, status: int
) -> None:
    """It may pass, so the attempt waits for a definite answer; nobody else gets to see anything of it."""
    evil = asking.meet()
    draft = await asking.draft(evil)
    evil.lies[step] = redirect(status)
    if step == "status":
        evil.lies["token"] = evil.refuse_the_code
    await asking.press_start(draft)
    for _ in range(3):
        await asking.a.work()
        asking.clock.advance(120)
    asking.assert_nobody_else_was_called()
    assert (await asking.shown(draft))["state"] == ("active" if step == "end" else "pending")


@pytest.mark.parametrize("step", ["par", "token", "activation"])
@pytest.mark.parametrize(
    "error", ["invalid_client", "invalid_request", "<script>alert(1)</script>", "x" * 100]
)
async def test_a_refusal_is_told_in_its_own_words(asking: Asking, step: str, error: str) -> None:
    evil = asking.meet()
    draft = await asking.draft(evil)
    evil.lies[step] = fail(error, error_description="Because.")
    await asking.attempt(draft)
    await asking.assert_draft(draft, "destination-refused", reason=error, description="Because.")
    await asking.person.open(asking.person.url)
    assert "<script>" not in asking.person.page


async def test_what_goes_into_the_browsers_address_cannot_break_out_of_it(asking: Asking) -> None:
    evil = asking.meet()
    draft = await asking.draft(evil)
    evil.lies["par"] = change(request_uri=f"urn:{'r' * 20}&client_id={ELSEWHERE}#\r\nSet-Cookie: a=b")
    await asking.press_start(draft)
    (arrived,) = evil.was_asked("/oauth/authorize")
    assert list(arrived.url.params.keys()) == ["client_id", "request_uri"]
    assert arrived.url.params["client_id"] == f"{asking.a.issuer}/oauth/client.json"
    asking.assert_nobody_else_was_called()


async def test_the_browser_is_sent_elsewhere_and_back(asking: Asking) -> None:
    """Where the other side sends the browser is its own affair; only its own answer counts."""
    evil = asking.meet()
    draft = await asking.draft(evil)
    evil.lies["authorize"] = change(iss=ELSEWHERE)
    await asking.attempt(draft)
    assert (await asking.shown(draft))["state"] == "pending"
    assert asking.person.status == 401
    assert not evil.was_asked("/oauth/token")


async def test_the_truth_makes_it_active(asking: Asking) -> None:
    """Without a lie the hostile node is a node like any other: every refusal here is for the lie alone."""
    evil = asking.meet()
    draft = await asking.draft(evil)
    shown = await asking.attempt(draft)
    assert (shown["state"], evil.state) == ("active", "active")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 425, 429, 200, 204, 304])
async def test_after_the_activation_was_sent_only_a_definite_answer_counts(
    asking: Asking, status: int
) -> None:
    evil = asking.meet()
    draft = await asking.draft(evil)
    evil.lies["activation"] = lambda _: httpx.Response(status)
    shown: dict[str, Any] = await asking.attempt(draft)
    if status == 200:
        assert shown["state"] == "draft"
        return
    assert shown["state"] == "pending"
    evil.lies.clear()
    asking.clock.advance(60)
    await asking.a.work()
    assert (await asking.shown(draft))["state"] == "active"
