"""JWTs by purpose, ES256 only: one strict wrapper around jose, whose own defaults accept forged tokens."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwk as jose_keys
from jose import jws
from jose.backends.base import Key
from jose.exceptions import JOSEError

from service.trust.keys import (
    InvalidSignature,
    check_public_jwk,
    decode_base64url,
    encode_base64url,
    thumbprint,
)
from service.trust.purposes import ANY_AUDIENCE, LIFETIMES, Purpose, check_claims

__all__ = [
    "LIFETIMES",
    "InvalidSignature",
    "Purpose",
    "SigningKey",
    "VerifiedToken",
    "access_token_hash",
    "check_public_jwk",
    "generate_key",
    "load_key",
    "sign",
    "stamp",
    "thumbprint",
    "unverified_claims",
    "verify",
    "verify_dpop",
]

ALGORITHM = "ES256"
MAX_TOKEN_LENGTH = 8192
MAX_SKEW_SECONDS = 60
SIGNATURE_BYTES = 64
REFUSED_HEADERS = frozenset({"crit", "jku", "x5u", "x5c", "b64"})


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An own key, ready to sign; its id is the thumbprint of its public half."""

    kid: str
    public_jwk: dict[str, str]
    private: Key = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What a token says, after every check; for a DPoP proof `key_thumbprint` is the holder's key."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    key_thumbprint: str


def generate_key() -> bytes:
    """Return a fresh P-256 private key as PKCS 8 PEM."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@lru_cache(maxsize=1024)
def load_key(pem: bytes) -> SigningKey:
    """Return the key of this PEM, prebuilt; raises InvalidSignature where it is not a P-256 private key."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        raise InvalidSignature("key") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InvalidSignature("key")
    numbers = key.public_key().public_numbers()
    public = {"kty": "EC", "crv": "P-256", "x": _coordinate(numbers.x), "y": _coordinate(numbers.y)}
    kid = thumbprint(public)
    published = {**public, "kid": kid, "use": "sig", "alg": ALGORITHM}
    return SigningKey(kid, published, jose_keys.construct(pem, ALGORITHM))


def sign(
    purpose: Purpose,
    claims: Mapping[str, Any],
    key: SigningKey,
    *,
    extra_header: Mapping[str, Any] | None = None,
) -> str:
    """Return the signed token; raises InvalidSignature for claims that the other side would refuse."""
    check_claims(purpose, claims)
    if purpose is Purpose.DPOP:
        own: dict[str, Any] = {"jwk": {name: key.public_jwk[name] for name in ("kty", "crv", "x", "y")}}
    else:
        own = {"kid": key.kid}
    headers = {**(extra_header or {}), **own, "typ": purpose.value}
    return jws.sign(dict(claims), key.private, headers=headers, algorithm=ALGORITHM)


def verify(
    unverified_token: str,
    purpose: Purpose,
    keys: Iterable[Mapping[str, Any]],
    *,
    issuer: str | None,
    audience: str | None,
    now: datetime,
    own_issuer: str | None = None,
    skew: int = 10,
    allow_missing_typ: bool = False,
) -> VerifiedToken:
    """Return what the token says, signed by the one key that its `kid` names; raises InvalidSignature.

    `issuer` and `audience` are compared where given. `own_issuer` refuses our own tokens when they are
    reflected to us. A single-use `jti` is the caller's to consume, in the transaction of its effect.
    """
    header, claims_part = _read_header(unverified_token)
    tolerated = allow_missing_typ and purpose is Purpose.CLIENT_AUTHENTICATION and "typ" not in header
    if purpose is Purpose.DPOP or "jwk" in header:
        raise InvalidSignature("jwk")
    if not tolerated and header.get("typ") != purpose.value:
        raise InvalidSignature("typ")
    key = _choose(keys, header.get("kid"))
    claims = _read_claims(unverified_token, claims_part, purpose, key)
    _check_times(claims, LIFETIMES[purpose], now, skew)
    _check_parties(claims, purpose, issuer, audience, own_issuer)
    signer = thumbprint(key)
    if purpose is Purpose.NODE_STATEMENT and thumbprint(claims["jwk"]) != signer:
        raise InvalidSignature("jwk")
    return VerifiedToken(header, claims, signer)


def verify_dpop(
    unverified_proof: str,
    *,
    method: str,
    url: str,
    now: datetime,
    access_token: str | None = None,
    expected_thumbprint: str | None = None,
) -> VerifiedToken:
    """Return the proof, made for this method, URL and moment by the holder of the key in it (RFC 9449).

    With an access token the proof must name it; with a thumbprint the key must be that one. `url` is the
    configured URL, without query and fragment.
    """
    header, claims_part = _read_header(unverified_proof)
    if header.get("typ") != Purpose.DPOP.value:
        raise InvalidSignature("typ")
    key = check_public_jwk(header.get("jwk"))
    claims = _read_claims(unverified_proof, claims_part, Purpose.DPOP, key)
    if claims["htm"] != method:
        raise InvalidSignature("htm")
    if claims["htu"] != url:
        raise InvalidSignature("htu")
    if abs(now.timestamp() - claims["iat"]) > LIFETIMES[Purpose.DPOP]:
        raise InvalidSignature("iat")
    if access_token is not None and claims.get("ath") != access_token_hash(access_token):
        raise InvalidSignature("ath")
    signer = thumbprint(key)
    if expected_thumbprint is not None and not hmac.compare_digest(signer, expected_thumbprint):
        raise InvalidSignature("key")
    return VerifiedToken(header, claims, signer)


