"""Only a sound P-256 public key is taken, whoever sends it."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from service.trust.signatures import InvalidSignature, check_public_jwk, load_key, thumbprint

# The key of RFC 9449 section 4.1.
PUBLIC_MEMBERS = {
    "kty": "EC",
    "crv": "P-256",
    "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
}
THUMBPRINT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


def test_a_public_key_keeps_what_names_it_and_nothing_else() -> None:
    checked = check_public_jwk(
        {**PUBLIC_MEMBERS, "use": "sig", "alg": "ES256", "x5u": "https://evil.example"}
    )

    assert checked == {**PUBLIC_MEMBERS, "kid": THUMBPRINT}
    assert check_public_jwk({**PUBLIC_MEMBERS, "kid": "theirs"})["kid"] == "theirs"


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "RSA"},
        {"kty": "oct"},
        {"kty": None},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"crv": "Ed25519"},
        {"d": "AA"},
        {"k": "AA"},
        {"use": "enc"},
        {"use": None},
        {"alg": "ES384"},
        {"alg": "none"},
        {"kid": ""},
        {"kid": 1},
        {"kid": None},
        {"x": ""},
        {"x": None},
        {"x": 1},
        {"x": [PUBLIC_MEMBERS["x"]]},
        {"x": PUBLIC_MEMBERS["y"]},
        {"x": PUBLIC_MEMBERS["x"] + "="},
        {"x": PUBLIC_MEMBERS["x"] + "\n"},
        {"x": PUBLIC_MEMBERS["x"] + "AA"},
        {"x": PUBLIC_MEMBERS["x"][:-2]},
        {"x": "A" * 43, "y": "A" * 43},
        {"x": "_" * 42 + "8"},
    ],
    ids=str,
)
def test_unsound_keys_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidSignature):
        check_public_jwk({**PUBLIC_MEMBERS, **change})


@pytest.mark.parametrize("missing", PUBLIC_MEMBERS)
def test_no_member_may_be_missing(missing: str) -> None:
    with pytest.raises(InvalidSignature):
        check_public_jwk({name: value for name, value in PUBLIC_MEMBERS.items() if name != missing})


@pytest.mark.parametrize(
    "odd", [None, "", "key", 1, [], [PUBLIC_MEMBERS], {}, {"keys": [PUBLIC_MEMBERS]}], ids=str
)
def test_what_is_no_key_is_refused(odd: object) -> None:
    with pytest.raises(InvalidSignature):
        check_public_jwk(odd)


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    # RFC 9449 section 6.1.
    assert thumbprint({**PUBLIC_MEMBERS, "use": "sig"}) == THUMBPRINT


@pytest.mark.parametrize(
    "private",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256K1()),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["P-384", "secp256k1", "RSA"],
)
def test_other_kinds_of_own_keys_are_refused(private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    with pytest.raises(InvalidSignature, match="key"):
        load_key(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(InvalidSignature, match="key"):
        load_key(b"not a key")
