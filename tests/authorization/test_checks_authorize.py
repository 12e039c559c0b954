"""Checks, server side: how a browser gets to the decision page, and that a fresh sign-in stands before it."""

from datetime import timedelta
from http.cookiejar import Cookie
from urllib.parse import urlencode

import httpx
import pytest

from service.access.models import SessionKind, SignInSession
from service.authorization.issuers import find_issuer
from service.authorization.requests.deciding import Decision, Fault, Undecidable, decide, is_fresh
from service.database.sessions import transaction
from tests.authorization.stranger import Stranger
from tests.nodes import Person
from tests.small_node import NOW

pytestmark = pytest.mark.anyio
OTHER_ID = "00000000-0000-4000-8000-000000000000"


async def get(stranger: Stranger, url: str) -> httpx.Response:
    """Return the answer itself, without following it."""
    async with httpx.AsyncClient(transport=stranger.network) as client:
        return await client.get(url)


async def test_authorize_leads_to_a_fresh_sign_in_and_sets_nothing(stranger: Stranger) -> None:
    """303, never 307."""
    answer = await get(stranger, stranger.authorize_url(await stranger.request_uri()))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{stranger.asked.issuer}/sign-in?next=%2Fi%2Fb-tracker%2F")
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


async def test_authorize_only_with_a_pushed_request_uri(stranger: Stranger) -> None:
    """The classic request with its parameters in the browser's URL is not taken."""
    form = stranger.push_form()
    del form["client_assertion"], form["client_assertion_type"]
    answer = await get(stranger, f"{stranger.asked.issuer}/oauth/authorize?{urlencode(form)}")
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "text/html" in answer.headers["content-type"]


async def test_other_or_repeated_parameters_refused_with_a_page(stranger: Stranger) -> None:
    url = stranger.authorize_url(await stranger.request_uri())
    client_id = urlencode({"client_id": stranger.client_id})
    for more in ("&state=x", "&redirect_uri=https%3A%2F%2Fevil.test", f"&{client_id}", "&request_uri=x"):
        answer = await get(stranger, url + more)
        assert answer.status_code == 400, more
        assert "location" not in answer.headers
        assert "<h1>" in answer.text
    assert "more than" in (await get(stranger, stranger.authorize_url("x" * 20_000))).text
    for name in ("client_id", "request_uri"):
        answer = await get(stranger, f"{stranger.asked.issuer}/oauth/authorize?{name}=x")
        assert answer.status_code == 400


async def test_unknown_client_or_redirect_page_no_redirect(stranger: Stranger) -> None:
    """request_uri is unguessable: an unknown one, or one of an unknown client, is a page."""
    other = Stranger(stranger.network, stranger.asked, "other.test")
    request_uri = await stranger.request_uri()
    for url in (
        stranger.authorize_url("urn:ietf:params:oauth:request_uri:" + "x" * 43),
        stranger.authorize_url(request_uri[:-1]),
        other.authorize_url(request_uri),
    ):
        answer = await get(stranger, url)
        assert answer.status_code == 400
        assert "location" not in answer.headers


async def test_request_uri_bound_to_the_client(stranger: Stranger) -> None:
    other = Stranger(stranger.network, stranger.asked, "other.test")
    await other.request_uri()
    answer = await get(stranger, other.authorize_url(await stranger.request_uri()))
    assert answer.status_code == 400


async def test_request_uri_bound_to_the_instance(stranger: Stranger) -> None:
    api = stranger.asked.api
    await api.post("/v1/instances", json={"slug": "second", "name": "Second", "platform": "sandbox"})
    url = stranger.authorize_url(await stranger.request_uri())
    assert (await get(stranger, url.replace("b-tracker", "second"))).status_code == 400
    person = await stranger.visit()
    path = person.url.removeprefix(stranger.asked.issuer)
    assert (await get(stranger, f"{stranger.asked.url}/i/second{path}")).status_code == 400


@pytest.mark.parametrize("decision", ["accept", "deny"])
async def test_request_uri_consumed_at_the_decision(stranger: Stranger, decision: str) -> None:
    request_uri = await stranger.request_uri()
    person = Person(stranger.network)
    await person.open(stranger.authorize_url(request_uri))
    await person.sign_in()
    page = person.url
    await person.submit(button=decision)
    for url in (stranger.authorize_url(request_uri), page):
        await person.open(url)
        assert person.status == 410
        assert "decided already" in person.page


