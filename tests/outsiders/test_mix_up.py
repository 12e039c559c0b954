"""Two other sides at once, one of them hostile: what the hostile one gets or sends opens nothing at the honest one."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.authorization.stranger import Stranger, error_of, query_of
from tests.nodes import Person
from tests.outsiders.hostile_node import HostileNode
from tests.outsiders.lies import change
from tests.pairs import DETAILS, Pair, read

pytestmark = pytest.mark.anyio


@pytest.fixture
def evil(pair: Pair) -> HostileNode:
    return HostileNode(pair.network, pair.clock)


async def begin(pair: Pair, issuer: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a draft towards this issuer and its verification session."""
    destination = {"type": "public", "url": issuer}
    body = {"instance": pair.a.slug, "destination": destination, "details": DETAILS, "mode": "visual"}
    draft = read(await pair.a.api.post("/v1/connections", json=body), 201)
    return draft, await pair.session(draft)


async def press_start(person: Person, session: dict[str, Any]) -> None:
    """The admin of A presses Start; the browser follows until it has to be asked something."""
    await person.open(session["start_url"])
    if "/sign-in" in person.url:
        await person.sign_in()
    await person.submit()


async def accept_at_b(pair: Pair, person: Person) -> str:
    """Return the callback to which B sends the browser; the browser waits in front of it."""
    await person.sign_in()
    pair.network.hold_back = "/oauth/callback"
    await person.submit(button="accept")
    pair.network.hold_back = None
    return person.url


def with_query(url: str, **changes: str) -> str:
    """Return the URL with other query parameters."""
    return f"{url.partition('?')[0]}?{urlencode({**query_of(url), **changes})}"


async def test_the_code_of_one_session_with_the_state_of_another(pair: Pair, evil: HostileNode) -> None:
    """Code injection: B's code would go to the hostile node's token endpoint, if iss were not compared."""
    person = await pair.person()
    honest, honest_session = await begin(pair, pair.b.issuer)
    other, other_session = await begin(pair, evil.issuer)
    pair.network.hold_back = "/oauth/callback"
    await press_start(person, other_session)
    state_of_other = query_of(person.url)["state"]
    pair.network.hold_back = None
    await press_start(person, honest_session)
    callback = await accept_at_b(pair, person)

    await person.open(with_query(callback, state=state_of_other))
    assert person.status == 401
    await person.open(with_query(callback, iss=evil.issuer))
    assert person.status == 401
    await pair.a.work()
    assert not evil.was_asked("/oauth/token")
    assert (await pair.shown(other))["state"] == "pending"

    await person.open(callback)
    await pair.a.work()
    assert (await pair.shown(honest))["state"] == "active"


async def test_a_code_that_came_to_the_hostile_node_opens_nothing(pair: Pair, evil: HostileNode) -> None:
    """The hostile node says that B's code is its own: it gets the code, and B does not take it from there."""
    person = await pair.person()
    honest, honest_session = await begin(pair, pair.b.issuer)
    other, other_session = await begin(pair, evil.issuer)
    await press_start(person, honest_session)
    callback = await accept_at_b(pair, person)
    stolen = query_of(callback)["code"]
    evil.lies["authorize"] = lambda true: {**true, "code": stolen}
    await press_start(person, other_session)
    await pair.a.work()
    form = dict(parse_qsl(evil.was_asked("/oauth/token")[0].content.decode()))
    assert form["code"] == stolen

    thief = Stranger(pair.network, pair.b, "thief.test")
    own_words = {"redirect_uri": form["redirect_uri"], "code_verifier": form["code_verifier"]}
    assert error_of(await thief.redeem(stolen, **own_words)) == (400, "invalid_grant")
    sent_on = {name: form[name] for name in ("client_id", "client_assertion", "client_assertion_type")}
    assert error_of(await thief.redeem(stolen, **own_words, **sent_on)) == (401, "invalid_client")

    await person.open(callback)
    await pair.a.work()
    assert (await pair.shown(honest))["state"] == "active"
    assert (await pair.shown(other))["state"] == "active", "with the hostile node itself, as its admin wished"


