"""A platform that is defined in the tests alone goes through everything: found, described, signed in to, connected."""

import html
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest

from tests.nodes import Person, RunningNode
from tests.pairs import Pair, read
from tests.platforms.tomorrow import CLIENT, TOKENS, TomorrowServer, registry

A_URL, B_URL = "https://acme.tomorrow.example", "https://globex.tomorrow.example"

pytestmark = pytest.mark.anyio


@dataclass
class Tomorrows:
    """Two nodes in front of two Tomorrows; at B people sign in on Tomorrow's own page."""

    pair: Pair
    tracker: TomorrowServer = field(default_factory=TomorrowServer)

    async def begin(self) -> None:
        for node, url in ((self.pair.a, A_URL), (self.pair.b, B_URL)):
            node.app.state.platforms = registry()
            self.pair.network.hosts[urlsplit(url).hostname or ""] = self.tracker.transport()
            await self.add_instance(node, url)
        await self.change(oauth_client=CLIENT)

    async def add_instance(self, node: RunningNode, url: str) -> None:
        body = {"slug": "tomorrow", "name": f"Tomorrow {node.slug}", "platform": "tomorrow", "url": url}
        node.instance = read(await node.api.post("/v1/instances", json=body), 201)
        node.slug = "tomorrow"

    async def change(self, **changes: Any) -> dict[str, Any]:
        path = f"/v1/instances/{self.pair.b.instance['id']}"
        return read(await self.pair.b.api.patch(path, json=changes), 200)

    async def at_sign_in_of_b(self, draft: dict[str, Any] | None = None) -> tuple[Person, dict[str, Any]]:
        """Return a person who started at A and has to sign in at B, and the draft."""
        draft = draft or await self.pair.draft("script")
        session = await self.pair.session(draft)
        person = await self.pair.person()
        await person.open(session["start_url"])
        await person.submit({"token": TOKENS["olga"]})
        await person.submit()
        assert "Sign in to" in person.page
        return person, draft

    async def agree(self, person: Person, answer: str = "agree") -> None:
        await leave(person)
        await person.submit(button=answer)


async def leave(person: Person) -> None:
    """The person follows the link to the platform's own page."""
    found = re.search(r'id="oauth-away" href="([^"]+)"', person.page)
    assert found is not None, person.page
    await person.open(urljoin(person.url, html.unescape(found[1])))


@pytest.fixture
async def tomorrows(pair: Pair) -> Tomorrows:
    found = Tomorrows(pair)
    await found.begin()
    return found


async def test_two_of_them_are_connected(tomorrows: Tomorrows) -> None:
    person, draft = await tomorrows.at_sign_in_of_b()
    assert "profile</code>: To see who you are." in person.page
    await tomorrows.agree(person)
    assert "Accept this connection?" in person.page
    await person.submit(button="accept")
    await tomorrows.pair.a.work()
    assert (await tomorrows.pair.shown(draft))["state"] == "active"
    assert [item["state"] for item in await tomorrows.pair.listed_at_b()] == ["active"]


async def test_the_platforms_page_is_asked_for_the_least_and_with_pkce(tomorrows: Tomorrows) -> None:
    person, _ = await tomorrows.at_sign_in_of_b()
    await tomorrows.agree(person)
    (asked,) = tomorrows.tracker.asked
    assert asked["redirect_uri"] == f"{tomorrows.pair.b.issuer}/sign-in/return"
    assert (asked["response_type"], asked["scope"], asked["audience"]) == ("code", "profile", "tomorrow")
    assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)
    assert len(asked["state"]) == 43
    assert "authorize" not in str(asked), "the decision that it is for stays here"


async def test_a_member_reads_what_is_missing_and_the_draft_stays(tomorrows: Tomorrows) -> None:
    tomorrows.tracker.person = "max"
    person, draft = await tomorrows.at_sign_in_of_b()
    await tomorrows.agree(person)
    assert "Settings → Members → Owner" in html.unescape(person.page)
    assert (await tomorrows.pair.shown(draft))["state"] == "pending"


