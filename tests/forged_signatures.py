"""Signatures that are right in themselves, of another algorithm than ours, and such that fit everything or nothing."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from service.trust.keys import encode_base64url

RSA = rsa.generate_private_key(65537, 2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()
CURVES = {"ES384": ec.generate_private_key(ec.SECP384R1()), "ES512": ec.generate_private_key(ec.SECP521R1())}
HASHES: Mapping[str, hashes.HashAlgorithm] = {"ES384": hashes.SHA384(), "ES512": hashes.SHA512()}
# The order of P-256: a signature is two numbers between it and zero.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
NO_NUMBERS = {
    "zeros": (0, 0),
    "r is zero": (0, 1),
    "s is zero": (1, 0),
    "the order": (ORDER, ORDER),
    "ones": (1, 1),
}


def _rs256(signed: bytes) -> bytes:
    return RSA.sign(signed, padding.PKCS1v15(), hashes.SHA256())


def _ps256(signed: bytes) -> bytes:
    salted = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    return RSA.sign(signed, salted, hashes.SHA256())


def _curve(name: str) -> Callable[[bytes], bytes]:
    def sign(signed: bytes) -> bytes:
        key = CURVES[name]
        numbers = decode_dss_signature(key.sign(signed, ec.ECDSA(HASHES[name])))
        return b"".join(number.to_bytes((key.key_size + 7) // 8) for number in numbers)

    return sign


OTHERS: Mapping[str, tuple[Callable[[bytes], bytes], str]] = {
    "RS256": (_rs256, "format"),
    "PS256": (_ps256, "format"),
    "ES384": (_curve("ES384"), "format"),
    "ES512": (_curve("ES512"), "format"),
    "EdDSA": (ED25519.sign, "alg"),
    "Ed25519": (ED25519.sign, "alg"),
}


def other_signatures(header: Mapping[str, Any], claims: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield name, the expected reason, and the token; what has another length than ours is not even looked into."""
    for alg, (sign, reason) in OTHERS.items():
        signed = _signed({**header, "alg": alg}, claims)
        yield f"really signed with {alg}", reason, f"{signed}.{encode_base64url(sign(signed.encode()))}"
    signed = _signed(header, claims)
    for name, numbers in NO_NUMBERS.items():
        signature = b"".join(number.to_bytes(32) for number in numbers)
        yield f"a signature of {name}", "signature", f"{signed}.{encode_base64url(signature)}"
    for size in (0, 63, 65, 128):
        yield f"a signature of {size} bytes", "format", f"{signed}.{encode_base64url(b's' * size)}"


def _signed(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    return ".".join(encode_base64url(json.dumps(part).encode()) for part in (header, claims))
