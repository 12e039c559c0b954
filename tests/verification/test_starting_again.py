"""A last page leads on: it starts a new attempt where one ended without success, and tells the result."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from service.pages.onward import with_result
from tests.nodes import Person
from tests.pairs import Pair

pytestmark = pytest.mark.anyio
DONE = "https://wizard.test/done?step=4"


async def denied(pair: Pair) -> tuple[Person, dict[str, object]]:
    """Return a person in front of the last page of an attempt that they denied, and its connection."""
    connection = await pair.draft()
    person = await pair.to_consent(await pair.session(connection))
    await person.submit(button="deny")
    return person, connection


async def test_a_denied_attempt_is_started_again_from_its_page(pair: Pair) -> None:
    person, connection = await denied(pair)
    ended = person.url
    await person.submit(button="again")
    assert person.url != ended
    assert "Did you start this?" in person.page
    await person.submit()
    await person.sign_in()
    await person.submit(button="accept")
    await pair.work()
    assert (await pair.shown(connection))["state"] == "active"


async def test_an_expired_attempt_is_started_again_from_its_page(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    pair.clock.advance(16 * 60)
    person = await pair.person()
    await person.open(session["start_url"])
    await person.sign_in()
    await person.submit(button="again")
    assert "Did you start this?" in person.page


async def test_an_active_connection_that_was_to_be_verified_anew_is_started_again(pair: Pair) -> None:
    connection, _ = await pair.connected()
    path = f"/v1/connections/{connection['id']}/verification-sessions"
    person = await pair.to_consent(await pair.post(path, {"purpose": "reconnect"}))
    await person.submit(button="deny")
    await person.submit(button="again")
    assert "stays so meanwhile" in person.page


async def test_starting_again_takes_the_form_of_the_page(pair: Pair) -> None:
    person, connection = await denied(pair)
    forged = await person.client.post(
        person.url, data={"form_token": "0" * 64, "decision": "again"}, headers={"Origin": pair.a.url}
    )
    assert forged.status_code == 401
    assert (await pair.shown(connection))["state"] == "draft"


async def test_an_attempt_that_goes_on_is_not_started_again(pair: Pair) -> None:
    session = await pair.session(await pair.draft())
    person = await pair.to_consent(session)
    await person.open(session["start_url"])
    (form,) = person.forms()
    answer = await person.client.post(
        session["start_url"], data={**form.fields, "decision": "again"}, headers={"Origin": pair.a.url}
    )
    assert answer.status_code == 303
    assert "request_uri" in answer.headers["Location"]


async def test_a_page_without_a_return_url_leads_to_the_instance(pair: Pair) -> None:
    person, _ = await denied(pair)
    assert f'href="{pair.a.instance["url"]}"' in person.page


@pytest.mark.parametrize(("button", "result"), [("accept", "active"), ("deny", "denied")])
async def test_the_return_url_gets_the_connection_and_the_result(
    pair: Pair, button: str, result: str
) -> None:
    await pair.a.api.patch(f"/v1/instances/{pair.a.instance['id']}", json={"return_urls": [DONE]})
    draft = await pair.draft(return_url=DONE)
    session = await pair.session(draft)
    person = await pair.to_consent(session)
    await person.submit(button=button)
    await pair.work()
    await person.open(session["start_url"])
    links = [part.split('"')[0] for part in person.page.split('href="') if part.startswith("https://wizard")]
    (link,) = [link.replace("&amp;", "&") for link in links]
    assert dict(parse_qsl(urlsplit(link).query)) == {
        "step": "4",
        "connection": draft["id"],
        "result": result,
    }


def test_a_return_url_says_nothing_of_its_own_about_the_result() -> None:
    url = with_result("https://wizard.test/?result=active&connection=con_1&x=#top", "con_2", "denied")
    assert url == "https://wizard.test/?x=&connection=con_2&result=denied#top"
