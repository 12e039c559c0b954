"""Who claimed an invitation is confirmed or rejected by an admin of the inviter, and both sides read why."""

from typing import Any

import httpx
import pytest

from service.invitations.invitation.reasons import INVITE_ANEW
from tests.invitations.claimant import Claimant
from tests.invitations.invited import Invited
from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
LONG_REASON = " ".join(["This is not the project that we talked about."] * 10)


async def claim(pair: Pair, invited: Invited, **wanted: object) -> tuple[Json, Json]:
    """Return a claimed invitation as A issued it, and its acceptance at B."""
    issued = await invited.invite(**wanted)
    accepted = await invited.accept(issued)
    await pair.work()
    assert (await invited.shown(issued))["state"] == "claimed"
    return issued, accepted


async def tick(pair: Pair) -> None:
    pair.clock.advance(60)
    await pair.work()


async def shown_at_b(pair: Pair, accepted: Json) -> Json:
    return await pair.b.read(f"/v1/invitations/{accepted['id']}")


async def test_the_code_that_the_partner_reads_has_to_be_the_one_that_is_shown(invited: Invited) -> None:
    issued = await invited.invite()
    accepted = await invited.accept(issued)
    await invited.pair.work()
    (action,) = [action for action in (await invited.ours())["next_actions"] if action["primary"]]
    theirs = await invited.pair.b.read(f"/v1/connections/{(await invited.pair.listed_at_b())[0]['id']}")
    (waits,) = [action for action in theirs["next_actions"] if action["primary"]]
    assert action["comparison_code"] == waits["comparison_code"] == accepted["comparison_code"]
    (field,) = [field for field in action["fields"] if field["name"] == "comparison_code"]
    assert (field["required"], field["value"], field["visible_when"]) == (True, None, {"decision": "confirm"})
    problem = await invited.confirm(issued, expected=422, comparison_code="AAAA-AAAA")
    assert problem["errors"][0]["pointer"] == "/comparison_code"
    assert (await invited.shown(issued))["state"] == "claimed"
    right = str(accepted["comparison_code"]).lower().replace("-", " ")
    assert (await invited.confirm(issued, comparison_code=right))["state"] == "confirmed"


async def test_a_claim_says_who_must_do_what_on_both_sides(pair: Pair, invited: Invited) -> None:
    issued, _ = await claim(pair, invited)
    shown = await invited.shown(issued)
    ours = await invited.ours()
    assert (ours["state"], ours["destination"]["state"]) == ("pending", "pending")
    (primary,) = [action for action in ours["next_actions"] if action["primary"]]
    assert (primary["id"], primary["actor"]) == ("confirm", "you")
    assert "b.test" in primary["description"]
    assert shown["comparison_code"] in primary["description"]
    theirs = await pair.b.read(f"/v1/connections/{(await pair.listed_at_b())[0]['id']}")
    (primary,) = [action for action in theirs["next_actions"] if action["primary"]]
    assert (primary["kind"], primary["actor"]) == ("wait", "other_side")
    assert primary["expires_at"] == issued["expires_at"]
    for side in (ours, theirs):
        assert {"revoke", "close"} & {action["id"] for action in side["next_actions"]}


async def test_rejecting_is_final_and_the_other_side_reads_why(
    each_pair: Pair, each_invited: Invited
) -> None:
    pair, invited = each_pair, each_invited
    issued, accepted = await claim(pair, invited)
    decided = await invited.confirm(issued, "reject", reason=LONG_REASON)
    assert (decided["state"], decided["reason"]) == ("rejected", LONG_REASON)
    assert (await invited.confirm(issued, "reject"))["reason"] == LONG_REASON
    assert (await invited.confirm(issued, expected=410))["reason"] == "rejected"
    ours = await invited.ours()
    assert (ours["state"], ours["destination"]["url"]) == ("draft", None)
    await tick(pair)
    theirs = await shown_at_b(pair, accepted)
    assert (theirs["state"], theirs["reason"]) == ("rejected", LONG_REASON)
    (connection,) = await pair.listed_at_b()
    assert (connection["state"], connection["reason"]) == ("closed", "attempt_ended")
    assert LONG_REASON in connection["last_error"]["detail"]
    assert (await invited.accept(issued, expected=410))["reason"] == "rejected"


