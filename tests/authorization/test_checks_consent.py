"""Checks, server side: what the decision page shows, who may decide, and where the browser goes."""

import html
import re
from dataclasses import replace
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import pytest

from service.platforms import sandbox
from tests.authorization.stranger import Stranger, listed, query_of
from tests.nodes import Person

pytestmark = pytest.mark.anyio


async def post(person: Person, *, origin: str | None = None, **changes: str) -> httpx.Response:
    """Return the answer to the page's form with these changes, not followed."""
    form = person.forms()[0]
    fields = {**form.fields, "decision": "accept", **changes}
    headers = {"Origin": origin or "{0.scheme}://{0.netloc}".format(urlsplit(person.url))}
    return await person.client.post(person.url, data=fields, headers=headers)


async def test_iss_and_state_on_success(stranger: Stranger) -> None:
    person = await stranger.visit()
    await person.submit(button="accept")
    assert person.url.startswith(f"{stranger.redirect_uri}?")
    answer = query_of(person.url)
    assert set(answer) == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == (stranger.state, stranger.asked.issuer)


async def test_iss_and_state_on_error(stranger: Stranger) -> None:
    person = await stranger.visit()
    await person.submit(button="deny")
    answer = query_of(person.url)
    assert set(answer) == {"error", "error_description", "state", "iss"}
    assert answer["error"] == "access_denied"
    assert (answer["state"], answer["iss"]) == (stranger.state, stranger.asked.issuer)


async def test_a_redirect_with_a_query_keeps_it(stranger: Stranger) -> None:
    stranger.redirect_uri += "?tenant=1"
    stranger.document["redirect_uris"] = [stranger.redirect_uri]
    person = await stranger.visit()
    await person.submit(button="accept")
    assert [name for name, _ in parse_qsl(urlsplit(person.url).query)] == ["tenant", "code", "state", "iss"]


async def test_303_never_307(stranger: Stranger) -> None:
    person = await stranger.visit()
    answer = await post(person)
    assert answer.status_code == 303
    assert answer.headers["cache-control"] == "no-store"


async def test_code_at_least_128_bit_and_hashed(stranger: Stranger) -> None:
    person = await stranger.visit()
    await person.submit(button="accept")
    assert len(query_of(person.url)["code"]) == 43


async def test_consent_shows_the_host_of_client_id_and_the_rest_as_claims(stranger: Stranger) -> None:
    stranger.document["parley_instance"]["name"] = "<b>bank.example</b>\u202e"
    person = await stranger.visit()
    shown = re.search(r'<p class="asking-host host">(.*?)</p>', person.page, re.DOTALL)
    assert shown is not None
    assert "asker.test" in re.sub(r"<[^>]*>|\s", "", shown[1])
    assert "<b>bank" not in person.page
    assert "\u202e" not in person.page
    assert "claimed, not verified" in person.page
    assert "Read items." in person.page
    assert "Read comments." in person.page
    assert "Create and change items." not in person.page


async def test_deny_as_prominent_as_accept(stranger: Stranger) -> None:
    person = await stranger.visit()
    assert [button.value for button in person.forms()[0].buttons] == ["deny", "accept"]
    assert person.page.count('<button class="button" type="submit" name="decision"') == 2


async def test_consent_page_headers(stranger: Stranger) -> None:
    """frame-ancestors 'none', Referrer-Policy, strict CSP whose form-action names the verified redirect origin."""
    person = await stranger.visit()
    answer = await person.client.get(person.url)
    policy = answer.headers["content-security-policy"]
    assert "form-action 'self' https://asker.test" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"


async def test_rights_are_measured_where_a_credential_is_stored(stranger: Stranger) -> None:
    page = html.unescape((await stranger.visit()).page)
    assert "No user of connections is stored for this instance yet" in page
    assert (
        "Declared by the platform, not measured. An admin grants it: The sandbox's people are fixed" in page
    )
    credential = {"method": "password", "values": {"login": "bob", "password": "bob-sandbox"}}
    instance = stranger.asked.instance["id"]
    answer = await stranger.asked.api.patch(f"/v1/instances/{instance}", json={"credential": credential})
    assert answer.status_code == 200, answer.text
    page = (await stranger.visit(scope="items:read items:write")).page
    assert "has it" in page
    assert "lacks it" in page


