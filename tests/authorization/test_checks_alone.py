"""Checks, server side: the requests that one check alone stops, where another seems to do as well."""

from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from service.authorization.clients.documents import check_client_id
from service.authorization.requests import deciding as decisions
from service.protocol.errors import InvalidClient
from service.trust import signatures
from tests.authorization.stranger import Json, Stranger, error_of, listed
from tests.forged_tokens import PRIVATE, PUBLIC_MEMBERS, write
from tests.nodes import Person

pytestmark = pytest.mark.anyio
DOCUMENT = "/i/asker/oauth/client.json"


def twin_of(stranger: Stranger, host: str) -> Stranger:
    """Return another client that holds the same key."""
    twin = Stranger(stranger.network, stranger.asked, host)
    twin.private, twin.jwk, twin.kid = stranger.private, stranger.jwk, stranger.kid
    return twin


async def follow_to_sign_in(stranger: Stranger, person: Person) -> str:
    """Return the address of the decision page that the sign-in leads to."""
    await person.open(stranger.authorize_url(await stranger.request_uri()))
    return stranger.asked.url + person.forms()[0].fields["next"]


async def test_client_id_is_https_before_anything_is_fetched(stranger: Stranger) -> None:
    """The way out would refuse http too, after the database was asked for it."""
    with pytest.raises(InvalidClient):
        check_client_id("http://asker.test/client.json", stranger.asked.node.settings)


async def test_a_document_with_jwks_and_jwks_uri_is_refused(stranger: Stranger) -> None:
    """Both are sound, and name different keys: who reads the one trusts another client than who reads the other."""
    stranger.document["jwks_uri"] = f"{stranger.origin}/jwks"
    stranger.pages["/jwks"] = httpx.Response(200, json={"keys": [stranger.jwk]})
    assert error_of(await stranger.push()) == (401, "invalid_client")


async def test_a_jwks_uri_of_another_origin_is_refused(stranger: Stranger) -> None:
    """Also where the right key is there: whoever has that host could add one."""
    other = Stranger(stranger.network, stranger.asked, "keys.test")
    other.pages["/jwks"] = httpx.Response(200, json={"keys": [stranger.jwk]})
    stranger.document["jwks"], stranger.document["jwks_uri"] = None, f"{other.origin}/jwks"
    assert error_of(await stranger.push()) == (401, "invalid_client")
    assert other.fetched == []


async def test_all_keys_of_a_client_are_without_a_private_part(stranger: Stranger) -> None:
    """Also those that did not sign this assertion: everybody can sign with what was published."""
    leaked = signatures.load_key(signatures.generate_key()).public_jwk
    stranger.document["jwks"]["keys"].append({**leaked, "d": "A" * 43})
    assert error_of(await stranger.push()) == (401, "invalid_client")


async def test_a_refused_target_tells_a_stranger_nothing(stranger: Stranger) -> None:
    """An address of our own network and a missing document get the same answer."""
    stranger.pages[DOCUMENT] = httpx.Response(404)
    missing = await stranger.push()
    inside = Stranger(stranger.network, stranger.asked, "10.0.0.1")
    refused = await inside.push()
    assert (refused.status_code, refused.json()) == (missing.status_code, missing.json())
    assert inside.fetched == []


async def test_always_authenticate_on_the_page_itself(stranger: Stranger) -> None:
    """Who is signed in for another request and knows the address of this one's page signs in for it."""
    person = await stranger.visit()
    other = Stranger(stranger.network, stranger.asked, "other.test")
    page = await follow_to_sign_in(other, person)
    await person.open(page)
    assert "/sign-in?" in person.url


async def test_a_sign_in_older_than_it_may_be_decides_nothing(
    stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Today a request expires as fast; a sign-in has to be fresh by itself, however long a request waits."""
    monkeypatch.setattr(decisions, "FRESH", timedelta(seconds=60))
    person = await stranger.visit()
    stranger.asked.clock.advance(61)
    await person.submit(button="accept")
    assert person.url.startswith(stranger.asked.url)
    assert await listed(stranger.asked) == []


async def test_always_ask_no_remembered_consent_after_the_sign_in(stranger: Stranger) -> None:
    person = await stranger.visit()
    await person.submit(button="accept")
    stranger.shared_id = str(uuid4())
    await person.open(stranger.authorize_url(await stranger.request_uri()))
    await person.sign_in()
    assert person.url.startswith(f"{stranger.asked.issuer}/oauth/authorize/")
    assert len(await listed(stranger.asked)) == 1


async def test_303_to_the_sign_in(stranger: Stranger) -> None:
    answer = await Person(stranger.network).client.get(stranger.authorize_url(await stranger.request_uri()))
    assert answer.status_code == 303


async def test_303_after_the_sign_in(stranger: Stranger) -> None:
    """307 would send the password on."""
    person = Person(stranger.network)
    await person.open(stranger.authorize_url(await stranger.request_uri()))
    fields = {**person.forms()[0].fields, "login": "alice", "password": "alice-sandbox"}
    answer = await person.client.post(
        f"{stranger.asked.issuer}/sign-in", data=fields, headers={"Origin": stranger.asked.url}
    )
    assert answer.status_code == 303


async def test_303_at_authorize_for_who_is_signed_in(stranger: Stranger) -> None:
    url = stranger.authorize_url(await stranger.request_uri())
    person = Person(stranger.network)
    await person.open(url)
    await person.sign_in()
    assert (await person.client.get(url)).status_code == 303


async def test_form_action_names_the_verified_redirect_origin(stranger: Stranger) -> None:
    person = await stranger.visit()
    policy = (await person.client.get(person.url)).headers["content-security-policy"]
    assert policy.endswith(f"form-action 'self' {stranger.origin}")


async def test_code_bound_to_the_client_whoever_holds_its_key(stranger: Stranger) -> None:
    code = await stranger.code()
    answer = await twin_of(stranger, "twin.test").redeem(code, redirect_uri=stranger.redirect_uri)
    assert error_of(answer) == (400, "invalid_grant")
    assert (await stranger.redeem(code)).status_code == 200


async def test_dpop_7_the_key_has_no_private_part(stranger: Stranger) -> None:
    """The proof fits otherwise: it is signed with this very key."""
    claims: Json = {
        "jti": uuid4().hex,
        "htm": "POST",
        "htu": f"{stranger.asked.issuer}/oauth/token",
        "iat": int(stranger.asked.clock.now().timestamp()),
    }
    jwk = {**PUBLIC_MEMBERS, "d": "A" * 43}
    proof = write({"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk}, claims, PRIVATE)
    answer = await stranger.redeem(await stranger.code(), proof=proof)
    assert error_of(answer) == (400, "invalid_dpop_proof")
