"""Checks, client side: what leaves this node when Start is pressed, and who may press it."""

from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from sqlmodel import select

from service.access.models import SignInSession
from service.database.sessions import reading
from service.platforms import sandbox
from service.problems.tree import NotFound
from service.verification.initiator.pushing import push_request
from tests.nodes import Person
from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio
DONE = "https://wizard.test/done"


async def on_start_page(pair: Pair, login: str = "alice") -> Person:
    """Return a person in front of the start page of a fresh attempt."""
    session = await pair.session(await pair.draft())
    person = await pair.person()
    await person.open(session["start_url"])
    await person.sign_in(login)
    return person


async def test_303_when_start_is_pressed(pair: Pair) -> None:
    """307 would send the form on to the other node."""
    person = await on_start_page(pair)
    answer = await person.client.post(
        person.url, data=person.forms()[0].fields, headers={"Origin": pair.a.url}
    )
    assert answer.status_code == 303


async def test_only_client_id_and_request_uri_in_the_browser_url(pair: Pair) -> None:
    person = await on_start_page(pair)
    pair.network.hold_back = "/oauth/authorize"
    await person.submit()
    assert person.url.startswith(f"{pair.b.issuer}/oauth/authorize?")
    assert sorted(parse_qs(urlsplit(person.url).query)) == ["client_id", "request_uri"]


async def test_state_128_bits_at_least(pair: Pair) -> None:
    """22 letters of base64url; the other node may ask for less than that."""
    person = await on_start_page(pair)
    pair.network.lose_requests = ["/oauth/par"]
    await person.submit()
    (pushed,) = [each for each in pair.network.seen if each.url.path.endswith("/oauth/par")]
    assert len(dict(parse_qsl(pushed.content.decode()))["state"]) >= 22


async def test_comparison_code_shown_on_the_start_page(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    person = await pair.person()
    await person.open(session["start_url"])
    await person.sign_in()
    assert session["comparison_code"] in person.page


async def test_comparison_code_shown_on_both_sides(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    person = await pair.to_consent(session)
    assert person.url.startswith(pair.b.issuer)
    assert session["comparison_code"] in person.page


async def test_form_action_of_the_start_page_names_the_other_side(pair: Pair) -> None:
    """Chromium stops the redirect that answers the form otherwise."""
    person = await on_start_page(pair)
    policy = (await person.client.get(person.url)).headers["content-security-policy"]
    assert policy.endswith(f"form-action 'self' {pair.b.url}")


async def test_a_member_may_not_start(pair: Pair) -> None:
    person = await on_start_page(pair, "bob")
    await person.submit()
    assert not [each for each in pair.network.seen if each.url.path.endswith("/oauth/par")]


async def test_a_form_token_is_bound_to_the_request(pair: Pair) -> None:
    """Signed in once, a person may have two start pages open; each form starts its own attempt."""
    person = await on_start_page(pair)
    token = person.forms()[0].fields["form_token"]
    second = await pair.session(await pair.draft())
    answer = await person.client.post(
        second["start_url"], data={"form_token": token}, headers={"Origin": pair.a.url}
    )
    assert answer.status_code == 401


async def test_a_session_that_another_admin_started_at_the_same_moment(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both had the page open; the second one's Start comes after the look at the owner, and takes nothing over."""
    second = replace(sandbox.ACCOUNTS["alice"], id="3", password="carol-sandbox", name="Carol Admin")
    monkeypatch.setitem(sandbox.ACCOUNTS, "carol", second)
    session = await pair.session(await pair.draft())
    for login in ("alice", "carol"):
        person = await pair.person()
        await person.open(session["start_url"])
        await person.sign_in(login)
    async with reading(pair.a.node.database) as database:
        people = {found.login: found for found in (await database.exec(select(SignInSession))).all()}
    await push_request(pair.a.node, session["id"], people["alice"])
    with pytest.raises(NotFound):
        await push_request(pair.a.node, session["id"], people["carol"])


async def test_a_key_of_our_own_published_meanwhile_is_refused(pair: Pair) -> None:
    """The destination was looked at when it was chosen; an attempt that begins later looks again."""
    draft = await pair.draft()
    pair.clock.advance(60)
    ours = (await pair.a.api.get(f"{pair.a.issuer}/oauth/jwks")).json()
    true_host = pair.network.hosts["b.test"]

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/oauth/jwks"):
            return httpx.Response(200, json=ours)
        return await true_host.handle_async_request(request)

    pair.network.hosts["b.test"] = httpx.MockTransport(answer)
    made = await pair.a.api.post(f"/v1/connections/{draft['id']}/verification-sessions")
    assert made.status_code == 424


async def test_a_return_url_changed_later_is_on_the_list_too(pair: Pair) -> None:
    draft = await pair.draft()
    path = f"/v1/connections/{draft['id']}"
    changed = await pair.a.api.patch(path, json={"return_url": "https://evil.test/"})
    assert read(changed, 422)["code"] == "url-not-allowed"
    await pair.a.api.patch(f"/v1/instances/{pair.a.instance['id']}", json={"return_urls": [DONE]})
    assert read(await pair.a.api.patch(path, json={"return_url": DONE}), 200)["return_url"] == DONE
