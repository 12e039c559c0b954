"""Checks, client side: the browser comes back. Each test is named after the check that it would miss."""

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

import pytest

from service.database.sessions import reading
from service.verification.session.models import VerificationSession
from tests.nodes import Person
from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio


async def come_back(pair: Pair, session: dict[str, Any], **changes: str | None) -> Person:
    """Return a person whose browser came back from B with a changed answer; None leaves a parameter out."""
    person = await pair.to_consent(session)
    pair.network.hold_back = "/oauth/callback"
    await person.submit(button="accept")
    pair.network.hold_back = None
    await person.open(changed(person.url, **changes))
    return person


def changed(url: str, **changes: str | None) -> str:
    """Return the URL with other query parameters."""
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query)), **changes}
    kept = {name: value for name, value in query.items() if value is not None}
    return urlunsplit(parts._replace(query=urlencode(kept)))


async def assert_nothing_changed(pair: Pair, session: dict[str, Any]) -> None:
    """The attempt still waits, and nothing was sent to the other node."""
    await pair.a.work()
    assert (await pair.shown_session(session))["state"] == "awaiting_decision"
    assert not [request for request in pair.network.seen if request.url.path.endswith("/oauth/token")]


async def test_the_true_answer_is_taken(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    await come_back(pair, session)
    assert (await pair.shown_session(session))["state"] == "code_received"


async def test_iss_equals_the_snapshot_before_anything_is_sent(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    person = await come_back(pair, session, iss="https://evil.test/i/b-tracker")
    assert person.status == 401
    await assert_nothing_changed(pair, session)


async def test_a_missing_iss_is_refused(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    person = await come_back(pair, session, iss=None)
    assert person.status == 401
    await assert_nothing_changed(pair, session)


async def test_iss_is_compared_on_an_error_too(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    await come_back(pair, session, code=None, error="access_denied", iss="https://evil.test")
    await assert_nothing_changed(pair, session)


async def test_an_unknown_state_is_refused(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    person = await come_back(pair, session, state="A" * 43)
    assert person.status == 404
    await assert_nothing_changed(pair, session)


async def test_state_works_once(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    person = await come_back(pair, session)
    callback = next(url for url in reversed(person.visited) if "/oauth/callback" in url)
    await person.open(changed(callback, code="another-code-" + "x" * 30))
    assert person.url == session["start_url"]
    await pair.work()
    assert (await pair.shown_session(session))["state"] == "verified"


async def test_state_has_128_bits_and_only_its_hash_is_looked_up(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    person = await come_back(pair, session)
    callback = next(url for url in reversed(person.visited) if "/oauth/callback" in url)
    (state,) = parse_qs(urlsplit(callback).query)["state"]
    assert len(state) >= 22
    async with reading(pair.a.node.database) as database:
        stored = await database.get(VerificationSession, session["id"])
    assert stored is not None
    assert state not in stored.model_dump_json()


async def test_the_callback_in_another_browser_changes_nothing(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    person = await pair.to_consent(session)
    pair.network.hold_back = "/oauth/callback"
    await person.submit(button="accept")
    pair.network.hold_back = None
    stranger = await pair.person()
    await stranger.open(person.url)
    assert stranger.status == 401
    await assert_nothing_changed(pair, session)


async def test_the_callback_by_another_admin_changes_nothing(pair: Pair) -> None:
    first = await pair.session(await pair.draft())
    second = await pair.session(await pair.draft())
    person = await pair.to_consent(first)
    other = await pair.to_consent(second)
    pair.network.hold_back = "/oauth/callback"
    await person.submit(button="accept")
    pair.network.hold_back = None
    await other.open(person.url)
    assert other.status == 401
    await assert_nothing_changed(pair, first)


async def test_repeated_parameters_are_refused(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    person = await pair.to_consent(session)
    pair.network.hold_back = "/oauth/callback"
    await person.submit(button="accept")
    pair.network.hold_back = None
    await person.open(person.url + "&code=another")
    assert person.status == 422
    await assert_nothing_changed(pair, session)


async def test_a_code_and_an_error_together_are_refused(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    person = await come_back(pair, session, error="access_denied")
    assert person.status == 422
    await assert_nothing_changed(pair, session)


async def test_the_callback_answers_303_no_store_to_a_clean_page(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    person = await pair.to_consent(session)
    pair.network.hold_back = "/oauth/callback"
    await person.submit(button="accept")
    pair.network.hold_back = None
    answer = await person.client.get(person.url)
    assert answer.status_code == 303
    assert "no-store" in answer.headers["cache-control"]
    assert answer.headers["location"] == session["start_url"]


async def test_only_client_id_and_request_uri_are_in_the_browsers_url(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    person = await pair.to_consent(session)
    asked = [url for url in person.visited if "/oauth/authorize?" in url]
    assert asked
    for url in asked:
        assert sorted(parse_qs(urlsplit(url).query)) == ["client_id", "request_uri"]


async def test_each_attempt_has_a_fresh_verifier_state_and_nonce(pair: Pair) -> None:
    draft = await pair.draft()
    for _ in range(2):
        await pair.to_consent(await pair.session(draft))
    pushed = [
        dict(parse_qsl(each.content.decode())) for each in pair.network.seen if each.url.path.endswith("/par")
    ]
    for name in ("code_challenge", "state", "nonce", "shared_id", "client_assertion"):
        assert len({form[name] for form in pushed}) == len(pushed) == 2, name


async def test_return_url_only_from_the_allow_list(pair: Pair) -> None:
    answer = await pair.a.api.post(
        "/v1/connections", json={"instance": pair.a.slug, "return_url": "https://evil.test/"}
    )
    assert read(answer, 422)["code"] == "url-not-allowed"


async def test_what_comes_after_the_time_is_over_is_an_expired_attempt(pair: Pair) -> None:
    draft = await pair.draft()
    session = await pair.session(draft)
    person = await pair.to_consent(session)
    pair.clock.advance(14 * 60)
    pair.network.hold_back = "/oauth/callback"
    person_url = person.url
    pair.clock.advance(2 * 60)
    await person.open(person_url)
    pair.network.hold_back = None
    await pair.a.work()
    back = await pair.shown(draft)
    assert (back["state"], back["last_error"]["code"]) == ("draft", "verification-expired")


async def test_signing_in_again_in_the_same_browser_does_not_lose_the_way_back(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    person = await pair.to_consent(session)
    pair.network.hold_back = "/oauth/callback"
    await person.submit(button="accept")
    pair.network.hold_back = None
    callback = person.url
    await person.open(f"{pair.a.issuer}/sign-in?next=/v1/verification-sessions/{session['id']}/start")
    await person.sign_in()
    await person.open(callback)
    assert (await pair.shown_session(session))["state"] == "code_received"


@pytest.mark.parametrize("error", ["server_error%00", "access_denied&error_description=a%00b"])
async def test_text_that_no_database_keeps_is_refused(each_pair: Pair, error: str) -> None:
    pair = each_pair
    session = await pair.session(await pair.draft())
    person = await pair.to_consent(session)
    pair.network.hold_back = "/oauth/callback"
    await person.submit(button="deny")
    pair.network.hold_back = None
    await person.open(
        person.url.split("error=", 1)[0].rstrip("?&") + f"?error={error}&{_state_and_iss(person.url)}"
    )
    assert person.status == 422
    await assert_nothing_changed(pair, session)


def _state_and_iss(url: str) -> str:
    query = dict(parse_qsl(urlsplit(url).query))
    return urlencode({name: query[name] for name in ("state", "iss")})
