"""P3: the start page. Who may press Start, what a look at the page does, and how each end reads."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from service.platforms import sandbox
from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio


@pytest.fixture
def carol(monkeypatch: pytest.MonkeyPatch) -> str:
    """A second admin of every sandbox."""
    second = replace(sandbox.ACCOUNTS["alice"], id="3", password="carol-sandbox", name="Carol Admin")
    monkeypatch.setitem(sandbox.ACCOUNTS, "carol", second)
    return "carol"


async def test_looking_at_the_page_starts_nothing(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    async with httpx.AsyncClient(transport=pair.network) as preloader:
        assert (await preloader.get(session["start_url"])).status_code == 303
    person = await pair.person()
    await person.open(session["start_url"])
    await person.sign_in()
    await person.open(session["start_url"])
    assert (await pair.shown_session(session))["state"] == "created"
    assert not [each for each in pair.network.seen if each.url.path.endswith("/oauth/par")]


async def test_pressing_start_twice_gives_the_same_request(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    person = await pair.person()
    await person.open(session["start_url"])
    await person.sign_in()
    start_page, url = person.page, person.url
    await person.submit()
    first = next(each for each in reversed(person.visited) if "request_uri" in each and "authorize?" in each)
    person.page, person.url = start_page, url
    await person.submit()
    second = next(each for each in reversed(person.visited) if "request_uri" in each and "authorize?" in each)
    assert first == second
    assert len([each for each in pair.network.seen if each.url.path.endswith("/oauth/par")]) == 1


async def test_a_request_that_expired_is_pushed_anew(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    person = await pair.person()
    await person.open(session["start_url"])
    await person.sign_in()
    start_page, url = person.page, person.url
    await person.submit()
    pair.clock.advance(301)
    person.page, person.url = start_page, url
    await person.submit()
    await person.sign_in()
    await person.submit(button="accept")
    await pair.work()
    assert (await pair.shown_session(session))["state"] == "verified"


async def test_a_member_reads_what_is_missing_and_may_sign_in_as_another(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    person = await pair.person()
    await person.open(session["start_url"])
    await person.sign_in("bob")
    assert person.status == 403
    assert "admin" in person.page
    await person.submit()
    assert "/sign-in" in person.url
    await person.sign_in("alice")
    assert session["comparison_code"] in person.page
    assert (await pair.shown_session(session))["state"] == "created"


async def test_a_session_of_a_person_belongs_to_that_person(pair: Pair, carol: str) -> None:
    draft = await pair.draft()
    token = await _bearer(pair, "alice")
    made = await pair.a.api.post(
        f"/v1/connections/{draft['id']}/verification-sessions", headers={"Authorization": f"Bearer {token}"}
    )
    session = read(made, 201)
    person = await pair.person()
    await person.open(session["start_url"])
    await person.sign_in(carol)
    assert person.status == 404
    owner = await pair.person()
    await owner.open(session["start_url"])
    await owner.sign_in("alice")
    assert session["comparison_code"] in owner.page


async def test_a_session_of_a_service_belongs_to_the_first_admin_who_starts_it(
    pair: Pair, carol: str
) -> None:
    session = await pair.session(await pair.draft())
    first = await pair.person()
    await first.open(session["start_url"])
    await first.sign_in("alice")
    await first.submit()
    second = await pair.person()
    await second.open(session["start_url"])
    await second.sign_in(carol)
    assert second.status == 404


async def test_a_form_from_another_session_or_site_starts_nothing(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    person = await pair.person()
    await person.open(session["start_url"])
    await person.sign_in()
    (form,) = person.forms()
    forged = await person.client.post(
        session["start_url"], data={"form_token": "0" * 64}, headers={"Origin": pair.a.url}
    )
    foreign = await person.client.post(
        session["start_url"], data=form.fields, headers={"Origin": "https://evil.test"}
    )
    assert (forged.status_code, foreign.status_code) == (401, 401)
    assert (await pair.shown_session(session))["state"] == "created"


async def test_an_old_sign_in_is_asked_for_again(pair: Pair) -> None:
    first = await pair.session(await pair.draft())
    person = await pair.person()
    await person.open(first["start_url"])
    await person.sign_in()
    pair.clock.advance(20 * 60)
    second = await pair.session(await pair.draft())
    await person.open(second["start_url"])
    assert "/sign-in" in person.url


@pytest.mark.parametrize("answer", ["unreachable", "refused"])
async def test_a_push_that_fails_gives_the_draft_back_with_the_reason(pair: Pair, answer: str) -> None:
    draft = await pair.draft()
    session = await pair.session(draft)
    person = await pair.person()
    await person.open(session["start_url"])
    await person.sign_in()
    if answer == "unreachable":
        pair.network.lose_requests = ["/oauth/par"]
    else:
        pair.network.rewrite = (b"private_key_jwt", b"client_secret_post")
    await person.submit()
    assert person.status == 424
    back = await pair.shown(draft)
    assert (back["state"], back["last_error"]["code"]) == ("draft", f"destination-{answer}")


async def test_cancelling_is_possible_at_every_moment_before_it_is_active(pair: Pair) -> None:
    draft = await pair.draft()
    created = await pair.session(draft)
    await _cancel(pair, created)
    started = await pair.session(draft)
    person = await pair.to_consent(started)
    await _cancel(pair, started)
    assert (await pair.shown(draft))["state"] == "draft"
    await pair.work()
    await person.submit(button="accept")
    assert await pair.listed_at_b() == [] or (await pair.listed_at_b())[0]["state"] == "closed"
    accepted = await pair.session(draft)
    person = await pair.to_consent(accepted)
    await person.submit(button="accept")
    await _cancel(pair, accepted)
    await pair.work()
    shown = await pair.shown(draft)
    assert (shown["state"], shown["last_error"]) == ("draft", None)
    assert {item["state"] for item in await pair.listed_at_b()} == {"closed"}


async def _cancel(pair: Pair, session: dict[str, Any]) -> None:
    for _ in range(2):
        answer = await pair.a.api.delete(f"/v1/verification-sessions/{session['id']}")
        assert read(answer, 200)["state"] == "cancelled"


async def test_what_is_active_cannot_be_cancelled(pair: Pair) -> None:
    here, _ = await pair.connected()
    problem = read(await pair.a.api.delete(f"/v1/verification-sessions/{here['verification_session']}"), 409)
    assert problem["code"] == "step-not-allowed"
    await pair.work()
    assert (await pair.shown(here))["state"] == "active"


async def test_what_was_active_and_is_closed_cannot_be_cancelled_and_nobody_is_told_again(pair: Pair) -> None:
    draft = await pair.draft()
    session = await pair.session(draft)
    person = await pair.to_consent(session)
    await person.submit(button="accept")
    await pair.work()
    await pair.a.api.delete(f"/v1/connections/{draft['id']}")
    await pair.work()
    before = len(pair.network.seen)
    refused = read(await pair.a.api.delete(f"/v1/verification-sessions/{session['id']}"), 410)
    assert refused["code"] == "connection-closed"
    await pair.work()
    assert [str(request.url) for request in pair.network.seen[before:]] == []


async def test_nobody_pressing_start_ends_it_after_15_minutes(pair: Pair) -> None:
    draft = await pair.draft()
    session = await pair.session(draft)
    pair.clock.advance(15 * 60)
    await pair.a.work()
    assert (await pair.shown_session(session))["state"] == "expired"
    person = await pair.person()
    await person.open(session["start_url"])
    await person.sign_in()
    assert "expired" in person.page
    assert (await pair.shown(draft))["last_error"]["code"] == "verification-expired"


async def test_a_new_session_takes_the_place_of_the_open_one(pair: Pair) -> None:
    draft = await pair.draft()
    first = await pair.session(draft)
    person = await pair.to_consent(first)
    second = await pair.session(draft)
    assert (await pair.shown_session(first))["state"] == "cancelled"
    assert (await pair.shown(draft))["state"] == "draft"
    await person.submit(button="accept")
    await pair.work()
    again = await pair.to_consent(second)
    await again.submit(button="accept")
    await pair.work()
    assert (await pair.shown(draft))["state"] == "active"
    assert sorted(item["state"] for item in await pair.listed_at_b()) in (["active"], ["active", "closed"])


async def _bearer(pair: Pair, login: str) -> str:
    body = {
        "instance": pair.a.slug,
        "method": "password",
        "values": {"login": login, "password": f"{login}-sandbox"},
    }
    return str((await pair.post("/v1/sessions", body))["token"])
