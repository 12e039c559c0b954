"""A preview says what an invitation is or why it cannot be used, and an acceptance never says anything else."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests import databases
from tests.faults.clock_beside import ClockBeside
from tests.invitations.dumps import dump
from tests.invitations.invited import Invited
from tests.invitations.unusable_codes import UNUSABLE, Unusable
from tests.nodes import Network
from tests.pairs import Pair, read, two_nodes
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
CASES = [pytest.param(case, id=f"{case.reason} - {case.arrange.__name__}") for case in UNUSABLE]


async def test_a_preview_says_what_it_is_and_changes_nothing_on_either_side(
    pair: Pair, invited: Invited
) -> None:
    issued = await invited.invite(scope=["comments:read", "items:read"])
    before = await dump(pair.a), await dump(pair.b)
    shown = await invited.preview(issued)
    assert (await dump(pair.a), await dump(pair.b)) == before
    assert shown.pop("detail")
    assert shown == {
        "object": "invitation_preview",
        "instance": pair.b.instance["id"],
        "usable": True,
        "reason": None,
        "fix": None,
        "inviter": {"host": "a.test", "node_url": pair.a.issuer},
        "inviter_instance": "A",
        "inviter_platform": "sandbox",
        "inviter_url": pair.a.instance["url"],
        "mode": "basic",
        "scope": ["items:read", "comments:read"],
        "confirmation_required": True,
        "suggested": {"local_short_name": "B", "destination_short_name": "A", "name": "A to B"},
        "expires_at": issued["expires_at"],
    }


@pytest.mark.parametrize("case", CASES)
async def test_each_reason_is_previewed_and_refused_alike(
    pair: Pair, invited: Invited, case: Unusable
) -> None:
    code = await case.arrange(invited, (await invited.invite())["code"])
    before = await dump(pair.a), await dump(pair.b)
    shown = await invited.preview({"code": code})
    assert (shown["usable"], shown["reason"]) == (False, case.reason)
    assert shown["detail"]
    assert shown["fix"]
    refused = await invited.accept({"code": code}, expected=case.status)
    assert refused["code"] == case.problem
    assert (refused["detail"], refused["fix"]) == (shown["detail"], shown["fix"])
    assert case.reason in {
        refused.get("reason"),
        refused.get("upstream", {}).get("reason"),
        "both_sides_private",
    }
    assert (await dump(pair.a), await dump(pair.b)) == before


async def test_its_own_invitation_is_no_invitation_for_an_instance(pair: Pair, invited: Invited) -> None:
    body = {"code": (await invited.invite())["code"], "instance": pair.a.slug}
    shown = read(await pair.a.api.post("/v1/invitation-previews", json=body), 200)
    assert shown["reason"] == "own_invitation"
    refused = read(await pair.a.api.post("/v1/invitation-acceptances", json=body), 409)
    assert refused["code"] == "option-not-available"


@pytest.mark.parametrize("shape", ["link", "lines", "link over lines", "spaces"])
async def test_a_code_is_read_however_it_was_pasted(invited: Invited, shape: str) -> None:
    issued = await invited.invite()
    text = issued["url"] if "link" in shape else issued["code"]
    if "lines" in shape:
        text = "\r\n".join(text[at : at + 76] for at in range(0, len(text), 76))
    if shape == "spaces":
        text = f"\n  {text} \t"
    assert (await invited.preview({"code": text}))["usable"]
    accepted = await invited.accept({"code": text})
    assert accepted["state"] == "claiming"


async def test_an_instance_of_somebody_else_is_not_found(pair: Pair, invited: Invited) -> None:
    issued = await invited.invite()
    body = {"code": issued["code"], "instance": "no-such-tracker"}
    for path in ("previews", "acceptances", "rejections"):
        read(await pair.b.api.post(f"/v1/invitation-{path}", json=body), 404)


@pytest.fixture
async def apart(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[tuple[Invited, ClockBeside]]:
    """As `invited`, with a clock of its own at B."""
    clock = ClockBeside(ours := FrozenClock())
    urls = [databases.sqlite_copy(sqlite_template, tmp_path / f"{name}.db") for name in "ab"]
    async with AsyncExitStack() as stack:
        pair = await stack.enter_async_context(
            two_nodes(*urls, network=Network(), clock=ours, clock_of_b=clock)
        )
        yield await Invited.begin(pair), clock


@pytest.mark.parametrize("seconds", [600, 30, -30, -600])
async def test_clocks_that_differ_are_named(apart: tuple[Invited, ClockBeside], seconds: int) -> None:
    invited, clock = apart
    issued = await invited.invite()
    clock.ahead = seconds
    shown = await invited.preview(issued)
    assert (shown["reason"], shown["usable"]) == ("clock_skew", False)
    refused = await invited.accept(issued, expected=424)
    assert refused["upstream"]["reason"] == "clock_skew"
    clock.ahead = 5
    assert (await invited.preview(issued))["usable"]


async def test_what_was_accepted_here_is_previewed_with_where_it_stands(pair: Pair, invited: Invited) -> None:
    issued = await invited.invite()
    accepted = await invited.accept(issued)
    for _ in range(2):
        preview = await invited.preview(issued)
        assert (preview["usable"], preview["reason"]) == (False, "used")
        assert accepted["id"] in preview["fix"]
        await pair.work()