async def test_consent_post_has_a_form_token_bound_to_session_and_request(stranger: Stranger) -> None:
    person = await stranger.visit()
    token = person.forms()[0].fields["form_token"]
    for wrong in ("", "x", token[:-1]):
        assert (await post(person, form_token=wrong)).status_code == 401
    other = Stranger(stranger.network, stranger.asked, "other.test")
    second = await other.visit()
    assert (await post(second, form_token=token)).status_code == 401
    again = Person(stranger.network)
    await again.open(person.url)
    await again.sign_in()
    assert (await post(again, form_token=token)).status_code == 401
    assert (await post(person)).status_code == 303


async def test_consent_post_from_another_site_is_refused(stranger: Stranger) -> None:
    person = await stranger.visit()
    for origin in ("https://asker.test", "null", "https://b.test.evil.test"):
        assert (await post(person, origin=origin)).status_code == 401
    assert (await post(person)).status_code == 303


async def test_repeated_parameters_refused_in_the_decision(stranger: Stranger) -> None:
    person = await stranger.visit()
    token = person.forms()[0].fields["form_token"]
    answer = await person.client.post(
        person.url,
        content=f"decision=deny&decision=accept&form_token={token}",
        headers={"Origin": "https://b.test", "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 400
    assert "text/html" in answer.headers["content-type"]
    assert (await post(person, decision="perhaps")).status_code == 400


async def test_a_decision_needs_the_session(stranger: Stranger) -> None:
    person = await stranger.visit()
    page, form = person.url, person.forms()[0].fields
    person.client.cookies.clear()
    answer = await person.client.post(
        page, data={**form, "decision": "accept"}, headers={"Origin": "https://b.test"}
    )
    assert answer.status_code == 303
    await person.open(urljoin(page, answer.headers["location"]))
    assert person.url.startswith(f"{stranger.asked.issuer}/sign-in?")


async def test_a_sign_in_older_than_five_minutes_decides_nothing(stranger: Stranger) -> None:
    """The admin check is live: at most five minutes before the decision."""
    person = await stranger.visit()
    stranger.asked.clock.advance(301)
    answer = await post(person)
    assert answer.headers["location"] == urlsplit(person.url).path
    assert await listed(stranger.asked) == []


async def test_the_live_admin_check_decides(stranger: Stranger) -> None:
    """Who is no admin reads what is missing, and can only go back."""
    person = await stranger.visit("bob")
    assert person.status == 403
    assert "alice" in person.page
    assert [button.value for button in person.forms()[0].buttons] == ["back"]
    assert (await post(person, decision="accept")).status_code == 403
    assert await listed(stranger.asked) == []
    await person.submit(button="back")
    answer = query_of(person.url)
    assert answer["error"] == "access_denied"
    assert answer["error_description"].startswith("not_an_admin:")


async def test_the_same_decision_again_gives_the_same_303_while_the_code_lives(stranger: Stranger) -> None:
    person = await stranger.visit()
    first = await post(person)
    stranger.asked.clock.advance(59)
    again = await post(person)
    assert again.headers["location"] == first.headers["location"]
    assert (await post(person, decision="deny")).status_code == 410
    stranger.asked.clock.advance(1)
    late = await post(person)
    assert late.status_code == 410
    assert "location" not in late.headers
    assert len(await listed(stranger.asked)) == 1


async def test_the_code_is_not_shown_again_once_it_was_redeemed(stranger: Stranger) -> None:
    person = await stranger.visit()
    first = await post(person)
    code = query_of(first.headers["location"])["code"]
    assert (await stranger.redeem(code)).status_code == 200
    assert (await post(person)).status_code == 410


async def test_another_admin_does_not_get_the_code_of_the_first(
    stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both sat in front of the page; the code is the first one's, and says who accepted."""
    monkeypatch.setitem(sandbox.ACCOUNTS, "bob", replace(sandbox.ACCOUNTS["bob"], is_admin=True))
    alice = await stranger.visit()
    bob = Person(stranger.network)
    await bob.open(alice.url)
    await bob.sign_in("bob")
    assert (await post(alice)).status_code == 303
    assert (await post(bob)).status_code == 410


async def test_denying_again_says_the_same_and_accepting_then_is_too_late(stranger: Stranger) -> None:
    person = await stranger.visit()
    first = await post(person, decision="deny")
    again = await post(person, decision="deny")
    assert first.headers["location"] == again.headers["location"]
    assert (await post(person)).status_code == 410
    assert await listed(stranger.asked) == []
