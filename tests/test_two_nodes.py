"""Two nodes agree on a connection, or on none: the whole way, as a person and a program go it."""

import pytest

from tests.nodes import Person
from tests.pairs import Pair

pytestmark = pytest.mark.anyio
DAY = 86_400


@pytest.mark.parametrize("mode", ["visual", "script", "basic"])
async def test_verified_admin_access_makes_both_sides_active(each_pair: Pair, mode: str) -> None:
    pair = each_pair
    draft = await pair.draft(mode)
    session = await pair.session(draft)
    person = await pair.to_consent(session)
    assert session["comparison_code"] in person.page
    await person.submit(button="accept")
    assert person.url == session["start_url"]
    assert (await pair.shown(draft))["state"] == "pending"
    await pair.a.work()
    here, there = await pair.shown(draft), (await pair.listed_at_b())[0]
    assert (here["state"], there["state"]) == ("active", "active")
    assert here["shared_id"] == there["shared_id"] != here["id"] != there["id"]
    assert (here["role"], there["role"]) == ("initiator", "responder")
    assert (here["mode"], there["mode"]) == (mode, mode)
    assert here["local"]["short_name"] == there["destination"]["short_name"] == "A"
    assert here["destination"]["short_name"] == there["local"]["short_name"] == "B"
    assert here["destination"]["state"] == "active"
    await person.open(session["start_url"])
    assert "is active on both sides" in person.page
    assert (await pair.shown_session(session))["admin"]["display_name"] == "Alice Admin"


async def test_denial_gives_the_draft_back_and_a_new_attempt_works(pair: Pair) -> None:
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="deny")
    await pair.work()
    back = await pair.shown(draft)
    assert back["state"] == "draft"
    assert back["last_error"]["code"] == "verification-denied"
    assert [step["status"] for step in back["steps"] if step["id"] == "access"] == ["failed"]
    assert (back["mode"], back["name"]) == (draft["mode"], draft["name"])
    assert await pair.listed_at_b() == []
    again = await pair.to_consent(await pair.session(draft))
    await again.submit(button="accept")
    await pair.work()
    assert (await pair.shown(draft))["state"] == "active"


async def test_who_is_no_admin_over_there_reads_what_is_missing_and_loses_nothing(pair: Pair) -> None:
    draft = await pair.draft()
    session = await pair.session(draft)
    person = await pair.to_consent(session, login="bob")
    assert "accept" not in [button.value for form in person.forms() for button in form.buttons]
    await person.submit(button="back")
    assert person.url == session["start_url"]
    await pair.work()
    back = await pair.shown(draft)
    assert (back["state"], back["last_error"]["code"]) == ("draft", "not-an-admin")
    assert await pair.listed_at_b() == []


async def test_a_node_is_initiator_and_responder_at_the_same_time(pair: Pair) -> None:
    await pair.connected()
    answer = await pair.b.api.post(
        "/v1/connections",
        json={
            "destination": {"type": "public", "url": pair.a.issuer},
            "details": {"local_short_name": "B", "destination_short_name": "A"},
            "mode": "basic",
            "instance": pair.b.slug,
        },
    )
    made = await pair.b.api.post(f"/v1/connections/{answer.json()['id']}/verification-sessions")
    person = Person(pair.network)
    await person.open(made.json()["start_url"])
    await person.sign_in()
    await person.submit()
    await person.sign_in()
    await person.submit(button="accept")
    await pair.work()
    roles = [(item["role"], item["state"]) for item in await pair.listed_at_b()]
    assert sorted(roles) == [("initiator", "active"), ("responder", "active")]


async def test_the_code_lost_with_its_answer_is_not_redeemed_twice(pair: Pair) -> None:
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="accept")
    pair.network.lose_answers = ["/oauth/token"]
    await pair.a.work()
    assert (await pair.shown(draft))["state"] == "pending"
    pair.clock.advance(120)
    await pair.work()
    here, there = await pair.shown(draft), (await pair.listed_at_b())[0]
    assert (here["state"], there["state"]) == ("active", "active")
    redeemed = [request for request in pair.network.seen if b"authorization_code" in request.content]
    assert len(redeemed) == 2
    assert here["scope"] == there["scope"]