def stamp(now: datetime, life: timedelta) -> dict[str, Any]:
    """Return the claims that make a token one of its kind, good from now on for this long."""
    return {"jti": uuid4().hex, "iat": int(now.timestamp()), "exp": int((now + life).timestamp())}


def unverified_claims(unverified_token: str) -> dict[str, Any]:
    """Return what a well-formed token claims, to learn whose keys to look for; nothing of it counts yet."""
    return _read_object(_read_header(unverified_token)[1])


def access_token_hash(access_token: str) -> str:
    """Return the `ath` that binds a DPoP proof to this access token."""
    return encode_base64url(hashlib.sha256(access_token.encode()).digest())


def _read_header(unverified_token: str) -> tuple[dict[str, Any], str]:
    """Return the header and the claims segment of a well-formed ES256 token."""
    if len(unverified_token) > MAX_TOKEN_LENGTH:
        raise InvalidSignature("size")
    segments = unverified_token.split(".")
    if len(segments) != 3:  # noqa: PLR2004 - header, claims, signature
        raise InvalidSignature("format")
    decode_base64url(segments[2], SIGNATURE_BYTES)
    header = _read_object(segments[0])
    if header.get("alg") != ALGORITHM:
        raise InvalidSignature("alg")
    if not REFUSED_HEADERS.isdisjoint(header):
        raise InvalidSignature("header")
    return header, segments[1]


def _read_claims(
    unverified_token: str, claims_part: str, purpose: Purpose, key: Mapping[str, str]
) -> dict[str, Any]:
    """Return the claims, signed by this key and complete for the purpose."""
    try:
        jws.verify(unverified_token, _verifying_key(key["x"], key["y"]), [ALGORITHM])
    except JOSEError:
        raise InvalidSignature("signature") from None
    claims = _read_object(claims_part)
    check_claims(purpose, claims)
    return claims


def _read_object(segment: str) -> dict[str, Any]:
    """Return the JSON object of a segment; one with a repeated key could mean two things."""
    try:
        value = _DECODER.decode(decode_base64url(segment).decode())
    except (ValueError, RecursionError):
        raise InvalidSignature("json") from None
    if not isinstance(value, dict):
        raise InvalidSignature("json")
    return value


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("A key is repeated.")
    return members


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


_DECODER = json.JSONDecoder(object_pairs_hook=_once_each, parse_constant=_refuse_constant)


def _choose(keys: Iterable[Mapping[str, Any]], kid: object) -> dict[str, str]:
    """Return the one key of this id; trying them all would let any key sign for any other."""
    named = [key for key in keys if key.get("kid") == kid]
    if not isinstance(kid, str) or len(named) != 1:
        raise InvalidSignature("kid")
    return check_public_jwk(named[0])


@lru_cache(maxsize=4096)
def _verifying_key(x: str, y: str) -> Key:
    return jose_keys.construct({"kty": "EC", "crv": "P-256", "x": x, "y": y}, ALGORITHM)


def _check_times(claims: Mapping[str, Any], lifetime: int, now: datetime, skew: int) -> None:
    if not 0 <= skew <= MAX_SKEW_SECONDS:
        raise ValueError(f"A skew is 0 to {MAX_SKEW_SECONDS} seconds.")
    moment = now.timestamp()
    if max(claims["iat"], claims.get("nbf", 0)) > moment + skew:
        raise InvalidSignature("not_yet")
    if claims["exp"] <= moment - skew:
        raise InvalidSignature("expired")
    if not 0 < claims["exp"] - claims["iat"] <= lifetime:
        raise InvalidSignature("lifetime")


def _check_parties(
    claims: Mapping[str, Any],
    purpose: Purpose,
    issuer: str | None,
    audience: str | None,
    own_issuer: str | None,
) -> None:
    if issuer is not None and claims["iss"] != issuer:
        raise InvalidSignature("iss")
    open_to_any = purpose is Purpose.INVITATION and claims["aud"] == ANY_AUDIENCE
    if audience is not None and claims["aud"] != audience and not open_to_any:
        raise InvalidSignature("aud")
    if own_issuer is not None and purpose is not Purpose.ACCESS_TOKEN and claims["iss"] == own_issuer:
        raise InvalidSignature("reflection")


def _coordinate(number: int) -> str:
    return encode_base64url(number.to_bytes(32))
