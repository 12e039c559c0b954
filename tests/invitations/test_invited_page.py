"""The same page at the invited node: a signed-in admin reads who invites to what, accepts or rejects."""

from datetime import timedelta

import pytest

from service.access.sign_in import FRESH
from service.platforms.sandbox import DESCRIPTION
from tests.invitations.invited import Invited
from tests.invitations.page_visits import accepted, at_decision, give_code, words
from tests.nodes import Person
from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio


async def everything_at(pair: Pair) -> list[object]:
    """Return what the invited node has stored of invitations and connections."""
    invitations = read(await pair.b.api.get("/v1/invitations"), 200)["items"]
    return [*invitations, *await pair.listed_at_b()]


async def test_an_admin_reads_who_invites_to_what(pair: Pair) -> None:
    invited = await Invited.begin(pair, mode="script")
    issued = await invited.invite(scope=["items:read", "comments:write"])
    person = await at_decision(invited, issued)
    told = words(person)
    assert person.status == 200
    assert "Verified host of the inviting node" in told
    assert "a.test" in told
    assert told.count("claimed, not verified") == 4
    for sentence in (
        "script",
        "See items",
        "Alice Admin",
        "compare with the inviter",
        "A to B",
        "Read items.",
    ):
        assert sentence in told, sentence
    needs = {need.label for need in DESCRIPTION.permissions if need.scope in {"items:read", "comments:write"}}
    assert all(need in told for need in needs)
    assert "Add attachments." not in told
    fields = person.forms()[0].fields
    assert (fields["local_short_name"], fields["destination_short_name"]) == ("B", "A")
    assert await everything_at(pair) == []


