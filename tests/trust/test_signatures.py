"""A token is taken for exactly one purpose, and every forged one is refused with its reason."""

import pytest
from hypothesis import given, settings, strategies

from service.trust.signatures import (
    InvalidSignature,
    Purpose,
    SigningKey,
    VerifiedToken,
    access_token_hash,
    generate_key,
    load_key,
    sign,
    verify,
    verify_dpop,
)
from tests.forged_tokens import (
    AUDIENCE,
    ISSUER,
    KEY,
    MOMENT,
    NOW,
    OTHER_KEY,
    claims_of,
    forgeries,
    header_of,
    others,
    read,
    write,
)

FORGERIES = [
    pytest.param(purpose, token, reason, id=f"{purpose.name} {name}")
    for purpose in Purpose
    for name, token, reason in forgeries(purpose)
]


@pytest.mark.parametrize("purpose", Purpose)
def test_what_we_sign_is_read_for_its_purpose(purpose: Purpose) -> None:
    token = read(sign(purpose, claims_of(purpose), KEY), purpose)

    assert token.claims == claims_of(purpose)
    assert token.header == header_of(purpose)
    assert token.key_thumbprint == KEY.kid


@pytest.mark.parametrize(("purpose", "token", "reason"), FORGERIES)
def test_forged_tokens_are_refused(purpose: Purpose, token: str, reason: str) -> None:
    with pytest.raises(InvalidSignature) as refusal:
        read(token, purpose)

    assert refusal.value.reason == reason


@given(
    strategies.sampled_from(Purpose), strategies.integers(0, 10_000), strategies.characters(max_codepoint=255)
)
@settings(max_examples=500)
def test_no_letter_of_a_token_can_be_changed(purpose: Purpose, place: int, letter: str) -> None:
    good = write(header_of(purpose), claims_of(purpose))
    place %= len(good)
    changed = good[:place] + letter + good[place + 1 :]

    if changed != good:
        with pytest.raises(InvalidSignature):
            read(changed, purpose)


@given(strategies.text(max_size=200))
def test_no_text_at_all_raises_anything_else(text: str) -> None:
    for token in (text, f"{text}.{text}.{'A' * 86}"):
        with pytest.raises(InvalidSignature):
            read(token, Purpose.ACCESS_TOKEN)


def test_a_token_reflected_to_its_issuer_is_refused_even_where_any_issuer_would_do() -> None:
    token = sign(Purpose.NODE_STATEMENT, claims_of(Purpose.NODE_STATEMENT), KEY)
    keys = [KEY.public_jwk]

    verify(token, Purpose.NODE_STATEMENT, keys, issuer=None, audience=None, now=NOW)
    with pytest.raises(InvalidSignature, match="reflection"):
        verify(token, Purpose.NODE_STATEMENT, keys, issuer=None, audience=None, now=NOW, own_issuer=ISSUER)


def test_an_access_token_comes_back_to_its_issuer() -> None:
    token = sign(Purpose.ACCESS_TOKEN, claims_of(Purpose.ACCESS_TOKEN), KEY)

    keys = [KEY.public_jwk]

    back = verify(
        token, Purpose.ACCESS_TOKEN, keys, issuer=ISSUER, audience=ISSUER, now=NOW, own_issuer=ISSUER
    )

    assert back.claims["cnf"] == {"jkt": KEY.kid}


@pytest.mark.parametrize("purpose", others(Purpose.DPOP))
def test_a_missing_typ_is_tolerated_from_foreign_clients_only(purpose: Purpose) -> None:
    header = header_of(purpose)
    del header["typ"]
    token, keys = write(header, claims_of(purpose)), [KEY.public_jwk]

    def check() -> VerifiedToken:
        return verify(token, purpose, keys, issuer=None, audience=None, now=NOW, allow_missing_typ=True)

    if purpose is Purpose.CLIENT_AUTHENTICATION:
        assert "typ" not in check().header
    else:
        with pytest.raises(InvalidSignature, match="typ"):
            check()


def test_an_invitation_may_be_for_anybody_and_nothing_else_may() -> None:
    for purpose in set(Purpose) - {Purpose.DPOP, Purpose.ACCESS_TOKEN}:
        token = sign(purpose, claims_of(purpose, aud="any"), KEY)
        if purpose is Purpose.INVITATION:
            assert read(token, purpose).claims["aud"] == "any"
        else:
            with pytest.raises(InvalidSignature, match="aud"):
                read(token, purpose)


