"""What each purpose demands, written out from the design: a claim or a limit that was dropped by mistake is missed."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from service.trust.keys import decode_base64url
from service.trust.signatures import InvalidSignature, Purpose
from tests.forged_tokens import ISSUER, MOMENT, VALUES, header_of, read, write
from tests.source_tree import imported_modules, is_within, sources

CLAIMS: Mapping[Purpose, str] = {
    Purpose.CLIENT_AUTHENTICATION: "iss sub aud exp",
    Purpose.DPOP: "htm htu",
    Purpose.ACCESS_TOKEN: "iss aud sub client_key scope shared_id cnf exp",
    Purpose.ATTESTATION: "iss aud sub role auth_time admin_checked_at nonce shared_id instance scope cnf exp",
    Purpose.INVITATION: "iss aud instance scope mode secret exp",
    Purpose.NODE_STATEMENT: "iss aud jwk shared_id invitation nonce exp",
}
SECONDS: Mapping[Purpose, int] = {
    Purpose.CLIENT_AUTHENTICATION: 60,
    Purpose.DPOP: 60,
    Purpose.ACCESS_TOKEN: 300,
    Purpose.ATTESTATION: 600,
    Purpose.INVITATION: 14 * 86_400,
    Purpose.NODE_STATEMENT: 60,
}
REQUIRED = [
    pytest.param(purpose, claim, id=f"{purpose.name} {claim}")
    for purpose, claims in CLAIMS.items()
    for claim in ["iat", "jti", *claims.split()]
]


def claims_of(purpose: Purpose, **changes: object) -> dict[str, Any]:
    """Return claims that are right for the purpose, with these changes."""
    claims = {name: VALUES.get(name, f"some-{name}") for name in ["iat", "jti", *CLAIMS[purpose].split()]}
    if purpose is Purpose.CLIENT_AUTHENTICATION:
        claims["sub"] = ISSUER
    if purpose is Purpose.ACCESS_TOKEN:
        claims["aud"] = ISSUER
    return {**claims, **changes}


def refusal(purpose: Purpose, claims: Mapping[str, object]) -> str:
    """Return why a token with these claims is refused; one that was taken, or broke the reader, was not."""
    try:
        read(write(header_of(purpose), claims), purpose)
    except InvalidSignature as refused:
        return refused.reason
    except LookupError:
        return "read without being checked"
    return "taken"


@pytest.mark.parametrize("purpose", Purpose)
def test_the_claims_of_the_design_are_enough(purpose: Purpose) -> None:
    assert read(write(header_of(purpose), claims_of(purpose)), purpose).claims == claims_of(purpose)


@pytest.mark.parametrize(("purpose", "claim"), REQUIRED)
def test_each_required_claim(purpose: Purpose, claim: str) -> None:
    claims = claims_of(purpose)
    del claims[claim]
    assert refusal(purpose, claims) == claim


@pytest.mark.parametrize("purpose", [pytest.param(purpose, id=f"{purpose.name} life") for purpose in Purpose])
def test_a_life_is_no_longer_than_its_purpose(purpose: Purpose) -> None:
    if purpose is Purpose.DPOP:
        for made in (MOMENT - SECONDS[purpose], MOMENT + SECONDS[purpose]):
            read(write(header_of(purpose), claims_of(purpose, iat=made)), purpose)
        for made in (MOMENT - SECONDS[purpose] - 1, MOMENT + SECONDS[purpose] + 1):
            assert refusal(purpose, claims_of(purpose, iat=made)) == "iat"
        return
    last = MOMENT + SECONDS[purpose]
    read(write(header_of(purpose), claims_of(purpose, exp=last)), purpose)
    assert refusal(purpose, claims_of(purpose, exp=last + 1)) == "lifetime"


def test_a_client_speaks_for_itself_iss_and_sub_are_the_same() -> None:
    claims = claims_of(Purpose.CLIENT_AUTHENTICATION, sub="https://c.example")
    assert refusal(Purpose.CLIENT_AUTHENTICATION, claims) == "sub"


def test_an_issuer_gives_access_to_itself_iss_and_aud_are_its_own_issuer() -> None:
    """Also where the caller forgot to compare the audience."""
    claims = claims_of(Purpose.ACCESS_TOKEN, iss="https://c.example")
    assert refusal(Purpose.ACCESS_TOKEN, claims) == "aud"


def test_verify_takes_es256_only_whatever_came_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a header that slipped through the first check names no other algorithm."""

    def let_through(unverified_token: str) -> tuple[dict[str, Any], str]:
        head, claims, _ = unverified_token.split(".")
        return json.loads(decode_base64url(head)), claims

    monkeypatch.setattr("service.trust.signatures._read_header", let_through)
    header = header_of(Purpose.INVITATION, alg="ES384")
    with pytest.raises(InvalidSignature, match="signature"):
        read(write(header, claims_of(Purpose.INVITATION)), Purpose.INVITATION)


def test_never_jwt_decode() -> None:
    """By default it takes a missing audience and expiry, and tries every key."""
    assert not [
        source.at(node)
        for source in sources("service")
        for node, name in imported_modules(source.tree)
        if is_within(name, {"jose.jwt"})
    ]