async def test_only_a_claim_is_confirmed(pair: Pair, invited: Invited) -> None:
    issued = await invited.invite()
    for decision in ("confirm", "reject"):
        assert (await invited.confirm(issued, decision, expected=409))["code"] == "step-not-allowed"
    accepted = await invited.accept(issued)
    path = f"/v1/invitations/{accepted['id']}/confirmation"
    refused = read(await pair.b.api.put(path, json={"decision": "confirm"}), 409)
    assert refused["code"] == "step-not-allowed"


async def test_confirming_twice_is_confirming_once_and_an_active_one_is_not_rejected(
    pair: Pair, invited: Invited
) -> None:
    issued, accepted = await claim(pair, invited)
    assert (await invited.confirm(issued))["state"] == "confirmed"
    assert (await invited.confirm(issued))["state"] == "confirmed"
    await tick(pair)
    assert (await invited.confirm(issued))["state"] == "active"
    assert (await invited.confirm(issued, "reject", expected=409))["code"] == "step-not-allowed"
    assert (await shown_at_b(pair, accepted))["state"] == "active"
    for node, row in ((pair.a, issued), (pair.b, accepted)):
        refused = read(await node.api.delete(f"/v1/invitations/{row['id']}"), 409)
        assert (refused["code"], refused["fix"]) == ("step-not-allowed", "Close the connection instead.")


async def test_each_refusal_of_a_decision_says_how_to_go_on(pair: Pair, invited: Invited) -> None:
    issued = await invited.invite()
    assert "Wait until" in (await invited.confirm(issued, expected=409))["fix"]
    accepted = await invited.accept(issued)
    path = f"/v1/invitations/{accepted['id']}/confirmation"
    refused = read(await pair.b.api.put(path, json={"decision": "confirm"}), 409)
    assert "Wait for the inviter" in refused["fix"]
    await pair.work()
    await invited.confirm(issued)
    await tick(pair)
    pair.clock.advance(73 * 3600)
    late = await invited.confirm(issued, "reject", expected=409)
    assert (late["code"], late["fix"]) == ("step-not-allowed", "Close the connection instead.")


async def test_what_came_to_nothing_tells_the_inviter_to_invite_anew(pair: Pair, invited: Invited) -> None:
    issued = await invited.invite()
    pair.clock.advance(73 * 3600)
    await pair.work()
    assert (await invited.ours())["last_error"]["fix"] == INVITE_ANEW
    assert (await invited.confirm(issued, expected=410))["fix"] == INVITE_ANEW
    body = {"code": (await invited.invite())["code"], "instance": pair.b.slug}
    read(await pair.b.api.post("/v1/invitation-rejections", json=body), 201)
    await pair.work()
    assert (await invited.ours())["last_error"]["fix"] == INVITE_ANEW


async def test_what_was_withdrawn_here_is_previewed_as_it_would_be_accepted(
    pair: Pair, invited: Invited
) -> None:
    """The inviter has not heard of it: to its node the invitation is still open."""
    issued = await invited.invite()
    pair.network.lose_requests = ["/oauth/register"]
    accepted = await invited.accept(issued)
    read(await pair.b.api.delete(f"/v1/invitations/{accepted['id']}"), 200)
    preview, refused = await invited.preview(issued), await invited.accept(issued, expected=410)
    assert (preview["usable"], preview["reason"]) == (False, refused["reason"])
    assert preview["fix"] == refused["fix"]


async def test_a_confirmed_one_may_still_be_rejected_before_it_is_active(
    pair: Pair, invited: Invited
) -> None:
    issued, accepted = await claim(pair, invited)
    await invited.confirm(issued)
    assert (await invited.confirm(issued, "reject", reason="No, wait."))["state"] == "rejected"
    await tick(pair)
    assert (await shown_at_b(pair, accepted))["reason"] == "No, wait."


