"""Tokens as they should be, one per purpose, and every way to forge them that we know."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from service.trust import signatures
from service.trust.keys import encode_base64url
from service.trust.purposes import REQUIRED
from service.trust.signatures import LIFETIMES, Purpose, VerifiedToken
from tests.forged_signatures import other_signatures

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MOMENT = int(NOW.timestamp())
ISSUER, AUDIENCE = "https://a.example/i/one", "https://b.example/i/two"
PEM, OTHER_PEM = signatures.generate_key(), signatures.generate_key()
KEY, OTHER_KEY = signatures.load_key(PEM), signatures.load_key(OTHER_PEM)
PRIVATE = cast("ec.EllipticCurvePrivateKey", load_pem_private_key(PEM, None))
OTHER_PRIVATE = cast("ec.EllipticCurvePrivateKey", load_pem_private_key(OTHER_PEM, None))
P384 = ec.generate_private_key(ec.SECP384R1())
PUBLIC_MEMBERS = {name: KEY.public_jwk[name] for name in ("kty", "crv", "x", "y")}
VALUES: Mapping[str, Any] = {
    "jti": "j-1",
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "person-1",
    "iat": MOMENT,
    "exp": MOMENT + 60,
    "auth_time": MOMENT,
    "admin_checked_at": MOMENT,
    "cnf": {"jkt": KEY.kid},
    "jwk": PUBLIC_MEMBERS,
    "htm": "POST",
    "htu": AUDIENCE,
}


def claims_of(purpose: Purpose, **changes: object) -> dict[str, Any]:
    """Return claims that are right for the purpose, with these changes."""
    claims = {name: VALUES.get(name, f"some-{name}") for name in REQUIRED[purpose]}
    if purpose is Purpose.CLIENT_AUTHENTICATION:
        claims["sub"] = ISSUER
    if purpose is Purpose.ACCESS_TOKEN:
        claims["aud"] = ISSUER
    return {**claims, **changes}


def others(purpose: Purpose) -> list[Purpose]:
    """Return every other purpose, always in the same order."""
    return [other for other in Purpose if other is not purpose]


def header_of(purpose: Purpose, **changes: object) -> dict[str, Any]:
    """Return the header that is right for the purpose, with these changes."""
    own = {"jwk": PUBLIC_MEMBERS} if purpose is Purpose.DPOP else {"kid": KEY.kid}
    return {"alg": "ES256", "typ": purpose.value, **own, **changes}


def read(token: str, purpose: Purpose) -> VerifiedToken:
    """Return what a service that expects this purpose reads from the token."""
    if purpose is Purpose.DPOP:
        return signatures.verify_dpop(token, method="POST", url=AUDIENCE, now=NOW)
    audience = ISSUER if purpose is Purpose.ACCESS_TOKEN else AUDIENCE
    keys = [OTHER_KEY.public_jwk, KEY.public_jwk]
    return signatures.verify(
        token, purpose, keys, issuer=ISSUER, audience=audience, now=NOW, own_issuer=AUDIENCE
    )


def part(value: object) -> str:
    """Return a segment: bytes as they are, anything else as JSON."""
    return encode_base64url(value if isinstance(value, bytes) else json.dumps(value).encode())


def write(header: object, claims: object, private: ec.EllipticCurvePrivateKey = PRIVATE) -> str:
    """Return a token with these parts and a signature that fits them."""
    signed = f"{part(header)}.{part(claims)}"
    size = private.key_size // 8
    numbers = decode_dss_signature(private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{part(b''.join(number.to_bytes(size) for number in numbers))}"


def forgeries(purpose: Purpose) -> Iterator[tuple[str, str, str]]:
    """Yield name, token and the expected reason of each."""
    kinds = (_algorithms, _headers, _keys, _shapes, _meanings, _missing_and_mistyped, _times, _strangers)
    for kind in kinds:
        yield from kind(purpose)
    for name, alg, signature in other_signatures(header_of(purpose), claims_of(purpose)):
        yield name, signature, alg


def _algorithms(purpose: Purpose) -> Iterator[tuple[str, str, str]]:
    claims = claims_of(purpose)
    for alg in (
        "none",
        "None",
        "es256",
        "HS256",
        "RS256",
        "ES384",
        "ES512",
        "EdDSA",
        "",
        None,
        ["ES256"],
        256,
    ):
        yield f"alg {alg!r}", write(header_of(purpose, alg=alg), claims), "alg"
    unsigned = f"{part(header_of(purpose, alg='none'))}.{part(claims)}."
    yield "alg none unsigned", unsigned, "format"
    public = PRIVATE.public_key()
    secrets = {
        "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "pem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "jwk": json.dumps(KEY.public_jwk).encode(),
    }
    for name, secret in secrets.items():
        signed = f"{part(header_of(purpose, alg='HS256'))}.{part(claims)}"
        mac = hmac.digest(secret, signed.encode(), hashlib.sha256)
        yield f"HS256 with the public key as {name}", f"{signed}.{part(mac)}", "format"
        yield f"HS256 twice as long, {name}", f"{signed}.{part(mac + mac)}", "alg"


def _headers(purpose: Purpose) -> Iterator[tuple[str, str, str]]:
    claims = claims_of(purpose)
    more_headers: dict[str, dict[str, object]] = {
        "a payload that is not encoded": {"crit": ["b64"], "b64": False},
        "nothing critical": {"crit": []},
        "an expiry that is critical": {"crit": ["exp"], "exp": MOMENT},
    }
    for name, more in more_headers.items():
        yield name, write(header_of(purpose, **more), claims), "header"
    for name in ("crit", "jku", "x5u", "x5c", "b64"):
        yield f"header {name}", write(header_of(purpose, **{name: ["exp"]}), claims), "header"
    for typ in ("JWT", "jwt", f"application/{purpose}", purpose.upper(), "", None, 1, [purpose.value]):
        yield f"typ {typ}", write(header_of(purpose, typ=typ), claims), "typ"
    nameless = header_of(purpose)
    del nameless["typ"]
    yield "typ missing", write(nameless, claims), "typ"
    for other in others(purpose):
        token = write(header_of(other), claims_of(other))
        yield f"a token for {other}", token, "jwk" if other is Purpose.DPOP else "typ"
        yield f"typ of {other}", write(header_of(purpose, typ=other.value), claims), "typ"


def _keys(purpose: Purpose) -> Iterator[tuple[str, str, str]]:
    claims, header = claims_of(purpose), header_of(purpose)
    yield "signed with another key", write(header, claims, OTHER_PRIVATE), "signature"
    yield "signed with P-384", write(header, claims, P384), "format"
    private_number = PRIVATE.private_numbers().private_value
    jwks: dict[str, object] = {
        "private": {**PUBLIC_MEMBERS, "d": part(private_number.to_bytes(32))},
        "of P-384": {**PUBLIC_MEMBERS, "crv": "P-384"},
        "symmetric": {"kty": "oct", "k": "c2VjcmV0"},
        "off the curve": {**PUBLIC_MEMBERS, "x": part(b"\1" * 32), "y": part(b"\2" * 32)},
        "null": None,
    }
    if purpose is Purpose.DPOP:
        for name, jwk in jwks.items():
            yield f"jwk {name}", write(header_of(purpose, jwk=jwk), claims), "key"
        return
    yield "brings its own key", write(header_of(purpose, jwk=PUBLIC_MEMBERS), claims), "jwk"
    kids: tuple[object, ...] = ("unknown", "", None, 1, [], {})
    for kid in kids:
        yield f"kid {kid!r}", write(header_of(purpose, kid=kid), claims), "kid"
    yield "kid of another key", write(header_of(purpose, kid=OTHER_KEY.kid), claims), "signature"


def _shapes(purpose: Purpose) -> Iterator[tuple[str, str, str]]:
    header, claims = header_of(purpose), claims_of(purpose)
    good = write(header, claims)
    head, body, signature = good.split(".")
    for tail in (".", ".e30", " ", "\n", "=", "==", "A", "\x00", "é"):
        yield f"trailing {tail!r}", good + tail, "format"
    yield "leading space", " " + good, "format"
    yield "two segments", f"{head}.{body}", "format"
    yield "empty", "", "format"
    yield "plain text", "not a token", "format"
    yield "no signature", f"{head}.{body}.", "format"
    yield "another alphabet", f"{head}.{body}.{'+' + signature[1:]}", "format"
    # 64 bytes leave four unused bits in the last letter; only the one with zeros is canonical.
    spare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    loose = signature[:-1] + spare[spare.index(signature[-1]) + 1]
    yield "another spelling of the signature", f"{head}.{body}.{loose}", "format"
    yield "oversize", write(header, {**claims, "padding": "x" * 8192}), "size"
    doubled = json.dumps(header)[:-1] + ', "alg": "ES256"}'
    yield "repeated header member", write(doubled.encode(), claims), "json"
    doubled = json.dumps(claims)[:-1] + ', "jti": "j-2"}'
    yield "repeated claim", write(header, doubled.encode()), "json"
    for name, odd in {
        "array": [1],
        "text": "x",
        "nan": b'{"iat": NaN}',
        "latin": b'{"jti": "\xff"}',
        "deep": b"[" * 5000,
        "huge number": b'{"iat": ' + b"1" * 5000 + b"}",
        "two": b"{}{}",
    }.items():
        yield f"claims {name}", write(header, odd), "json"
        yield f"header {name}", write(odd, claims), "json"


def _meanings(purpose: Purpose) -> Iterator[tuple[str, str, str]]:
    """Yield what two readers could understand in two ways."""
    header, claims = header_of(purpose), claims_of(purpose)
    good = write(header, claims)
    head, body, signature = good.split(".")
    yield "five segments", f"{head}..{body}.{signature}.{signature}", "format"
    flattened = {"protected": head, "payload": body, "signature": signature}
    yield "a JSON serialisation", json.dumps(flattened), "format"
    yield "no claims", f"{head}..{signature}", "signature"
    for name, text in {
        "an escaped alg beside the plain one": json.dumps(header)[:-1] + ', "\\u0061lg": "none"}',
        "a typ of its own first": '{"typ": "JWT", ' + json.dumps(header)[1:],
        "a member twice inside a member": json.dumps(header)[:-1] + ', "x": {"a": 1, "a": 2}}',
        "a byte order mark": "\ufeff" + json.dumps(header),
        "single quotes": json.dumps(header).replace('"', "'"),
        "a comment": json.dumps(header) + " // none",
    }.items():
        yield f"header with {name}", write(text.encode(), claims), "json"
    for name, text in {
        "an escaped jti beside the plain one": json.dumps(claims)[:-1] + ', "\\u006ati": "j-2"}',
        "a member twice inside a member": json.dumps(claims)[:-1] + ', "x": [{"a": 1, "a": 2}]}',
        "a byte order mark": "\ufeff" + json.dumps(claims),
    }.items():
        yield f"claims with {name}", write(header, text.encode()), "json"
    for name, value in {"nbf": True, "ath": 1}.items():
        yield f"optional {name} is {value!r}", write(header, claims_of(purpose, **{name: value})), name


def _missing_and_mistyped(purpose: Purpose) -> Iterator[tuple[str, str, str]]:
    header = header_of(purpose)
    for name in REQUIRED[purpose]:
        claims = claims_of(purpose)
        right = claims.pop(name)
        yield f"{name} missing", write(header, claims), name
        wrong: list[object] = [None, True, False, 1.5, -1, 10**15, "", "\x00", "\ud800", [], {}, {"jkt": 1}]
        wrong.append("1" if isinstance(right, int) else 1)
        for value in wrong:
            yield f"{name} is {value!r}", write(header, claims_of(purpose, **{name: value})), name
        yield f"{name} in a list", write(header, claims_of(purpose, **{name: [right]})), name


def _times(purpose: Purpose) -> Iterator[tuple[str, str, str]]:
    header = header_of(purpose)
    life = LIFETIMES[purpose]
    if purpose is Purpose.DPOP:
        for shift in (-61, 61, -3600, 3600):
            yield f"made {shift} s ago", write(header, claims_of(purpose, iat=MOMENT - shift)), "iat"
        return
    changes: dict[str, tuple[dict[str, int], str]] = {
        "expired": ({"iat": MOMENT - 40, "exp": MOMENT - 10}, "expired"),
        "long expired": ({"iat": MOMENT - 9000, "exp": MOMENT - 8990}, "expired"),
        "not yet": ({"iat": MOMENT + 11, "exp": MOMENT + 40}, "not_yet"),
        "nbf ahead": ({"nbf": MOMENT + 11}, "not_yet"),
        "lives too long": ({"exp": MOMENT + life + 1}, "lifetime"),
        "lives backwards": ({"iat": MOMENT + 5, "exp": MOMENT - 5}, "lifetime"),
    }
    for name, (change, reason) in changes.items():
        yield name, write(header, claims_of(purpose, **change)), reason


def _strangers(purpose: Purpose) -> Iterator[tuple[str, str, str]]:
    header = header_of(purpose)
    if purpose is Purpose.DPOP:
        for htu in (AUDIENCE + "?a=1", AUDIENCE + "#a", AUDIENCE + "/", AUDIENCE.upper(), ISSUER):
            yield f"htu {htu}", write(header, claims_of(purpose, htu=htu)), "htu"
        for htm in ("GET", "post"):
            yield f"htm {htm}", write(header, claims_of(purpose, htm=htm)), "htm"
        return
    both = {"iss": AUDIENCE, "sub": AUDIENCE, "aud": AUDIENCE}
    yield "reflected", write(header, claims_of(purpose, **both)), "iss"
    foreign = "https://c.example"
    yield "for somebody else", write(header, claims_of(purpose, aud=foreign)), "aud"
    who = {"iss": foreign, "sub": foreign, "aud": foreign if purpose is Purpose.ACCESS_TOKEN else AUDIENCE}
    yield "by somebody else", write(header, claims_of(purpose, **who)), "iss"
    right = ISSUER if purpose is Purpose.ACCESS_TOKEN else AUDIENCE
    for name, aud in {
        "one in a list": [right],
        "two, the right one first": [right, foreign],
        "two, the right one last": [foreign, right],
        "an object": {right: True},
    }.items():
        yield f"for {name}", write(header, claims_of(purpose, aud=aud)), "aud"
    for aud in (right + "/", right.upper(), right[:-1], f"{right} {foreign}", "*", "any "):
        yield f"for {aud}", write(header, claims_of(purpose, aud=aud)), "aud"
