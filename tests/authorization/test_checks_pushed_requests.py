"""Checks, server side: what may be pushed, and what a pushed request is worth."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from sqlmodel import select

from service.authorization.requests.models import AuthorizationRequest
from service.database.sessions import reading
from service.platforms import sandbox
from service.trust.tokens import comparison_code, pkce_challenge
from service.words import Mode
from tests.authorization.stranger import VERIFIER, Json, Stranger, error_of, listed, only_connection, query_of
from tests.nodes import Person

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("response_type", "token"),
        ("response_type", None),
        ("state", "short"),
        ("state", None),
        ("state", "s" * 513),
        ("state", "ä" * 43),
        ("nonce", "short"),
        ("nonce", None),
        ("nonce", "n\u200b" * 22),
        ("shared_id", "not-a-uuid"),
        ("shared_id", None),
        ("mode", "other"),
        ("connection_name", "n" * 256),
        ("initiator_short_name", "n" * 31),
        ("connection_name", "with\x00nul"),
        ("request", "e30.e30.e30"),
        ("request_uri", "urn:ietf:params:oauth:request_uri:x"),
    ],
)
async def test_form_well_formed(stranger: Stranger, name: str, value: str | None) -> None:
    changes: Json = {name: value}
    assert error_of(await stranger.push(**changes)) == (400, "invalid_request")
    assert stranger.fetched == []


@pytest.mark.parametrize(
    ("challenge", "method"), [("x" * 42, "S256"), ("x" * 43, "plain"), (None, "S256"), ("x" * 43, None)]
)
async def test_s256_only(stranger: Stranger, challenge: str | None, method: str | None) -> None:
    answer = await stranger.push(code_challenge=challenge, code_challenge_method=method)
    assert error_of(answer) == (400, "invalid_request")


@pytest.mark.parametrize("scope", ["items:admin", "items:read items:admin", " ", "ITEMS:READ"])
async def test_an_unknown_scope_is_refused(stranger: Stranger, scope: str) -> None:
    assert error_of(await stranger.push(scope=scope)) == (400, "invalid_scope")


async def test_repeated_parameters_refused(stranger: Stranger) -> None:
    form = stranger.push_form()
    for name in form:
        twice = urlencode([*form.items(), (name, form[name])])
        answer = await stranger.post("/oauth/par", twice)
        assert error_of(answer) == (400, "invalid_request"), name
    assert stranger.fetched == []


async def test_the_form_is_a_form_and_small(stranger: Stranger) -> None:
    form = urlencode(stranger.push_form())
    json = await stranger.post("/oauth/par", form, headers={"Content-Type": "application/json"})
    large = await stranger.post("/oauth/par", form + "&more=" + "x" * 20_000)
    broken = await stranger.post("/oauth/par", form + "&more=%ff")
    assert {error_of(answer) for answer in (json, large, broken)} == {(400, "invalid_request")}
    assert stranger.fetched == []


@pytest.mark.parametrize(
    "uri",
    [
        "https://asker.test/i/asker/oauth/callback/",
        "https://asker.test/i/asker/oauth/callback?x=1",
        "https://asker.test/i/asker/oauth/Callback",
        "https://asker.test/i/asker/oauth",
    ],
)
async def test_redirect_uri_exact(stranger: Stranger, uri: str) -> None:
    assert error_of(await stranger.push(redirect_uri=uri)) == (400, "invalid_redirect_uri")


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.test/callback",
        "https://asker.test:8443/i/asker/oauth/callback",
        "http://asker.test/i/asker/oauth/callback",
        "https://asker.test@evil.test/callback",
        "https://user@asker.test/i/asker/oauth/callback",
        "https://asker.test.evil.test/callback",
        "https://asker.test/i/asker/oauth/callback#fragment",
    ],
)
async def test_redirect_uri_same_origin_as_client_id(stranger: Stranger, uri: str) -> None:
    stranger.document["redirect_uris"].append(uri)
    assert error_of(await stranger.push(redirect_uri=uri)) == (400, "invalid_redirect_uri")
    assert stranger.fetched == []


async def test_a_mode_that_the_platform_does_not_have_is_refused(
    stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    basic = replace(sandbox.DESCRIPTION, modes=frozenset({Mode.BASIC}))
    monkeypatch.setattr(sandbox.Sandbox, "description", basic)
    assert error_of(await stranger.push(mode="visual")) == (400, "invalid_request")
    assert stranger.fetched == []
    assert (await stranger.push(mode="basic")).status_code == 201


async def test_a_sandbox_connects_to_a_sandbox_only(stranger: Stranger) -> None:
    stranger.document["parley_instance"]["sandbox"] = False
    assert error_of(await stranger.push()) == (400, "unauthorized_client")


async def test_a_client_that_is_no_node_may_ask(stranger: Stranger) -> None:
    del stranger.document["parley_instance"]
    assert (await stranger.push()).status_code == 201


async def test_request_uri_unguessable(stranger: Stranger) -> None:
    """It has 256 random bits, and only a keyed hash of it is stored."""
    first, second = await stranger.request_uri(), await stranger.request_uri()
    prefix = "urn:ietf:params:oauth:request_uri:"
    assert first.startswith(prefix)
    assert first != second
    assert len(second.removeprefix(prefix)) == 43
    async with reading(stranger.asked.node.database) as session:
        stored = (await session.exec(select(AuthorizationRequest))).one()
    assert second.removeprefix(prefix) not in stored.model_dump_json()


async def test_comparison_code_is_the_one_that_the_other_side_computes(stranger: Stranger) -> None:
    person = await stranger.visit()
    parts = (stranger.client_id, stranger.asked.issuer, stranger.shared_id, pkce_challenge(VERIFIER))
    assert comparison_code(*parts) in person.page


async def test_a_new_push_replaces_the_old_one_until_a_decision(stranger: Stranger) -> None:
    """Who has the page of the older request open cannot accept what that page does not show."""
    person = await stranger.visit()
    newer = await stranger.request_uri(scope="items:read items:write")
    await person.submit(button="accept")
    assert person.status == 400
    await person.open(stranger.authorize_url(newer))
    await person.sign_in()
    assert "Create and change items." in person.page
    await person.submit(button="accept")
    assert "code" in query_of(person.url)


@pytest.mark.parametrize("decision", ["accept", "deny"])
async def test_after_a_decision_a_conflict_is_refused(stranger: Stranger, decision: str) -> None:
    person = await stranger.visit()
    await person.submit(button=decision)
    assert error_of(await stranger.push()) == (400, "invalid_request")


async def test_the_same_shared_id_of_another_client_is_another_attempt(stranger: Stranger) -> None:
    other = Stranger(stranger.network, stranger.asked, "other.test")
    other.shared_id = stranger.shared_id
    assert await stranger.code()
    assert await other.code()
    assert len(await listed(stranger.asked)) == 2


async def test_nothing_is_listed_before_consent(stranger: Stranger) -> None:
    person = await stranger.visit()
    assert await listed(stranger.asked) == []
    await person.submit(button="accept")
    shown = await only_connection(stranger)
    assert (shown["state"], shown["role"]) == ("pending", "responder")
    assert (shown["local"]["short_name"], shown["destination"]["short_name"]) == ("BEE", "ASK")
    assert shown["destination"]["node_url"] == stranger.issuer
    assert shown["name"] == "Asker to B"


async def test_a_request_waits_300_seconds(stranger: Stranger) -> None:
    request_uri = await stranger.request_uri()
    stranger.asked.clock.advance(299)
    person = Person(stranger.network)
    await person.open(stranger.authorize_url(request_uri))
    assert person.status == 200
    stranger.asked.clock.advance(1)
    await person.open(stranger.authorize_url(request_uri))
    assert person.status == 410
    assert "asker.test" in person.page


async def test_issuer_from_configuration_never_from_host(stranger: Stranger) -> None:
    headers = {"Host": "evil.test", "X-Forwarded-Host": "evil.test", "Forwarded": "host=evil.test"}
    assert (await stranger.push(headers=headers)).status_code == 201
    assertion = stranger.assertion(aud="https://evil.test/i/b-tracker")
    refused = await stranger.push(headers=headers, client_assertion=assertion)
    assert error_of(refused) == (401, "invalid_client")


async def test_an_unknown_issuer_is_not_found(stranger: Stranger) -> None:
    stranger.asked.slug = "nobody"
    assert (await stranger.push()).status_code == 404


async def test_a_code_can_be_bound_to_a_key_when_it_is_asked_for(stranger: Stranger) -> None:
    """dpop_jkt and a DPoP header at the pushed request bind the code (RFC 9449, section 10)."""
    other = Stranger(stranger.network, stranger.asked, "other.test")
    code = await stranger.code(dpop_jkt=other.kid)
    assert error_of(await stranger.redeem(code)) == (400, "invalid_grant")
    proof = other.proof("POST", f"{stranger.asked.issuer}/oauth/token")
    assert (await stranger.redeem(code, proof=proof)).status_code == 200


async def test_a_proof_at_the_pushed_request_is_checked(stranger: Stranger) -> None:
    url = f"{stranger.asked.issuer}/oauth/par"
    wrong = stranger.proof("POST", url + "x")
    assert error_of(await stranger.push(headers={"DPoP": wrong})) == (400, "invalid_dpop_proof")
    right = stranger.proof("POST", url)
    differs = await stranger.push(headers={"DPoP": right}, dpop_jkt="x" * 43)
    assert error_of(differs) == (400, "invalid_request")
    assert (await stranger.push(headers={"DPoP": right})).status_code == 201
    assert error_of(await stranger.push(headers={"DPoP": right})) == (400, "invalid_dpop_proof")