async def test_after_its_time_it_cannot_be_confirmed(pair: Pair, invited: Invited) -> None:
    issued, accepted = await claim(pair, invited)
    pair.clock.advance(72 * 3600)
    assert (await invited.confirm(issued, expected=410))["reason"] == "expired"
    await pair.work()
    assert (await invited.shown(issued))["state"] == "expired"
    assert (await shown_at_b(pair, accepted))["state"] == "expired"
    assert (await invited.ours())["last_error"]["reason"] == "expired"


@pytest.mark.parametrize("stage", ["open", "claimed", "confirmed"])
async def test_revoking_ends_it_at_once_and_once(pair: Pair, invited: Invited, stage: str) -> None:
    issued = await invited.invite(confirmation_required=stage == "claimed")
    if stage != "open":
        pair.network.lose_requests = ["/activation"]
        await invited.accept(issued)
        await pair.work()
        pair.network.lose_requests = []
    assert (await invited.shown(issued))["state"] == stage
    path = f"/v1/invitations/{issued['id']}"
    first = read(await pair.a.api.delete(path), 200)
    assert first["state"] == "revoked"
    revision = (await invited.ours())["revision"]
    assert read(await pair.a.api.delete(path), 200) == first
    ours = await invited.ours()
    assert (ours["state"], ours["revision"]) == ("draft", revision)
    assert (await invited.preview(issued))["reason"] == "revoked"
    pair.clock.advance(400)
    await pair.work()
    assert {item["state"] for item in await pair.listed_at_b()} <= {"closed"}


async def test_a_received_one_is_withdrawn_and_the_inviter_reads_it(pair: Pair, invited: Invited) -> None:
    issued, accepted = await claim(pair, invited)
    path = f"/v1/invitations/{accepted['id']}"
    assert read(await pair.b.api.delete(path), 200)["state"] == "rejected"
    assert read(await pair.b.api.delete(path), 200)["state"] == "rejected"
    await pair.work()
    assert (await invited.shown(issued))["last_error"]["reason"] == "withdrawn"
    ours = await invited.ours()
    assert (ours["state"], ours["last_error"]["code"]) == ("draft", "invitation-unusable")


async def test_a_reason_of_several_lines_arrives_as_one(pair: Pair, invited: Invited) -> None:
    issued = await invited.invite()
    body = {"code": issued["code"], "instance": pair.b.slug, "reason": "Not now.\n\n\tAsk again in May.\r\n"}
    said = read(await pair.b.api.post("/v1/invitation-rejections", json=body), 201)
    await pair.work()
    assert said["reason"] == (await invited.shown(issued))["reason"] == "Not now. Ask again in May."


async def test_a_no_that_somebody_in_between_refused_is_said_again(pair: Pair, invited: Invited) -> None:
    issued = await invited.invite()
    body = {"code": issued["code"], "instance": pair.b.slug}
    inside = pair.network.hosts["a.test"]
    read(await pair.b.api.post("/v1/invitation-rejections", json=body), 201)
    pair.network.hosts["a.test"] = httpx.MockTransport(lambda _: httpx.Response(403, text="Maintenance"))
    await pair.work()
    pair.network.hosts["a.test"] = inside
    await tick(pair)
    assert (await invited.shown(issued))["state"] == "rejected"


async def test_a_no_is_heard_by_the_inviter_also_later(each_pair: Pair, each_invited: Invited) -> None:
    pair, invited = each_pair, each_invited
    issued = await invited.invite()
    body = {"code": issued["code"], "instance": pair.b.slug, "reason": LONG_REASON}
    pair.network.lose_requests = ["/invitations/rejection"]
    said = read(await pair.b.api.post("/v1/invitation-rejections", json=body), 201)
    assert (said["state"], said["reason"], said["connection"]) == ("rejected", LONG_REASON, None)
    assert read(await pair.b.api.post("/v1/invitation-rejections", json=body), 201)["id"] == said["id"]
    await pair.work()
    assert (await invited.shown(issued))["state"] == "open"
    pair.network.lose_requests = []
    await tick(pair)
    shown = await invited.shown(issued)
    assert (shown["state"], shown["reason"]) == ("rejected", LONG_REASON)
    assert LONG_REASON in (await invited.ours())["last_error"]["detail"]
    assert (await invited.accept(issued, expected=410))["reason"] == "rejected"
    assert await pair.listed_at_b() == []
    # It has no connection, so there is nothing to withdraw from.
    assert read(await pair.b.api.delete(f"/v1/invitations/{said['id']}"), 200)["state"] == "rejected"
    path = f"/v1/invitations/{said['id']}/confirmation"
    read(await pair.b.api.put(path, json={"decision": "confirm"}), 409)