async def test_what_was_signed_for_the_hostile_node_is_nothing_at_the_honest_one(
    pair: Pair, evil: HostileNode
) -> None:
    """Audience injection: the assertion names one issuer, and the proof one URL."""
    _, session = await begin(pair, evil.issuer)
    await press_start(await pair.person(), session)
    await pair.a.work()
    (pushed,) = evil.was_asked("/oauth/par")
    redeemed = evil.was_asked("/oauth/token")[0]
    relay = Stranger(pair.network, pair.b, "relay.test")

    form = dict(parse_qsl(pushed.content.decode()))
    assert error_of(await relay.post("/oauth/par", form)) == (401, "invalid_client")
    token = dict(parse_qsl(redeemed.content.decode()))
    headers = {"DPoP": redeemed.headers["dpop"]}
    answer = await relay.post("/oauth/token", token, headers=headers)
    assert error_of(answer) == (401, "invalid_client")
    own = relay.token_form(code="c" * 43)
    assert error_of(await relay.post("/oauth/token", own, headers=headers)) == (400, "invalid_dpop_proof")
    assert await pair.listed_at_b() == []


async def test_a_hostile_node_that_relays_the_browser_is_shown_by_its_own_name(
    pair: Pair, evil: HostileNode
) -> None:
    """It pushes at B what A pushed at it, and sends the browser there: the page tells who asks, and another code."""
    draft, session = await begin(pair, evil.issuer)
    relay = Stranger(pair.network, pair.b, "relay.test")
    person = await pair.person()
    pair.network.hold_back = "/oauth/callback"
    await press_start(person, session)
    copied = {name: evil.pushed[name] for name in ("state", "nonce", "code_challenge", "shared_id")}
    await person.open(relay.authorize_url(await relay.request_uri(**copied)))
    await person.sign_in()
    assert "relay.test" in person.page
    assert urlsplit(pair.a.url).netloc not in person.page
    assert session["comparison_code"] not in person.page

    await person.submit(button="accept")
    assert person.url.startswith(relay.redirect_uri)
    await pair.work()
    assert (await pair.shown(draft))["state"] == "pending"
    assert not evil.was_asked("/oauth/token")


async def test_the_word_of_the_honest_node_about_another_client_is_no_attestation(
    pair: Pair, evil: HostileNode
) -> None:
    """B attests something to a node, which shows it to A as if it were about A."""
    relay = Stranger(pair.network, pair.b, "relay.test")
    attested = (await relay.redeemed())["connection_attestation"]
    draft, session = await begin(pair, evil.issuer)
    evil.lies["token"] = change(connection_attestation=attested)
    await press_start(await pair.person(), session)
    await pair.a.work()
    back = await pair.shown(draft)
    assert (back["state"], back["last_error"]["code"]) == ("draft", "destination-refused")
    assert back["last_error"]["upstream"]["description"] == "kid"


async def test_the_request_of_one_browser_finished_in_another(pair: Pair) -> None:
    """Somebody sends an admin of B the link of their own attempt: the acceptance comes back to nobody."""
    draft, session = await begin(pair, pair.b.issuer)
    attacker = await pair.person()
    await press_start(attacker, session)
    link = next(url for url in attacker.visited if "/oauth/authorize?" in url)
    victim = await pair.person()
    await victim.open(link)
    await victim.open(await accept_at_b(pair, victim))
    assert victim.status == 401
    await pair.a.work()
    assert (await pair.shown(draft))["state"] == "pending"
    assert [item["state"] for item in await pair.listed_at_b()] == ["pending"]


async def test_the_request_uri_of_another_attempt(pair: Pair) -> None:
    """Swapped in the browser's address: B asks about the other attempt, and A takes its answer for that one only."""
    first, first_session = await begin(pair, pair.b.issuer)
    second, second_session = await begin(pair, pair.b.issuer)
    person = await pair.person()
    await press_start(person, first_session)
    await press_start(person, second_session)
    of_first, of_second = [url for url in person.visited if "/oauth/authorize?" in url]
    stranger = Stranger(pair.network, pair.b)
    await person.open(with_query(of_second, client_id=stranger.client_id))
    assert person.status == 400

    await person.open(of_first)
    await person.open(await accept_at_b(pair, person))
    await pair.a.work()
    assert (await pair.shown(first))["state"] == "active"
    assert (await pair.shown(second))["state"] == "pending"