async def test_accepted_it_says_who_must_act_and_ends_active(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    person = await at_decision(invited, issued)
    await person.submit({"local_short_name": "Desk", "destination_short_name": "Shop"}, button="accept")
    assert "This node is telling a.test" in words(person)
    await pair.work()
    await person.open(person.url)
    claimed = await invited.shown(issued)
    assert "an admin of a.test must confirm" in words(person)
    assert claimed["comparison_code"] in words(person)
    answer = await person.client.get(person.url)
    assert int(answer.headers["refresh"]) >= 2
    await invited.confirm(issued)
    pair.clock.advance(30)
    await pair.work()
    await person.open(person.url)
    assert "The connection is active" in words(person)
    assert "refresh" not in (await person.client.get(person.url)).headers
    ours, theirs = await invited.both()
    assert (ours["state"], theirs["state"]) == ("active", "active")
    assert (theirs["local"]["short_name"], theirs["destination"]["short_name"]) == ("Desk", "Shop")


async def test_the_code_again_leads_to_how_it_stands(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    person = await accepted(invited, issued)
    standing = person.url
    await pair.work()
    await give_code(pair, pair.b.issuer, issued["code"], person)
    assert person.url == standing
    assert len(await pair.listed_at_b()) == 1


async def test_rejected_the_inviter_reads_the_reason(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    person = await at_decision(invited, issued)
    await person.submit({"reason": "We have one already."}, button="reject")
    assert "You rejected the invitation" in words(person)
    await pair.work()
    assert (await invited.shown(issued))["reason"] == "We have one already."
    assert (await invited.ours())["state"] == "draft"
    assert await pair.listed_at_b() == []


async def test_a_rejection_of_who_accepted_is_told(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    person = await accepted(invited, issued)
    await pair.work()
    await invited.confirm(issued, "reject", reason="Who are you?")
    pair.clock.advance(30)
    await pair.work()
    await person.open(person.url)
    assert "Who are you?" in words(person)
    assert "refresh" not in (await person.client.get(person.url)).headers


async def test_a_member_reads_what_is_missing_and_another_account_may_sign_in(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    person = await at_decision(invited, issued, "bob")
    assert person.status == 403
    assert "You are not an admin of B" in words(person)
    assert "the invitation is as it was" in words(person)
    await person.submit(button="back")
    await person.submit({"code": issued["code"]})
    assert "/sign-in?" in person.url
    assert await everything_at(pair) == []


async def test_a_member_who_forges_the_decision_accepts_nothing(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    alice = await at_decision(invited, issued)
    sent = alice.forms()[0].filled({}, "accept")
    bob = await at_decision(invited, issued, "bob")
    answer = await post(bob, sent)
    assert answer == 403
    assert await everything_at(pair) == []


async def test_a_sign_in_more_than_five_minutes_ago_decides_nothing(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    person = await at_decision(invited, await invited.invite())
    pair.clock.advance(FRESH.total_seconds() + 1)
    await person.submit(button="accept")
    assert "/sign-in?" in person.url
    assert await everything_at(pair) == []
    assert timedelta(minutes=5) == FRESH


async def post(person: Person, sent: dict[str, str], origin: str = "https://b.test") -> int:
    answer = await person.client.post(person.url, data=sent, headers={"Origin": origin})
    return answer.status_code


async def test_a_form_token_is_for_one_session_and_one_code(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    first, other = await invited.invite(), await (await Invited.begin(pair)).invite()
    person = await at_decision(invited, first)
    sent = person.forms()[0].filled({}, "accept")
    assert await post(person, {**sent, "code": other["code"]}) == 401
    assert await post(person, {**sent, "form_token": ""}) == 401
    stranger = await at_decision(invited, first)
    assert await post(stranger, sent) == 401
    assert await everything_at(pair) == []
    assert await post(person, sent) == 303


async def test_a_decision_sent_by_another_site_counts_for_nothing(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    person = await at_decision(invited, await invited.invite())
    sent = person.forms()[0].filled({}, "accept")
    assert await post(person, sent, "https://evil.test") == 401
    assert await everything_at(pair) == []


async def test_nothing_chosen_decides_nothing(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    person = await at_decision(invited, await invited.invite())
    sent = person.forms()[0].filled({}, "accept")
    assert await post(person, {**sent, "decision": "perhaps"}) == 400
    assert await everything_at(pair) == []


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ({"local_short_name": "no spaces"}, "A short name begins with a letter"),
        ({"local_short_name": "same", "destination_short_name": "Same"}, "must differ"),
        ({"reason": "x" * 501}, "at most 500"),
    ],
    ids=["spaces", "same", "reason"],
)
async def test_what_is_wrong_is_told_beside_what_was_typed(
    pair: Pair, names: dict[str, str], why: str
) -> None:
    invited = await Invited.begin(pair)
    person = await at_decision(invited, await invited.invite())
    await person.submit(names, button="accept")
    assert person.status == 422
    assert why in words(person)
    assert names.items() <= person.forms()[0].fields.items()
    assert await everything_at(pair) == []
    await person.submit(
        {"local_short_name": "B", "destination_short_name": "A", "reason": ""}, button="accept"
    )
    assert "You accepted the invitation" in words(person)


async def test_what_cannot_be_used_is_told_with_the_way_out(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    await pair.a.api.delete(f"/v1/invitations/{issued['id']}")
    person = await at_decision(invited, issued)
    assert person.status == 410
    assert "revoked" in words(person)
    assert "re-inviting always works" in words(person)


async def test_an_inviter_that_does_not_answer_is_named(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    pair.network.down.add("a.test")
    person = await at_decision(invited, issued)
    assert person.status == 424


async def test_one_that_cannot_be_accepted_here_can_still_be_rejected(pair: Pair) -> None:
    invited = await Invited.begin(pair, private=True)
    issued = await invited.invite()
    await make_inviter_private(pair)
    person = await at_decision(invited, issued)
    assert "Accept" not in {button.label for button in person.forms()[0].buttons}
    await person.submit(button="reject")
    await pair.work()
    assert (await invited.shown(issued))["state"] == "rejected"


async def make_inviter_private(pair: Pair) -> None:
    answer = await pair.a.api.patch(f"/v1/instances/{pair.a.instance['id']}", json={"network": "private"})
    assert answer.status_code == 200, answer.text


async def test_only_an_admin_of_the_instance_that_was_asked_sees_how_it_stands(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    standing = (await accepted(invited, issued)).url
    stranger = await pair.person()
    await stranger.open(standing)
    assert "/sign-in?" in stranger.url
    await stranger.sign_in("bob")
    assert stranger.status == 403
    other = await pair.b.api.post(
        "/v1/instances", json={"slug": "other", "name": "Other", "platform": "sandbox"}
    )
    assert other.status_code == 201
    elsewhere = await pair.person()
    await elsewhere.open(standing.replace(pair.b.slug, "other"))
    assert elsewhere.status == 404
    sent = await pair.person()
    await sent.open(f"{pair.a.issuer}/invite/{issued['id']}")
    assert sent.status == 404


async def test_a_damaged_code_is_asked_for_again_with_the_reason(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    person = await at_decision(invited, issued)
    damaged = issued["code"][:-8] + "AAAAAAAA"
    await give_code(pair, pair.b.issuer, damaged, person)
    assert person.status == 404
    assert "The node that the code names has not signed it." in words(person)
    assert "Code of the invitation" in words(person)
    assert damaged in person.page
    await person.submit({"code": issued["code"]})
    assert "Accept this invitation?" in words(person)
