"""Checks, server side: DPoP's twelve checks (RFC 9449, section 4.3) and its replay cache, at each endpoint."""

from typing import Any

import pytest

from service.authorization.sweeping import sweep
from service.jobs.models import Job
from service.trust.signatures import access_token_hash
from tests.authorization.stranger import Stranger, error_of
from tests.forged_tokens import PUBLIC_MEMBERS
from tests.small_node import NOW

pytestmark = pytest.mark.anyio
A_JOB = Job(id="job", kind="sweep", subject="all", payload={}, run_at=NOW, set_at=NOW, created_at=NOW)
OTHER = "https://b.test/i/b-tracker/oauth/par"

WRONG: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "3 a required claim is missing: jti": ({}, {"jti": None}),
    "3 a required claim is missing: htm": ({}, {"htm": None}),
    "3 a required claim is missing: htu": ({}, {"htu": None}),
    "3 a required claim is missing: iat": ({}, {"iat": None}),
    "4 typ is not dpop+jwt": ({"typ": "JWT"}, {}),
    "4 typ is missing": ({"typ": None}, {}),
    "5 alg none": ({"alg": "none"}, {}),
    "5 alg is symmetric": ({"alg": "HS256"}, {}),
    "6 the signature is another key's": ({"jwk": PUBLIC_MEMBERS}, {}),
    "6 no key": ({"jwk": None}, {}),
    "7 the key has a private part": ({"jwk": {**PUBLIC_MEMBERS, "d": "AQAB"}}, {}),
    "8 htm is another method": ({}, {"htm": "PATCH"}),
    "9 htu is another URL": ({}, {"htu": OTHER}),
    "11 iat is too old": ({}, {"iat": 1_000_000_000}),
    "11 iat is ahead": ({}, {"iat": 4_000_000_000}),
}


@pytest.mark.parametrize("name", WRONG)
async def test_dpop_at_the_token_endpoint(stranger: Stranger, name: str) -> None:
    header, claims = WRONG[name]
    code = await stranger.code()
    proof = stranger.proof("POST", f"{stranger.asked.issuer}/oauth/token", None, header, **claims)
    answer = await stranger.redeem(code, proof=proof)
    assert error_of(answer) == (400, "invalid_dpop_proof")
    assert (await stranger.redeem(code)).status_code == 200


@pytest.mark.parametrize("name", WRONG)
async def test_dpop_at_a_connection(stranger: Stranger, name: str) -> None:
    header, claims = WRONG[name]
    token = (await stranger.redeemed())["access_token"]
    for method, path in (("GET", ""), ("PUT", "/activation"), ("DELETE", "")):
        answer = await stranger.call(method, token, path, header=header, **claims)
        assert error_of(answer) == (401, "invalid_dpop_proof"), method
        assert answer.headers["www-authenticate"].startswith("DPoP ")
    assert (await stranger.call("GET", token)).json()["state"] == "redeemed"


async def test_1_not_more_than_one_dpop_header(stranger: Stranger) -> None:
    form = stranger.token_form(code=await stranger.code())
    url = f"{stranger.asked.issuer}/oauth/token"
    proofs = [("DPoP", stranger.proof("POST", url)), ("DPoP", stranger.proof("POST", url))]
    nothing: list[tuple[str, str]] = []
    for headers in (nothing, proofs):
        answer = await stranger.post("/oauth/token", form, headers=headers)
        assert error_of(answer) == (400, "invalid_dpop_proof")


async def test_1_exactly_one_dpop_header_at_a_connection(stranger: Stranger) -> None:
    token = (await stranger.redeemed())["access_token"]
    path = f"/connections/{stranger.shared_id}"
    url = stranger.asked.issuer + path
    authorization = ("Authorization", f"DPoP {token}")
    proofs = [("DPoP", stranger.proof("GET", url, token)), ("DPoP", stranger.proof("GET", url, token))]
    for headers in ([authorization], [authorization, *proofs]):
        answer = await stranger.raw("GET", path, headers)
        assert error_of(answer) == (401, "invalid_dpop_proof")


