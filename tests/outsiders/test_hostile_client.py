"""A hostile client has a key, a document and patience; what it takes from one attempt or client is nothing at another.

The checks one by one are in tests/authorization; here they are put together as an attacker would.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from service.trust.tokens import pkce_challenge
from tests import databases
from tests.authorization.stranger import VERIFIER, Stranger, error_of, listed, query_of
from tests.nodes import Network, Person, RunningNode, running_node
from tests.outsiders.hostile_node import read_part
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
OTHER_VERIFIER = "w" * 43


@dataclass
class Crowd:
    """A node that is asked, and a new client for each who asks for one."""

    network: Network
    b: RunningNode
    count: int = 0

    def stranger(self) -> Stranger:
        self.count += 1
        self.b.clock.advance(61)
        return Stranger(self.network, self.b, f"asker{self.count}.test")


@pytest.fixture(scope="module")
async def crowd(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Crowd]:
    database = databases.sqlite_copy(sqlite_template, tmp_path_factory.mktemp("crowd") / "parley.db")
    network = Network()
    async with running_node(network, "b", database, FrozenClock()) as b:
        yield Crowd(network, b)


async def test_the_codes_of_two_attempts_of_one_client(crowd: Crowd) -> None:
    """Code injection: a code that was seen somewhere is put into a session of one's own."""
    stranger = crowd.stranger()
    first_id = stranger.shared_id
    first = await stranger.code()
    stranger.shared_id = f"{first_id[:-4]}0001"
    second = await stranger.code(code_challenge=pkce_challenge(OTHER_VERIFIER))
    assert error_of(await stranger.redeem(first, code_verifier=OTHER_VERIFIER)) == (400, "invalid_grant")
    assert error_of(await stranger.redeem(second, code_verifier=VERIFIER)) == (400, "invalid_grant")
    assert (await stranger.redeem(first)).json()["shared_id"] == first_id
    assert (await stranger.redeem(second, code_verifier=OTHER_VERIFIER)).is_success


async def test_the_code_of_one_client_in_the_session_of_another(crowd: Crowd) -> None:
    victim, thief = crowd.stranger(), crowd.stranger()
    code = await victim.code()
    own = await thief.code()
    for words in ({}, {"redirect_uri": victim.redirect_uri}, {"client_id": victim.client_id}):
        assert error_of(await thief.redeem(code, **words))[1] in {"invalid_grant", "invalid_client"}
    both = {"client_id": victim.client_id, "redirect_uri": victim.redirect_uri}
    forged = thief.assertion(iss=victim.client_id, sub=victim.client_id)
    answer = await thief.redeem(code, client_assertion=forged, **both)
    assert error_of(answer) == (401, "invalid_client")
    assert (await victim.redeem(code)).is_success
    assert (await thief.redeem(own)).json()["shared_id"] == thief.shared_id


async def test_the_request_uri_of_another_client(crowd: Crowd) -> None:
    """Its page would show the one and answer the other."""
    victim, thief = crowd.stranger(), crowd.stranger()
    request_uri = await victim.request_uri()
    person = Person(crowd.network)
    for url in (
        thief.authorize_url(request_uri),
        victim.authorize_url(await thief.request_uri()),
        victim.authorize_url(request_uri, redirect_uri=thief.redirect_uri),
        victim.authorize_url(request_uri.upper()),
        victim.authorize_url(f"{thief.origin}/request.jwt"),
    ):
        await person.open(url)
        assert (person.status, person.url) == (400, url)
    assert thief.fetched.count("/request.jwt") == 0
    await person.open(victim.authorize_url(request_uri))
    assert "/sign-in" in person.url


async def test_the_page_of_an_older_push_accepts_nothing_of_a_newer_one(crowd: Crowd) -> None:
    """Bait and switch: what the admin has before their eyes is what they accept, or nothing is."""
    stranger = crowd.stranger()
    person = await stranger.visit(scope="items:read")
    await stranger.request_uri(scope="items:read items:write comments:write")
    await person.submit(button="accept")
    assert person.status in {400, 410}
    assert stranger.shared_id not in {item["shared_id"] for item in await listed(crowd.b)}


