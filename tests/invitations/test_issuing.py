"""What may be offered, until when and to whom, and what a new invitation ends."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from service.words import Network
from tests.invitations.claimant import Claimant
from tests.invitations.invited import Invited
from tests.invitations.unusable_codes import set_network
from tests.pairs import DETAILS, Pair, read

pytestmark = pytest.mark.anyio
Json = dict[str, Any]


async def ask(pair: Pair, connection: Json, expected: int, **wanted: object) -> Json:
    """Return what A answers to whoever wants to invite from this connection."""
    return await pair.post(f"/v1/connections/{connection['id']}/invitations", wanted, expected=expected)


def moment(pair: Pair, **later: float) -> str:
    return (pair.clock.now() + timedelta(**later)).isoformat()


async def test_what_is_left_out_is_everything_for_three_days_with_a_confirmation(
    pair: Pair, invited: Invited
) -> None:
    issued = await invited.invite()
    lives = datetime.fromisoformat(issued["expires_at"]) - pair.clock.now()
    assert timedelta(hours=72) - timedelta(seconds=1) < lives <= timedelta(hours=72)
    assert issued["confirmation_required"]
    assert issued["expected_partner"] is None
    assert issued["scope"] == (await invited.ours())["scope"]
    assert len(issued["scope"]) == 6
    ours = await invited.ours()
    assert (ours["state"], ours["invitation"]) == ("pending", issued["id"])
    assert ours["expires_at"] == issued["expires_at"]
    (primary,) = [action for action in ours["next_actions"] if action["primary"]]
    assert (primary["kind"], primary["actor"], primary["expires_at"]) == (
        "share",
        "other_side",
        issued["expires_at"],
    )


@pytest.mark.parametrize(
    ("hours", "status"), [(0.05, 422), (0.1, 201), (335.9, 201), (336.1, 422), (-1, 422)]
)
async def test_it_is_good_for_fourteen_days_at_most(
    pair: Pair, invited: Invited, hours: float, status: int
) -> None:
    answer = await ask(pair, invited.draft, status, expires_at=moment(pair, hours=hours))
    if status == 201:
        assert (await invited.preview(answer))["usable"]
    else:
        assert answer["errors"][0]["pointer"] == "/expires_at"
        assert (await invited.ours())["state"] == "draft"


async def test_the_scope_is_what_was_asked_in_its_order_on_both_sides(pair: Pair, invited: Invited) -> None:
    issued = await invited.invite(scope=["comments:write", "items:read"], confirmation_required=False)
    assert issued["scope"] == ["items:read", "comments:write"]
    await invited.accept(issued)
    await pair.work()
    ours, theirs = await invited.both()
    assert ours["scope"] == theirs["scope"] == issued["scope"]


@pytest.mark.parametrize("wanted", [{"scope": []}, {"scope": ["everything"]}, {"mode": "magic"}, {"why": 1}])
async def test_what_nobody_could_accept_is_not_issued(pair: Pair, invited: Invited, wanted: Json) -> None:
    await ask(pair, invited.draft, 422, **wanted)
    assert (await invited.ours())["state"] == "draft"


@pytest.mark.parametrize("mode", ["script", "basic"])
async def test_a_public_destination_is_always_the_expected_partner(pair: Pair, mode: str) -> None:
    issued = await ask(pair, await pair.draft(mode), 201)
    assert issued["expected_partner"] == pair.b.issuer
    assert issued["mode"] == mode
    other = await pair.draft(mode)
    refused = await ask(pair, other, 422, expected_partner="https://c.test/i/c")
    assert refused["errors"][0]["code"] == "other_destination"
    await ask(pair, other, 201, expected_partner=pair.b.issuer)


@pytest.mark.parametrize("partner", ["ftp://c.test", "https://user@c.test/i/c"])
async def test_an_expected_partner_is_a_node_url(pair: Pair, invited: Invited, partner: str) -> None:
    refused = await ask(pair, invited.draft, 422, expected_partner=partner)
    assert refused["errors"][0]["pointer"] == "/expected_partner"


async def test_an_instance_cannot_expect_itself(pair: Pair, invited: Invited) -> None:
    refused = await ask(pair, invited.draft, 422, expected_partner=pair.a.issuer)
    assert refused["errors"][0]["code"] == "own_instance"


async def test_from_visual_the_action_says_to_which_mode_it_switches(pair: Pair) -> None:
    draft = await pair.draft("visual")
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="deny")
    denied = await pair.shown(draft)
    assert denied["last_error"]["code"] == "verification-denied"
    (invite,) = [action for action in denied["next_actions"] if action["id"] == "invite"]
    assert invite["label"] == "Invite the partner instead"
    (mode,) = [field for field in invite["fields"] if field["name"] == "mode"]
    assert [option["value"] for option in mode["options"]] == ["script", "basic"]
    refused = await ask(pair, draft, 409)
    assert refused["code"] == "option-not-available"
    await ask(pair, draft, 409, mode="visual")
    issued = await ask(pair, draft, 201, mode=mode["value"])
    shown = await pair.shown(draft)
    assert (shown["mode"], shown["last_error"], issued["mode"]) == ("script", None, "script")


async def test_a_local_connection_has_nobody_to_invite(pair: Pair) -> None:
    body = {"instance": pair.a.slug, "destination": {"type": "local"}, "details": DETAILS, "mode": "basic"}
    local = await pair.post("/v1/connections", body)
    assert (await ask(pair, local, 409))["code"] == "step-not-allowed"


async def test_a_draft_without_its_answers_says_which_are_missing(pair: Pair) -> None:
    draft = await pair.post("/v1/connections", {"instance": pair.a.slug})
    refused = await ask(pair, draft, 409)
    assert refused["code"] == "step-not-allowed"
    assert refused["allowed_steps"] == ["destination"]
    assert refused["next_actions"][0]["id"] == "destination"


async def test_a_private_instance_is_told_that_the_partner_must_invite(pair: Pair) -> None:
    draft = await pair.draft("basic")
    await set_network(pair.a, Network.PRIVATE)
    refused = await ask(pair, draft, 409)
    assert refused["code"] == "instance-private"
    assert "invite you" in refused["fix"]
    shown = await pair.shown(await pair.draft(None))
    (primary,) = [action for action in shown["next_actions"] if action["primary"]]
    assert primary["id"] == "ask_for_invitation"
    assert str(pair.a.instance["url"]) in primary["description"]


async def test_two_private_sides_are_told_so_before_anything_is_issued(pair: Pair, invited: Invited) -> None:
    await set_network(pair.a, Network.PRIVATE)
    assert (await ask(pair, invited.draft, 409))["code"] == "both-sides-private"
    assert (await invited.ours())["state"] == "draft"


async def test_who_was_asked_cannot_invite(pair: Pair) -> None:
    _, theirs = await pair.connected()
    path = f"/v1/connections/{theirs['id']}/invitations"
    assert read(await pair.b.api.post(path, json={}), 409)["code"] == "step-not-allowed"


async def test_who_was_invited_cannot_invite(pair: Pair, invited: Invited) -> None:
    accepted = await invited.accept(await invited.invite())
    path = f"/v1/connections/{accepted['connection']}/invitations"
    assert read(await pair.b.api.post(path, json={}), 409)["code"] == "step-not-allowed"


async def test_a_new_invitation_ends_the_older_one(invited: Invited) -> None:
    first = await invited.invite()
    second = await invited.invite()
    assert (await invited.shown(first))["state"] == "revoked"
    assert (await invited.preview(second))["usable"]
    assert (await invited.ours())["invitation"] == second["id"]


async def test_a_new_invitation_ends_a_claimed_one_and_its_claimant_learns_it(
    pair: Pair, invited: Invited
) -> None:
    first = await invited.invite()
    await invited.accept(first)
    await pair.work()
    assert (await invited.shown(first))["state"] == "claimed"
    second = await invited.invite()
    ours = await invited.ours()
    assert (ours["shared_id"], ours["destination"]["url"]) == (None, None)
    pair.clock.advance(60)
    await pair.work()
    (theirs,) = await pair.listed_at_b()
    assert (theirs["state"], theirs["last_error"]["reason"]) == ("closed", "revoked")
    await invited.accept(second)
    await pair.work()
    assert (await invited.shown(second))["state"] == "claimed"


async def test_a_confirmed_invitation_is_not_replaced(
    pair: Pair, invited: Invited, claimant: Claimant
) -> None:
    issued = await invited.invite(confirmation_required=False)
    await claimant.claimed(issued["code"])
    assert (await ask(pair, invited.draft, 409))["code"] == "step-not-allowed"


async def test_an_invitation_cancels_an_open_verification_and_the_other_way_round(pair: Pair) -> None:
    draft = await pair.draft("basic")
    session = await pair.session(draft)
    await pair.to_consent(session)
    issued = await ask(pair, draft, 201)
    assert (await pair.shown_session(session))["state"] == "cancelled"
    assert (await pair.shown(draft))["verification_session"] is None
    again = await pair.session(draft)
    shown = read(await pair.a.api.get(f"/v1/invitations/{issued['id']}"), 200)
    assert shown["state"] == "revoked"
    assert (await pair.shown(draft))["invitation"] is None
    person = await pair.to_consent(again)
    await person.submit(button="accept")
    await pair.work()
    assert (await pair.shown(draft))["state"] == "active"


async def test_a_stale_reader_does_not_invite(pair: Pair, invited: Invited) -> None:
    path = f"/v1/connections/{invited.draft['id']}/invitations"
    answer = await pair.a.api.post(path, json={}, headers={"If-Match": f'"{invited.draft["revision"] + 1}"'})
    assert answer.status_code == 412


@pytest.mark.parametrize("name", ["invite", "invite_again"])
async def test_the_action_is_performed_as_it_is_shown_with_nothing_filled_in(
    pair: Pair, invited: Invited, name: str
) -> None:
    if name == "invite_again":
        await invited.invite()
    (action,) = [each for each in (await invited.ours())["next_actions"] if each["id"] == name]
    assert not [field for field in action["fields"] if field["required"]]
    issued = read(await pair.a.api.request(action["method"], action["href"]), 201)
    assert set(action["reveals"]) <= set(issued)