@pytest.mark.parametrize("proof", ["x", "a.b.c", "e30.e30.e30"])
async def test_2_the_proof_is_a_jwt(stranger: Stranger, proof: str) -> None:
    assert error_of(await stranger.redeem("x", proof=proof)) == (400, "invalid_dpop_proof")


async def test_9_htu_is_built_from_the_configured_issuer(stranger: Stranger) -> None:
    code = await stranger.code()
    proof = stranger.proof("POST", "https://evil.test/i/b-tracker/oauth/token")
    answer = await stranger.post(
        "/oauth/token", stranger.token_form(code=code), headers={"DPoP": proof, "Host": "evil.test"}
    )
    assert error_of(answer) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize("ath", [None, "x" * 43, access_token_hash("another")])
async def test_12_ath_is_of_this_access_token(stranger: Stranger, ath: str | None) -> None:
    token = (await stranger.redeemed())["access_token"]
    assert error_of(await stranger.call("GET", token, ath=ath)) == (401, "invalid_dpop_proof")


async def test_12_the_key_is_the_one_that_the_token_is_bound_to(stranger: Stranger) -> None:
    """A stolen token is worth nothing without its key."""
    token = (await stranger.redeemed())["access_token"]
    thief = Stranger(stranger.network, stranger.asked, "thief.test")
    thief.shared_id = stranger.shared_id
    for method, path in (("GET", ""), ("PUT", "/activation"), ("DELETE", "")):
        answer = await thief.call(method, token, path)
        assert error_of(answer) == (401, "invalid_dpop_proof")


async def test_replay_cache_at_the_token_endpoint(stranger: Stranger) -> None:
    proof = stranger.proof("POST", f"{stranger.asked.issuer}/oauth/token")
    assert (await stranger.redeem(await stranger.code(), proof=proof)).status_code == 200
    stranger.shared_id = "00000000-0000-4000-8000-000000000000"
    again = await stranger.redeem(await stranger.code(), proof=proof)
    assert error_of(again) == (400, "invalid_dpop_proof")
    again = await stranger.connection_token()
    assert again.status_code == 200


async def test_replay_cache_for_connection_tokens(stranger: Stranger) -> None:
    await stranger.redeemed()
    form = stranger.token_form(grant_type="client_credentials", shared_id=stranger.shared_id)
    proof = stranger.proof("POST", f"{stranger.asked.issuer}/oauth/token")
    assert (await stranger.post("/oauth/token", form, headers={"DPoP": proof})).status_code == 200
    form["client_assertion"] = stranger.assertion()
    again = await stranger.post("/oauth/token", form, headers={"DPoP": proof})
    assert error_of(again) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("PUT", "/activation"), ("DELETE", "")])
async def test_replay_cache_at_a_connection(stranger: Stranger, method: str, tail: str) -> None:
    token = (await stranger.redeemed())["access_token"]
    path = f"/connections/{stranger.shared_id}{tail}"
    proof = stranger.proof(method, stranger.asked.issuer + path, token)
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
    assert (await stranger.raw(method, path, headers)).status_code in {200, 204}
    assert error_of(await stranger.raw(method, path, headers)) == (401, "invalid_dpop_proof")


async def test_a_proof_is_remembered_for_as_long_as_it_is_valid(stranger: Stranger) -> None:
    """Made a minute ahead, it is valid for two: the sweep must not forget it before."""
    token = (await stranger.redeemed())["access_token"]
    path = f"/connections/{stranger.shared_id}"
    ahead = int(stranger.asked.clock.now().timestamp()) + 60
    proof = stranger.proof("GET", stranger.asked.issuer + path, token, iat=ahead)
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
    assert (await stranger.raw("GET", path, headers)).status_code == 200
    stranger.asked.clock.advance(119)
    await sweep(stranger.asked.node, A_JOB)
    assert error_of(await stranger.raw("GET", path, headers)) == (401, "invalid_dpop_proof")