def test_a_node_statement_is_signed_by_the_key_in_it() -> None:
    other = {name: OTHER_KEY.public_jwk[name] for name in ("kty", "crv", "x", "y")}
    token = sign(Purpose.NODE_STATEMENT, claims_of(Purpose.NODE_STATEMENT, jwk=other), KEY)

    with pytest.raises(InvalidSignature, match="jwk"):
        read(token, Purpose.NODE_STATEMENT)


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [OTHER_KEY.public_jwk],
        [KEY.public_jwk, KEY.public_jwk],
        [{**OTHER_KEY.public_jwk, "kid": KEY.kid}],
        [{**KEY.public_jwk, "crv": "P-384"}],
        [{**KEY.public_jwk, "d": "AA"}],
        [{**KEY.public_jwk, "use": "enc"}],
        [{**KEY.public_jwk, "alg": "ES384"}],
    ],
    ids=["none", "another", "twice", "same id", "P-384", "private", "for encryption", "for ES384"],
)
def test_exactly_one_sound_key_decides(keys: list[dict[str, str]]) -> None:
    token = sign(Purpose.INVITATION, claims_of(Purpose.INVITATION), KEY)

    with pytest.raises(InvalidSignature):
        verify(token, Purpose.INVITATION, keys, issuer=ISSUER, audience=AUDIENCE, now=NOW)


@pytest.mark.parametrize(
    ("purpose", "times"),
    [
        (Purpose.CLIENT_AUTHENTICATION, {"iat": MOMENT + 10, "exp": MOMENT + 70}),
        (Purpose.CLIENT_AUTHENTICATION, {"iat": MOMENT - 69, "exp": MOMENT - 9}),
        (Purpose.DPOP, {"iat": MOMENT - 60}),
        (Purpose.DPOP, {"iat": MOMENT + 60}),
    ],
)
def test_the_clocks_may_differ_a_little(purpose: Purpose, times: dict[str, int]) -> None:
    assert read(sign(purpose, claims_of(purpose, **times), KEY), purpose).claims["iat"] == times["iat"]


def test_no_caller_may_tolerate_more_than_a_minute() -> None:
    purpose = Purpose.CLIENT_AUTHENTICATION
    token = sign(purpose, claims_of(purpose), KEY)

    with pytest.raises(ValueError, match="skew"):
        verify(token, purpose, [KEY.public_jwk], issuer=None, audience=None, now=NOW, skew=61)


def test_nothing_is_signed_that_the_other_side_would_refuse() -> None:
    claims = claims_of(Purpose.ATTESTATION)
    del claims["nonce"]

    with pytest.raises(InvalidSignature, match="nonce"):
        sign(Purpose.ATTESTATION, claims, KEY)


def test_a_header_of_the_caller_changes_neither_key_nor_purpose() -> None:
    extra = {"typ": "JWT", "kid": "other", "x": 1}
    token = read(
        sign(Purpose.INVITATION, claims_of(Purpose.INVITATION), KEY, extra_header=extra), Purpose.INVITATION
    )

    assert token.header == header_of(Purpose.INVITATION, x=1)


def test_a_proof_binds_the_access_token_and_the_key() -> None:
    def prove(**claims: object) -> str:
        return sign(Purpose.DPOP, claims_of(Purpose.DPOP, **claims), KEY)

    def check(proof: str, key: SigningKey = KEY) -> None:
        verify_dpop(
            proof, method="POST", url=AUDIENCE, now=NOW, access_token="token-1", expected_thumbprint=key.kid
        )

    check(prove(ath=access_token_hash("token-1")))
    for proof, key, reason in (
        (prove(), KEY, "ath"),
        (prove(ath=access_token_hash("token-2")), KEY, "ath"),
        (prove(ath=access_token_hash("token-1")), OTHER_KEY, "key"),
    ):
        with pytest.raises(InvalidSignature) as refusal:
            check(proof, key)
        assert refusal.value.reason == reason


def test_a_key_is_built_once_and_shows_no_secret() -> None:
    pem = generate_key()
    key = load_key(pem)

    assert load_key(pem) is key
    assert "private" not in repr(key).lower()
    assert set(key.public_jwk) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