@pytest.mark.parametrize("second", ["page", "token"])
async def test_whoever_cancels_reads_why_and_signs_in_the_second_time(
    tomorrows: Tomorrows, second: str
) -> None:
    person, draft = await tomorrows.at_sign_in_of_b()
    await tomorrows.agree(person, "cancel")
    assert person.status == 403
    assert "You did not agree at Tomorrow" in person.page
    assert "<script>" not in person.page
    if second == "page":
        await tomorrows.agree(person)
    else:
        await person.submit({"token": TOKENS["olga"]})
    assert "Accept this connection?" in person.page
    await person.submit(button="accept")
    await tomorrows.pair.a.work()
    assert (await tomorrows.pair.shown(draft))["state"] == "active"


async def test_whoever_takes_too_long_reads_so_and_signs_in_again(tomorrows: Tomorrows) -> None:
    person, _ = await tomorrows.at_sign_in_of_b()
    await leave(person)
    tomorrows.pair.clock.advance(601)
    await person.submit(button="agree")
    assert person.status == 403
    assert "more than ten minutes" in person.page
    assert tomorrows.tracker.redeemed == 0


async def test_the_answer_is_worth_nothing_in_another_browser(tomorrows: Tomorrows) -> None:
    """A link with somebody else's code would sign its reader in as somebody else (login CSRF)."""
    attacker, _ = await tomorrows.at_sign_in_of_b()
    tomorrows.pair.network.hold_back = "/sign-in/return"
    await tomorrows.agree(attacker)
    tomorrows.pair.network.hold_back = None
    victim, _ = await tomorrows.at_sign_in_of_b()
    await victim.open(attacker.url)
    assert victim.status == 400
    assert "not begun in this browser" in victim.page
    await leave(await at_form(victim, tomorrows))
    await victim.open(attacker.url)
    assert victim.status == 400
    assert tomorrows.tracker.redeemed == 0


async def at_form(person: Person, tomorrows: Tomorrows) -> Person:
    """Return the person in front of the sign-in page that they saw before."""
    path = next(url for url in reversed(person.visited) if "/sign-in?" in url)
    await person.open(path)
    return person


async def test_an_answer_counts_once(tomorrows: Tomorrows) -> None:
    person, _ = await tomorrows.at_sign_in_of_b()
    await tomorrows.agree(person)
    answer = next(url for url in person.visited if "/sign-in/return?" in url)
    await person.open(answer)
    assert person.status == 400
    assert tomorrows.tracker.redeemed == 1


@pytest.mark.parametrize("changes", [{"state": ["x" * 43]}, {"state": []}, {"state": ["ü"]}], ids=str)
async def test_another_state_ends_nothing(tomorrows: Tomorrows, changes: dict[str, list[str]]) -> None:
    person, _ = await tomorrows.at_sign_in_of_b()
    tomorrows.pair.network.hold_back = "/sign-in/return"
    await tomorrows.agree(person)
    tomorrows.pair.network.hold_back = None
    right = person.url
    query = {**parse_qs(urlsplit(right).query), **changes}
    pairs = [(name, value) for name, values in query.items() for value in values]
    await person.open(str(httpx.URL(right.partition("?")[0], params=pairs)))
    assert person.status == 400
    await person.open(right)
    assert "Accept this connection?" in person.page


@pytest.mark.parametrize(
    ("trouble", "status", "sentence"),
    [
        pytest.param(
            httpx.Response(200, json={"error": "bad_verification_code"}),
            403,
            "bad_verification_code",
            id="GitHub",
        ),
        pytest.param(
            httpx.Response(400, json={"error": "invalid_grant"}), 403, "sign in again", id="code over"
        ),
        pytest.param(
            httpx.Response(401, json={"error": "invalid_client"}), 424, "client id", id="wrong secret"
        ),
        pytest.param(httpx.Response(400, json={"error": "<b>x</b>"}), 403, "sign in again", id="odd error"),
        pytest.param(
            httpx.Response(200, json={"access_token": None}), 424, "no access token", id="null token"
        ),
        pytest.param(
            httpx.Response(200, json={"access_token": "a b"}), 424, "no access token", id="odd token"
        ),
        pytest.param(
            httpx.Response(200, json={"access_token": "t", "token_type": "mac"}),
            424,
            "another type",
            id="mac",
        ),
        pytest.param(httpx.Response(200, html="<html>"), 424, "not JSON", id="page"),
        pytest.param(httpx.Response(302, headers={"location": "/"}), 424, "not JSON", id="redirect"),
        pytest.param(httpx.Response(503), 424, "Try again", id="away"),
        pytest.param(httpx.Response(429, headers={"Retry-After": "9"}), 424, "in 9 seconds", id="too often"),
    ],
)
async def test_a_code_that_brings_no_token_leads_back_to_the_page(
    tomorrows: Tomorrows, trouble: httpx.Response, status: int, sentence: str
) -> None:
    tomorrows.tracker.trouble = trouble
    person, _ = await tomorrows.at_sign_in_of_b()
    await tomorrows.agree(person)
    assert person.status == status
    assert sentence in html.unescape(person.page)
    assert "<b>x" not in person.page
    tomorrows.tracker.trouble = None
    await tomorrows.agree(person)
    assert "Accept this connection?" in person.page


