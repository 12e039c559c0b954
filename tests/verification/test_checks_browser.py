"""Checks, client side: the callback counts for the admin who started, in the same browser, and for nobody else."""

from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import col, update

from service.access.models import SignInSession
from service.database.sessions import transaction
from service.platforms import sandbox
from tests.nodes import Person
from tests.pairs import Pair

pytestmark = pytest.mark.anyio


@pytest.fixture
async def session(pair: Pair) -> dict[str, Any]:
    return await pair.session(await pair.draft())


async def accepted(pair: Pair, session: dict[str, Any]) -> Person:
    """Return a person whose browser stands before the callback, with everything that it takes."""
    person = await pair.to_consent(session)
    pair.network.hold_back = "/oauth/callback"
    await person.submit(button="accept")
    pair.network.hold_back = None
    return person


async def assert_refused(pair: Pair, session: dict[str, Any], person: Person, callback: str) -> None:
    """The callback is refused in this browser, and changes nothing."""
    await person.open(callback)
    assert person.status == 401
    assert (await pair.shown_session(session))["state"] == "awaiting_decision"


async def test_the_callback_of_the_same_admin_in_another_browser(pair: Pair, session: dict[str, Any]) -> None:
    callback = (await accepted(pair, session)).url
    elsewhere = await pair.person()
    await elsewhere.open(session["start_url"])
    await elsewhere.sign_in()
    await assert_refused(pair, session, elsewhere, callback)


async def test_the_callback_of_another_admin(
    pair: Pair, session: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    second = replace(sandbox.ACCOUNTS["alice"], id="3", password="carol-sandbox", name="Carol Admin")
    monkeypatch.setitem(sandbox.ACCOUNTS, "carol", second)
    person = await accepted(pair, session)
    callback = person.url
    await person.open(f"{pair.a.issuer}/sign-in?next=/v1/verification-sessions/{session['id']}/start")
    await person.sign_in("carol")
    await assert_refused(pair, session, person, callback)


async def test_the_callback_of_who_is_not_signed_in(pair: Pair, session: dict[str, Any]) -> None:
    callback = (await accepted(pair, session)).url
    await assert_refused(pair, session, await pair.person(), callback)


async def test_the_callback_of_who_is_no_admin_any_more(pair: Pair, session: dict[str, Any]) -> None:
    person = await accepted(pair, session)
    async with transaction(pair.a.node.database) as database:
        demoted = update(SignInSession).where(col(SignInSession.login) == "alice").values(is_admin=False)
        await database.exec(demoted)
    await assert_refused(pair, session, person, person.url)