async def test_the_decision_page_of_another_request(crowd: Crowd) -> None:
    """The form of one request is sent to the address of another one."""
    harmless, greedy = crowd.stranger(), crowd.stranger()
    person = await harmless.visit()
    (form,) = person.forms()
    other = Person(crowd.network)
    await other.open(greedy.authorize_url(await greedy.request_uri()))
    await other.sign_in()
    answer = await person.client.post(
        other.url, data={**form.fields, "decision": "accept"}, headers={"Origin": crowd.b.url}
    )
    assert answer.status_code in {303, 401}
    assert "code" not in query_of(answer.headers.get("location", ""))
    assert greedy.shared_id not in {item["shared_id"] for item in await listed(crowd.b)}


async def test_parameters_in_the_address_count_for_nothing(crowd: Crowd) -> None:
    """Addresses are logged: what belongs into a body is read from there only."""
    stranger = crowd.stranger()
    pushed = await stranger.post(f"/oauth/par?{urlencode(stranger.push_form())}", {})
    assert pushed.is_client_error
    query = urlencode(stranger.push_form(scope="items:write"))
    request_uri = (await stranger.post(f"/oauth/par?{query}", stranger.push_form())).json()["request_uri"]
    person = Person(crowd.network)
    await person.open(stranger.authorize_url(request_uri))
    await person.sign_in()
    await person.submit(button="accept")
    code = query_of(person.url)["code"]
    headers = {"DPoP": stranger.proof("POST", f"{crowd.b.issuer}/oauth/token")}
    in_address = await stranger.post(
        f"/oauth/token?{urlencode({'code': code})}", stranger.token_form(), headers=headers
    )
    assert error_of(in_address) == (400, "invalid_request")
    redeemed = (await stranger.redeem(code)).json()
    assert read_part(redeemed["connection_attestation"], 1)["scope"] == "items:read comments:read"


AUTHORIZATIONS: dict[str, Callable[[str], list[tuple[str, str]]]] = {
    "a bearer": lambda token: [("Authorization", f"Bearer {token}")],
    "none": lambda _: [],
    "two": lambda token: [("Authorization", f"DPoP {token}"), ("Authorization", f"DPoP {token}")],
    "two in one": lambda token: [("Authorization", f"DPoP {token}, DPoP {token}")],
    "basic": lambda token: [("Authorization", f"Basic {token}")],
    "in capitals and cut": lambda token: [("Authorization", f"DPOP {token[:-2]}")],
}


@pytest.mark.parametrize("name", AUTHORIZATIONS)
async def test_an_access_token_is_shown_in_one_way_only(crowd: Crowd, name: str) -> None:
    stranger = crowd.stranger()
    token = (await stranger.redeemed())["access_token"]
    for method, end in (("GET", ""), ("PUT", "/activation"), ("DELETE", "")):
        path = f"/connections/{stranger.shared_id}{end}"
        proof = stranger.proof(method, crowd.b.issuer + path, token)
        answer = await stranger.raw(method, path, [*AUTHORIZATIONS[name](token), ("DPoP", proof)])
        assert error_of(answer) == (401, "invalid_token")
        in_address = f"{path}?access_token={token}"
        assert (await stranger.raw(method, in_address, {"DPoP": proof})).status_code == 401
    assert (await stranger.call("GET", token)).json()["state"] == "redeemed"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "TRACE"])
async def test_forms_are_posted(crowd: Crowd, method: str) -> None:
    stranger = crowd.stranger()
    for path, form in (("/oauth/par", stranger.push_form()), ("/oauth/token", stranger.token_form(code="x"))):
        answer = await stranger.raw(method, f"{path}?{urlencode(form)}", {})
        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"
