"""Checks, server side: what a code is good for, and what the attestation says."""

from urllib.parse import urlencode

import pytest
from sqlmodel import select

from service.authorization.requests.models import AuthorizationRequest
from service.database.sessions import reading
from service.trust import signatures
from service.trust.signatures import Purpose, thumbprint
from tests.authorization.stranger import VERIFIER, Json, Stranger, error_of, only_connection

pytestmark = pytest.mark.anyio


async def test_a_code_becomes_a_dpop_bound_token_for_one_connection(stranger: Stranger) -> None:
    answer = await stranger.redeem(await stranger.code())
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["token_type"], body["expires_in"], body["shared_id"]) == ("DPoP", 300, stranger.shared_id)
    claims = await read(stranger, body["access_token"], Purpose.ACCESS_TOKEN)
    assert claims["sub"] == stranger.client_id
    assert claims["cnf"] == {"jkt": thumbprint(stranger.jwk)}
    assert claims["exp"] - claims["iat"] == 300


async def read(stranger: Stranger, token: str, purpose: Purpose) -> Json:
    """Return the claims, verified with the keys that the issuer publishes."""
    issuer = stranger.asked.issuer
    keys = (await stranger.asked.api.get(f"{issuer}/oauth/jwks")).json()["keys"]
    audience = issuer if purpose is Purpose.ACCESS_TOKEN else stranger.client_id
    now = stranger.asked.clock.now()
    return dict(signatures.verify(token, purpose, keys, issuer=issuer, audience=audience, now=now).claims)


async def test_the_attestation_says_everything(stranger: Stranger) -> None:
    """Each of its required claims, with the admin's own sign-in as the check."""
    signed_in_at = int(stranger.asked.clock.now().timestamp())
    person = await stranger.visit()
    stranger.asked.clock.advance(30)
    await person.submit(button="accept")
    code = person.url.split("code=")[1].split("&")[0]
    stranger.asked.clock.advance(30)
    body = (await stranger.redeem(code)).json()
    claims = await read(stranger, body["connection_attestation"], Purpose.ATTESTATION)
    assert claims["role"] == "admin"
    assert claims["auth_time"] == claims["admin_checked_at"] == signed_in_at
    assert claims["nonce"] == stranger.nonce
    assert claims["shared_id"] == stranger.shared_id
    assert claims["instance"] == stranger.asked.instance["url"]
    assert claims["platform"] == "sandbox"
    assert claims["scope"] == "items:read comments:read"
    assert claims["cnf"] == {"jkt": thumbprint(stranger.jwk)}
    assert claims["iat"] == signed_in_at + 60
    assert claims["exp"] == signed_in_at + 60 + 600
    assert claims["jti"]


async def test_the_subject_is_opaque_and_pairwise(stranger: Stranger) -> None:
    other = Stranger(stranger.network, stranger.asked, "other.test")
    subjects = []
    for asker in (stranger, other, stranger):
        body = await asker.redeemed()
        claims = await read(asker, body["connection_attestation"], Purpose.ATTESTATION)
        subjects.append(claims["sub"])
        asker.shared_id = "00000000-0000-4000-8000-000000000000"
    assert subjects[0] == subjects[2] != subjects[1]
    assert "alice" not in str(subjects).lower()


async def test_code_hashed_and_sealed_for_its_60_seconds_only(stranger: Stranger) -> None:
    code = await stranger.code()
    assert code not in await stored(stranger)
    assert (await stranger.redeem(code)).status_code == 200
    assert '"code_sealed":null' in await stored(stranger)


async def stored(stranger: Stranger) -> str:
    async with reading(stranger.asked.node.database) as session:
        return (await session.exec(select(AuthorizationRequest))).one().model_dump_json()


async def test_code_single_use(stranger: Stranger) -> None:
    """A replay is invalid_grant, and revokes nothing."""
    code = await stranger.code()
    token = (await stranger.redeem(code)).json()["access_token"]
    assert error_of(await stranger.redeem(code)) == (400, "invalid_grant")
    assert (await stranger.activate(token)).status_code == 200


@pytest.mark.parametrize("code", ["x", "x" * 43, "\u00e4" * 43])
async def test_an_unknown_code_is_refused(stranger: Stranger, code: str) -> None:
    assert error_of(await stranger.redeem(code)) == (400, "invalid_grant")


async def test_code_lives_60_seconds(stranger: Stranger) -> None:
    code = await stranger.code()
    stranger.asked.clock.advance(59)
    assert (await stranger.redeem(code, code_verifier="w" * 43)).status_code == 400
    stranger.asked.clock.advance(1)
    assert error_of(await stranger.redeem(code)) == (400, "invalid_grant")


async def test_code_bound_to_the_client(stranger: Stranger) -> None:
    code = await stranger.code()
    other = Stranger(stranger.network, stranger.asked, "other.test")
    other.redirect_uri = stranger.redirect_uri
    assert error_of(await other.redeem(code)) == (400, "invalid_grant")
    assert (await stranger.redeem(code)).status_code == 200


async def test_code_bound_to_the_redirect(stranger: Stranger) -> None:
    second = f"{stranger.issuer}/oauth/second"
    stranger.document["redirect_uris"].append(second)
    code = await stranger.code()
    assert error_of(await stranger.redeem(code, redirect_uri=second)) == (400, "invalid_grant")
    assert error_of(await stranger.redeem(code, redirect_uri=None)) == (400, "invalid_request")
    assert (await stranger.redeem(code)).status_code == 200