async def test_always_authenticate(stranger: Stranger) -> None:
    """A sign-in for another request of the same instance does not count, however fresh it is."""
    person = await stranger.visit()
    assert person.forms()[0].buttons[-1].value == "accept"
    second = Stranger(stranger.network, stranger.asked, "other.test")
    other = await second.visit()
    arrived = await person.client.get(second.authorize_url(await second.request_uri(shared_id=OTHER_ID)))
    assert arrived.headers["location"].startswith(f"{stranger.asked.issuer}/sign-in?")
    shown = await person.client.get(other.url)
    assert shown.headers["location"].startswith(f"{stranger.asked.issuer}/sign-in?")


async def test_always_ask_no_remembered_consent(stranger: Stranger) -> None:
    person = await stranger.visit()
    await person.submit(button="accept")
    stranger.shared_id = OTHER_ID
    await person.open(stranger.authorize_url(await stranger.request_uri()))
    assert "/sign-in?" in person.url
    await person.sign_in()
    assert [button.value for button in person.forms()[0].buttons] == ["deny", "accept"]


def session_for(request_id: str) -> SignInSession:
    return SignInSession(
        id="ses_1",
        instance_id="ins_1",
        secret_hash="",
        kind=SessionKind.COOKIE,
        account_id="1",
        login="alice",
        display_name="Alice",
        is_admin=True,
        browser_id="bro_1",
        for_request=request_id,
        signed_in_at=NOW,
        expires_at=NOW + timedelta(minutes=30),
    )


def test_a_sign_in_counts_for_five_minutes() -> None:
    """The live admin check is at most that old when the decision is made."""
    sign_in = session_for("aut_1")
    assert is_fresh(sign_in, "aut_1", NOW + timedelta(seconds=300))
    assert not is_fresh(sign_in, "aut_1", NOW + timedelta(seconds=301))
    assert not is_fresh(sign_in, "aut_2", NOW)
    assert not is_fresh(None, "aut_1", NOW)


async def test_another_browser_has_to_sign_in(stranger: Stranger) -> None:
    person = await stranger.visit()
    other = Person(stranger.network)
    await other.open(person.url)
    assert "/sign-in?" in other.url


async def test_the_cookie_is_named_for_the_host_and_the_instance(stranger: Stranger) -> None:
    person = await stranger.visit()
    (cookie,) = list[Cookie](person.client.cookies.jar)
    assert cookie.name.startswith("__Host-parley-")
    assert cookie.secure
    assert cookie.path == "/"
    assert {"HttpOnly", "SameSite"} <= set(cookie._rest)  # type: ignore[attr-defined]  # noqa: SLF001


async def test_an_expired_request_says_so_and_how_to_go_back(stranger: Stranger) -> None:
    person = await stranger.visit()
    stranger.asked.clock.advance(300)
    await person.submit(button="accept")
    assert person.status == 410
    assert "expired" in person.page
    assert "asker.test" in person.page


async def test_an_expired_request_says_so_also_when_its_record_has_ended(stranger: Stranger) -> None:
    person = await stranger.visit()
    stranger.asked.clock.advance(300)
    await stranger.asked.work()
    await person.open(person.url)
    assert person.status == 410
    assert "expired" in person.page


async def test_an_unknown_request_is_a_page(stranger: Stranger) -> None:
    answer = await get(stranger, f"{stranger.asked.issuer}/oauth/authorize/aut_1")
    assert answer.status_code == 400
    assert "text/html" in answer.headers["content-type"]


async def test_a_decision_counts_at_the_instance_that_was_asked(stranger: Stranger) -> None:
    await stranger.asked.api.post(
        "/v1/instances", json={"slug": "second", "name": "Second", "platform": "sandbox"}
    )
    person = await stranger.visit()
    request_id = person.url.rpartition("/")[2]
    node, now = stranger.asked.node, stranger.asked.clock.now()
    second = await find_issuer("second", node)
    with pytest.raises(Undecidable) as refusal:
        async with transaction(node.database) as session:
            await decide(session, node, second, request_id, session_for(request_id), Decision.DENY, now)
    assert refusal.value.fault is Fault.UNKNOWN
    await person.submit(button="accept")
    assert person.url.startswith(stranger.redirect_uri)