async def test_what_was_accepted_is_not_rejected(pair: Pair, invited: Invited) -> None:
    issued = await invited.invite()
    await invited.accept(issued)
    body = {"code": issued["code"], "instance": pair.b.slug}
    refused = read(await pair.b.api.post("/v1/invitation-rejections", json=body), 410)
    assert "Close the connection" in refused["fix"]


async def test_what_cannot_be_accepted_here_can_be_rejected(pair: Pair, invited: Invited) -> None:
    issued = await invited.invite()
    pair.network.rewrite = (b',"basic"', b',"basis"')
    assert (await invited.preview(issued))["reason"] == "mode_not_offered"
    body = {"code": issued["code"], "instance": pair.b.slug}
    read(await pair.b.api.post("/v1/invitation-rejections", json=body), 201)
    pair.network.rewrite = (b'"parley_version":"1"', b'"parley_version":"2"')
    other = {"code": (await invited.invite())["code"], "instance": pair.b.slug}
    refused = read(await pair.b.api.post("/v1/invitation-rejections", json=other), 424)
    assert refused["upstream"]["reason"] == "version"


async def test_the_activation_waits_for_the_confirmation_and_not_for_ever(
    pair: Pair, invited: Invited, claimant: Claimant
) -> None:
    issued = await invited.invite()
    await claimant.claimed(issued["code"])
    early = await claimant.activate(await claimant.token())
    assert early.status_code == 400
    assert (await invited.ours())["state"] == "pending"
    await invited.confirm(issued)
    pair.clock.advance(72 * 3600)
    late = await claimant.activate(await claimant.token())
    assert late.status_code == 410
    await pair.work()
    assert (await invited.ours())["state"] == "draft"
    assert (await invited.shown(issued))["state"] == "expired"


async def test_activating_twice_is_activating_once(pair: Pair, invited: Invited, claimant: Claimant) -> None:
    await claimant.claimed((await invited.invite(confirmation_required=False))["code"])
    first = await claimant.activate(await claimant.token())
    pair.clock.advance(80 * 3600)
    second = await claimant.activate(await claimant.token())
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert (await invited.ours())["state"] == "active"


async def test_each_step_is_in_the_history_of_both_sides(pair: Pair, invited: Invited) -> None:
    issued, accepted = await claim(pair, invited)
    await invited.confirm(issued, "reject", reason=LONG_REASON)
    again = await invited.invite()
    theirs = await invited.accept(again)
    await pair.work()
    await invited.confirm(again)
    await tick(pair)
    path = f"/v1/connections/{invited.draft['id']}/history?limit=100"
    ours = [event["what"] for event in (await pair.a.read(path))["items"]]
    for what in ("issue", "claim", "reject", "confirm", "activate"):
        assert f"invitation.{what}" in ours
    assert {"connection.start", "connection.return_to_draft", "connection.activate"} <= set(ours)
    assert LONG_REASON not in str((await pair.a.read(path))["items"])
    seen = await pair.b.read(f"/v1/connections/{theirs['connection']}/history?limit=100")
    for what in ("accept", "claim", "confirm", "activate"):
        assert f"invitation.{what}" in [event["what"] for event in seen["items"]]
    ended = await pair.b.read(f"/v1/connections/{accepted['connection']}/history?limit=100")
    assert {"invitation.reject", "connection.close"} <= {event["what"] for event in ended["items"]}