@pytest.mark.parametrize("verifier", ["w" * 43, VERIFIER + "v", "v" * 42, "v" * 129, "v" * 42 + " "])
async def test_code_bound_to_the_challenge(stranger: Stranger, verifier: str) -> None:
    code = await stranger.code()
    assert error_of(await stranger.redeem(code, code_verifier=verifier)) == (400, "invalid_grant")
    assert (await stranger.redeem(code)).status_code == 200


async def test_a_verifier_is_43_characters_at_least(stranger: Stranger) -> None:
    """A short one could be guessed from its challenge (RFC 7636, section 7.1)."""
    short = "a"
    code = await stranger.code(code_challenge="ypeBEsobvcr6wjGzmiPcTaeG7_gUfE5yuYB3ha_uSLs")
    assert error_of(await stranger.redeem(code, code_verifier=short)) == (400, "invalid_grant")


async def test_code_bound_to_the_instance(stranger: Stranger) -> None:
    api = stranger.asked.api
    await api.post("/v1/instances", json={"slug": "second", "name": "Second", "platform": "sandbox"})
    code = await stranger.code()
    stranger.asked.slug = "second"
    assert error_of(await stranger.redeem(code)) == (400, "invalid_grant")


async def test_the_client_authenticates_when_it_redeems(stranger: Stranger) -> None:
    code = await stranger.code()
    forged = stranger.assertion({"kid": "other"})
    assert error_of(await stranger.redeem(code, client_assertion=forged)) == (401, "invalid_client")
    none = await stranger.redeem(code, client_assertion=None, client_assertion_type=None)
    assert error_of(none) == (401, "invalid_client")
    used = stranger.assertion()
    stranger.shared_id = "00000000-0000-4000-8000-000000000000"
    await stranger.push(client_assertion=used)
    assert error_of(await stranger.redeem(code, client_assertion=used)) == (401, "invalid_client")
    assert (await stranger.redeem(code)).status_code == 200


async def test_the_keys_of_the_pushed_request_count(stranger: Stranger) -> None:
    """Whoever takes over the client's host between the request and the code gets nothing."""
    code = await stranger.code()
    thief = Stranger(stranger.network, stranger.asked)
    assert error_of(await thief.redeem(code)) == (401, "invalid_client")
    assert thief.fetched == []


async def test_a_connection_closed_here_meanwhile_is_not_redeemed(stranger: Stranger) -> None:
    code = await stranger.code()
    shown = await only_connection(stranger)
    closed = await stranger.asked.api.delete(f"/v1/connections/{shown['id']}")
    assert closed.status_code in {200, 204}, closed.text
    assert error_of(await stranger.redeem(code)) == (400, "invalid_grant")


@pytest.mark.parametrize("grant", ["password", "refresh_token", "implicit"])
async def test_other_grants_are_not_supported(stranger: Stranger, grant: str) -> None:
    answer = await stranger.redeem("x", grant_type=grant)
    assert error_of(answer) == (400, "unsupported_grant_type")


async def test_a_grant_needs_its_parameters(stranger: Stranger) -> None:
    for name in ("grant_type", "code_verifier", "redirect_uri"):
        assert error_of(await stranger.redeem("x", **{name: None})) == (400, "invalid_request")
    assert error_of(await stranger.redeem(None)) == (400, "invalid_request")
    assert error_of(await stranger.connection_token(shared_id=None)) == (400, "invalid_request")


async def test_repeated_parameters_refused_at_the_token_endpoint(stranger: Stranger) -> None:
    form = stranger.token_form(code="x")
    headers = {"DPoP": stranger.proof("POST", f"{stranger.asked.issuer}/oauth/token")}
    for name in form:
        twice = urlencode([*form.items(), (name, form[name])])
        answer = await stranger.post("/oauth/token", twice, headers=headers)
        assert error_of(answer) == (400, "invalid_request"), name


async def test_a_client_gets_a_token_for_its_own_connection(stranger: Stranger) -> None:
    await stranger.redeemed()
    answer = await stranger.connection_token()
    assert answer.status_code == 200
    assert answer.json()["connection_attestation"] is None
    assert (await stranger.call("GET", answer.json()["access_token"])).json()["state"] == "redeemed"


async def test_a_client_gets_no_token_for_the_connection_of_another(stranger: Stranger) -> None:
    await stranger.redeemed()
    other = Stranger(stranger.network, stranger.asked, "other.test")
    answer = await other.connection_token(shared_id=stranger.shared_id)
    assert error_of(answer) == (400, "unauthorized_client")
    assert len(other.fetched) == 1
    again = await other.connection_token(shared_id="\u00e4")
    assert error_of(again) == (400, "unauthorized_client")
    assert len(other.fetched) == 1


async def test_only_a_client_that_proves_itself_learns_that_there_is_no_connection(
    stranger: Stranger,
) -> None:
    forged = stranger.assertion({"kid": "other"})
    assert error_of(await stranger.connection_token(client_assertion=forged)) == (401, "invalid_client")
    assert error_of(await stranger.connection_token()) == (400, "unauthorized_client")


async def test_the_stored_keys_of_a_connection_count(stranger: Stranger) -> None:
    await stranger.redeemed()
    thief = Stranger(stranger.network, stranger.asked)
    thief.shared_id = stranger.shared_id
    assert error_of(await thief.connection_token()) == (401, "invalid_client")
    assert thief.fetched == []


async def test_a_connection_token_needs_a_fresh_assertion_and_proof(stranger: Stranger) -> None:
    await stranger.redeemed()
    assertion = stranger.assertion()
    assert (await stranger.connection_token(client_assertion=assertion)).status_code == 200
    assert error_of(await stranger.connection_token(client_assertion=assertion)) == (401, "invalid_client")