async def test_a_platform_that_goes_away_between_sign_in_and_decision_takes_nothing_with_it(
    tomorrows: Tomorrows,
) -> None:
    """Rights that cannot be measured any more are shown as declared, and whoever proved to be an admin decides."""
    await tomorrows.change(credential={"method": "token", "values": {"token": TOKENS["max"]}})
    person, draft = await tomorrows.at_sign_in_of_b()
    await tomorrows.agree(person)
    assert "lacks it" in person.page
    tomorrows.pair.network.down.add("globex.tomorrow.example")
    await person.open(person.url)
    assert "Declared by the platform, not measured" in person.page
    await person.submit(button="accept")
    await tomorrows.pair.a.work()
    assert (await tomorrows.pair.shown(draft))["state"] == "active"


async def test_without_a_registration_only_the_other_ways_are_offered(tomorrows: Tomorrows) -> None:
    shown = await tomorrows.change(oauth_client=None)
    assert shown["oauth_client_id"] is None
    person, _ = await tomorrows.at_sign_in_of_b()
    assert "oauth-away" not in person.page
    await person.open(f"{tomorrows.pair.b.issuer}/sign-in/away/oauth?next=/i/tomorrow/invite")
    assert person.status == 424
    assert "not registered" in person.page


async def test_the_secret_is_sealed_and_never_shown(tomorrows: Tomorrows) -> None:
    shown = await tomorrows.change(oauth_client=CLIENT)
    assert shown["oauth_client_id"] == CLIENT["client_id"]
    assert shown["oauth_redirect_uri"] == f"{tomorrows.pair.b.issuer}/sign-in/return"
    assert CLIENT["client_secret"] not in str(shown)


@pytest.mark.parametrize("way", ["token", "nothing", "oauth/../token"])
async def test_there_is_no_page_behind_another_way(tomorrows: Tomorrows, way: str) -> None:
    person = await tomorrows.pair.person()
    await person.open(f"{tomorrows.pair.b.issuer}/sign-in/away/{way}?next=/i/tomorrow/invite")
    assert person.status == 404


async def test_nobody_is_sent_on_to_anywhere_else(tomorrows: Tomorrows) -> None:
    person = await tomorrows.pair.person()
    await person.open(f"{tomorrows.pair.b.issuer}/sign-in/away/oauth?next=https://evil.test/")
    assert person.status == 400
    assert not tomorrows.tracker.asked


async def test_programs_bring_no_access_token_of_their_own(tomorrows: Tomorrows) -> None:
    """One that was made for another application would sign in whoever agreed to that one."""
    body = {"instance": "tomorrow", "method": "oauth", "values": {"access_token": "access-olga"}}
    answer = await tomorrows.pair.b.api.post("/v1/sessions", json=body)
    assert answer.status_code == 422
    assert "token" in answer.json()["errors"][0]["detail"]


async def test_it_is_described_and_found_like_every_platform(tomorrows: Tomorrows) -> None:
    listed = {each["name"]: each for each in (await tomorrows.pair.b.read("/v1/platforms"))["items"]}
    (by_page, by_token) = listed["tomorrow"]["sign_in"]
    assert by_page["oauth"]["scopes"] == [{"name": "profile", "reason": "To see who you are."}]
    assert by_token["oauth"] is None
    probe = {"instance": "tomorrow", "url": f"{B_URL}/t/7"}
    found = await tomorrows.pair.post("/v1/destination-probes", probe, expected=200)
    assert (found["outcome"], found["platform"], found["version"]) == ("node_unknown", "tomorrow", "2.1")


async def test_a_platform_without_such_a_page_takes_no_client(pair: Pair) -> None:
    answer = await pair.b.api.patch(f"/v1/instances/{pair.b.instance['id']}", json={"oauth_client": CLIENT})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/oauth_client"
