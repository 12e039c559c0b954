"""Public keys of others: EC, P-256, on the curve, without anything secret, and named by their thumbprint."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

COORDINATE_BYTES = 32
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class InvalidSignature(Exception):
    """The token or key is refused; `reason` is one machine word such as alg, typ, kid, expired, aud."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def check_public_jwk(unverified_jwk: object) -> dict[str, str]:
    """Return an EC P-256 public key, its thumbprint as `kid` where it has none; raises InvalidSignature."""
    if not isinstance(unverified_jwk, Mapping) or not PRIVATE_MEMBERS.isdisjoint(unverified_jwk):
        raise InvalidSignature("key")
    kid = unverified_jwk.get("kid")
    if unverified_jwk.get("kty") != "EC" or unverified_jwk.get("crv") != "P-256":
        raise InvalidSignature("key")
    if unverified_jwk.get("use", "sig") != "sig" or unverified_jwk.get("alg", "ES256") != "ES256":
        raise InvalidSignature("key")
    if "kid" in unverified_jwk and (not isinstance(kid, str) or not kid):
        raise InvalidSignature("kid")
    x, y = unverified_jwk.get("x"), unverified_jwk.get("y")
    if not isinstance(x, str) or not isinstance(y, str):
        raise InvalidSignature("key")
    check_point(x, y)
    public = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
    return {**public, "kid": kid or thumbprint(public)}


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the SHA-256 thumbprint of an EC key (RFC 7638)."""
    return _thumbprint(jwk["crv"], jwk["kty"], jwk["x"], jwk["y"])


@lru_cache(maxsize=4096)
def _thumbprint(crv: str, kty: str, x: str, y: str) -> str:
    canonical = json.dumps({"crv": crv, "kty": kty, "x": x, "y": y}, separators=(",", ":")).encode()
    return encode_base64url(hashlib.sha256(canonical).digest())


@lru_cache(maxsize=4096)
def check_point(x: str, y: str) -> None:
    """The point is on P-256; raises InvalidSignature otherwise."""
    across, up = (int.from_bytes(decode_base64url(value, COORDINATE_BYTES)) for value in (x, y))
    try:
        ec.EllipticCurvePublicNumbers(across, up, ec.SECP256R1()).public_key()
    except ValueError:
        raise InvalidSignature("key") from None


def encode_base64url(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_base64url(text: str, length: int | None = None) -> bytes:
    """Return the bytes of canonical base64url; raises InvalidSignature for any other spelling or length."""
    if not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise InvalidSignature("format")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode_base64url(data) != text or (length is not None and len(data) != length):
        raise InvalidSignature("format")
    return data