async def test_an_activation_whose_answer_is_lost_is_asked_for_again(pair: Pair) -> None:
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="accept")
    pair.network.lose_answers = ["/activation"]
    await pair.a.work()
    assert (await pair.shown(draft))["state"] == "pending"
    assert (await pair.listed_at_b())[0]["state"] == "active"
    pair.clock.advance(600)
    await pair.work()
    assert (await pair.shown(draft))["state"] == "active"


async def test_an_activation_that_comes_too_late_ends_the_attempt_on_both_sides(pair: Pair) -> None:
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="accept")
    pair.network.lose_requests = ["/activation"]
    await pair.a.work()
    pair.network.lose_requests = []
    pair.clock.advance(11 * 60)
    await pair.work()
    back = await pair.shown(draft)
    assert (back["state"], back["last_error"]["code"]) == ("draft", "verification-expired")
    assert [item["state"] for item in await pair.listed_at_b()] == ["closed"]


async def test_silence_before_the_code_is_redeemed_ends_the_attempt_in_time(pair: Pair) -> None:
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="accept")
    pair.network.down.add("b.test")
    await pair.a.work()
    assert (await pair.shown(draft))["state"] == "pending"
    pair.clock.advance(16 * 60)
    await pair.a.work()
    back = await pair.shown(draft)
    assert (back["state"], back["last_error"]["code"]) == ("draft", "destination-unreachable")
    pair.network.down.clear()
    pair.clock.advance(600)
    await pair.work()
    assert [item["state"] for item in await pair.listed_at_b()] == ["closed"]


async def test_closing_tells_the_other_side_even_when_it_was_away(pair: Pair) -> None:
    here, _ = await pair.connected()
    pair.network.down.add("b.test")
    closed = await pair.a.api.delete(f"/v1/connections/{here['id']}")
    assert closed.json()["state"] == "closed"
    await pair.a.work()
    assert (await pair.listed_at_b())[0]["state"] == "active"
    pair.network.down.clear()
    pair.clock.advance(600)
    await pair.work()
    there = (await pair.listed_at_b())[0]
    assert (there["state"], there["reason"]) == ("closed", "closed_by_peer")


async def test_who_is_away_for_weeks_is_called_no_more_and_learns_it_by_asking(pair: Pair) -> None:
    here, there = await pair.connected()
    pair.network.down.add("b.test")
    await pair.a.api.delete(f"/v1/connections/{here['id']}")
    await pair.a.work()
    pair.clock.advance(13 * DAY)
    await pair.a.work()
    before = len(pair.network.seen)
    pair.clock.advance(DAY)
    await pair.a.work()
    assert len(pair.network.seen) > before
    before = len(pair.network.seen)
    pair.clock.advance(DAY)
    await pair.a.work()
    assert len(pair.network.seen) == before
    pair.network.down.clear()
    await pair.b.work()
    shown = await pair.b.read(f"/v1/connections/{there['id']}")
    assert (shown["state"], shown["reason"]) == ("closed", "closed_by_peer")


async def test_closing_by_the_responder_reaches_the_initiator(pair: Pair) -> None:
    here, there = await pair.connected()
    await pair.b.api.delete(f"/v1/connections/{there['id']}")
    await pair.work()
    shown = await pair.shown(here)
    assert (shown["state"], shown["reason"]) == ("closed", "closed_by_peer")


async def test_the_hourly_probe_finds_what_nobody_told(pair: Pair) -> None:
    here, there = await pair.connected()
    pair.network.lose_requests = ["/connections/"]
    await pair.b.api.delete(f"/v1/connections/{there['id']}")
    await pair.b.work()
    pair.network.lose_requests = []
    pair.clock.advance(3601)
    await pair.a.work()
    shown = await pair.shown(here)
    assert (shown["state"], shown["destination"]["state"]) == ("closed", "closed")


async def test_the_probe_keeps_an_active_connection_and_notes_when_it_was_seen(pair: Pair) -> None:
    here, there = await pair.connected()
    pair.clock.advance(3601)
    await pair.work()
    for api, connection in ((pair.a.api, here), (pair.b.api, there)):
        shown = (await api.get(f"/v1/connections/{connection['id']}")).json()
        assert shown["state"] == "active"
        assert shown["destination"]["state"] == "active"
        assert shown["destination"]["last_seen_at"] == pair.clock.now().isoformat().replace("+00:00", "Z")
