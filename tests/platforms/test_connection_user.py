"""The connection's user by OAuth: an admin connects it, rotated refresh tokens are kept, and one process renews."""

import asyncio
import html
from typing import Any

import httpx
import pytest

from service.database.sessions import reading
from service.instances.operations import get_by_slug
from service.instances.renewing import usable_credential
from service.platforms.interface import Credential, SignInFailure, SignInReason
from tests.nodes import Person
from tests.pairs import Pair
from tests.platforms.test_further_platform import Tomorrows, leave
from tests.platforms.tomorrow import CLIENT, TOKENS, WITH_PAGE

TWO_HOURS = 7200

pytestmark = pytest.mark.anyio


@pytest.fixture
async def tomorrows(each_pair: Pair) -> Tomorrows:
    """Node A, on each database, is registered with its Tomorrow."""
    found = Tomorrows(each_pair)
    await found.begin()
    path = f"/v1/instances/{each_pair.a.instance['id']}"
    assert (await each_pair.a.api.patch(path, json={"oauth_client": CLIENT})).status_code == 200
    return found


async def connect(tomorrows: Tomorrows, person: Person, user: str = "max") -> None:
    """An admin signs in for it with a token, and then this account agrees on the platform's page."""
    await person.open(f"{tomorrows.pair.a.issuer}/connection-user")
    await person.submit({"token": TOKENS["olga"]})
    tomorrows.tracker.person = user
    await person.submit(button="agree")


async def user(tomorrows: Tomorrows) -> Credential | None:
    node = tomorrows.pair.a.node
    async with reading(node.database) as session:
        instance = await get_by_slug(session, "tomorrow")
    return await usable_credential(node, WITH_PAGE, instance)


async def checked(tomorrows: Tomorrows) -> dict[str, Any]:
    path = f"/v1/instances/{tomorrows.pair.a.instance['id']}/checks"
    found = (await tomorrows.pair.a.api.post(path)).json()
    return {check["name"]: check for check in found["checks"]}


async def test_an_admin_connects_the_user_with_the_scopes_for_it(tomorrows: Tomorrows) -> None:
    person = await tomorrows.pair.person()
    await person.open(f"{tomorrows.pair.a.issuer}/connection-user")
    assert "becomes the user" in person.page
    await connect(tomorrows, person)
    assert "read and write as Max from now on" in person.page
    assert tomorrows.tracker.asked[-1]["scope"] == "tickets"
    checks = await checked(tomorrows)
    assert checks["sign_in"]["detail"] == "Signed in as Max."
    assert checks["rights"]["detail"] == "The connection's user lacks: Write."
    assert "Settings → Members → write" in checks["rights"]["fix"]


async def test_its_access_is_renewed_and_the_new_refresh_token_kept(tomorrows: Tomorrows) -> None:
    await connect(tomorrows, await tomorrows.pair.person())
    for renewed in (1, 2, 3):
        tomorrows.pair.clock.advance(TWO_HOURS)
        assert (await checked(tomorrows))["sign_in"]["ok"] is True
        assert tomorrows.tracker.refreshed == renewed
    assert (await checked(tomorrows))["sign_in"]["ok"] is True
    assert tomorrows.tracker.refreshed == 3
    assert list(tomorrows.tracker.fresh.values()) == ["max"]


async def test_of_many_at_once_one_renews(tomorrows: Tomorrows) -> None:
    """A rotating refresh token that is shown twice may end all access."""
    await connect(tomorrows, await tomorrows.pair.person())
    tomorrows.pair.clock.advance(TWO_HOURS)
    found = await asyncio.gather(*(user(tomorrows) for _ in range(5)), return_exceptions=True)
    assert tomorrows.tracker.refreshed == 1
    assert [each for each in found if isinstance(each, Credential)]
    waits = [each for each in found if not isinstance(each, Credential)]
    assert all(isinstance(each, SignInFailure) and each.retry_after for each in waits)
    assert await user(tomorrows) is not None


async def test_a_platform_that_is_away_costs_nothing(tomorrows: Tomorrows) -> None:
    await connect(tomorrows, await tomorrows.pair.person())
    tomorrows.pair.clock.advance(TWO_HOURS)
    tomorrows.tracker.trouble = httpx.Response(503)
    with pytest.raises(SignInFailure) as caught:
        await user(tomorrows)
    assert caught.value.reason is SignInReason.UNREACHABLE
    tomorrows.tracker.trouble = None
    assert await user(tomorrows) is not None


async def test_a_process_that_died_with_the_claim_is_waited_for_no_longer_than_a_minute(
    tomorrows: Tomorrows,
) -> None:
    await connect(tomorrows, await tomorrows.pair.person())
    tomorrows.pair.clock.advance(TWO_HOURS)
    host = "acme.tomorrow.example"
    transport = tomorrows.pair.network.hosts.pop(host)
    tomorrows.pair.network.hosts[host] = httpx.MockTransport(_dies)
    with pytest.raises(RuntimeError, match="died"):
        await user(tomorrows)
    tomorrows.pair.network.hosts[host] = transport
    with pytest.raises(SignInFailure, match="being renewed"):
        await user(tomorrows)
    tomorrows.pair.clock.advance(61)
    assert await user(tomorrows) is not None


def _dies(_: httpx.Request) -> httpx.Response:
    raise RuntimeError("the process died")


async def test_access_that_was_revoked_is_said_so_with_the_way_out(tomorrows: Tomorrows) -> None:
    await connect(tomorrows, await tomorrows.pair.person())
    tomorrows.pair.clock.advance(TWO_HOURS)
    tomorrows.tracker.fresh.clear()
    check = (await checked(tomorrows))["sign_in"]
    assert check["ok"] is False
    assert "connection-user" in check["detail"]
    await connect(tomorrows, await tomorrows.pair.person())
    assert (await checked(tomorrows))["sign_in"]["ok"] is True


async def test_who_is_no_admin_connects_nobody(tomorrows: Tomorrows) -> None:
    person = await tomorrows.pair.person()
    await person.open(f"{tomorrows.pair.a.issuer}/connection-user")
    await person.submit({"token": TOKENS["max"]})
    assert person.status == 403
    assert "Settings → Members → Owner" in html.unescape(person.page)
    assert not tomorrows.tracker.asked


async def test_a_link_of_another_site_begins_nothing_for_who_is_signed_in(tomorrows: Tomorrows) -> None:
    """Whoever is signed in for something else signs in again, and reads what for."""
    person = await tomorrows.pair.person()
    session = await tomorrows.pair.session(await tomorrows.pair.draft("script"))
    await person.open(session["start_url"])
    await person.submit({"token": TOKENS["olga"]})
    await person.open(f"{tomorrows.pair.a.issuer}/connection-user")
    assert "becomes the user" in person.page
    assert not tomorrows.tracker.asked


async def test_whoever_cancels_changes_nothing(tomorrows: Tomorrows) -> None:
    person = await tomorrows.pair.person()
    await person.open(f"{tomorrows.pair.a.issuer}/connection-user")
    await leave(person)
    await person.submit(button="agree")
    await person.submit(button="cancel")
    assert person.status == 403
    assert "You did not agree" in person.page
    assert await user(tomorrows) is None


async def test_the_sandbox_has_no_such_page(pair: Pair) -> None:
    person = await pair.person()
    await person.open(f"{pair.a.issuer}/connection-user")
    assert person.status == 404
    assert "PATCH" in person.page
