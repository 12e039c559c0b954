"""What each kind of JWT must say: one `typ`, one set of claims and one longest life per purpose."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from service.trust.keys import InvalidSignature, check_public_jwk

ANY_AUDIENCE = "any"
END_OF_TIME = 253_402_300_799  # the last second of the year 9999
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
Check = Callable[[object], bool]


class Purpose(StrEnum):
    """What a token is for; the value is its `typ`, and a token of one purpose is refused at every other."""

    CLIENT_AUTHENTICATION = "client-authentication+jwt"
    DPOP = "dpop+jwt"
    ACCESS_TOKEN = "at+jwt"  # noqa: S105 - a media type
    ATTESTATION = "connection-attestation+jwt"
    INVITATION = "connection-invitation+jwt"
    NODE_STATEMENT = "node-statement+jwt"


def _is_text(claim: object) -> bool:
    """True for text that can be stored and shown: no control character, no lone surrogate."""
    return isinstance(claim, str) and claim != "" and claim.isprintable()


def _is_moment(claim: object) -> bool:
    """True for whole seconds that a calendar knows; True itself is an int in Python."""
    return isinstance(claim, int) and not isinstance(claim, bool) and 0 <= claim <= END_OF_TIME


def _is_confirmation(claim: object) -> bool:
    """True for `{"jkt": thumbprint}`, the key that the holder must prove (RFC 9449 section 6.1)."""
    jkt = claim.get("jkt") if isinstance(claim, dict) else None
    return isinstance(jkt, str) and _THUMBPRINT.fullmatch(jkt) is not None


def _is_public_jwk(claim: object) -> bool:
    try:
        check_public_jwk(claim)
    except InvalidSignature:
        return False
    return True


def _claims(texts: str, **others: Check) -> Mapping[str, Check]:
    """Return the check of each required claim: `jti` and the named ones are text, `iat` is a moment."""
    named = dict.fromkeys(["jti", *texts.split()], _is_text)
    return MappingProxyType({**named, "iat": _is_moment, **others})


REQUIRED: Mapping[Purpose, Mapping[str, Check]] = MappingProxyType(
    {
        Purpose.CLIENT_AUTHENTICATION: _claims("iss sub aud", exp=_is_moment),
        Purpose.DPOP: _claims("htm htu"),
        Purpose.ACCESS_TOKEN: _claims(
            "iss aud sub client_key scope shared_id", exp=_is_moment, cnf=_is_confirmation
        ),
        Purpose.ATTESTATION: _claims(
            "iss aud sub role nonce shared_id instance scope",
            auth_time=_is_moment,
            admin_checked_at=_is_moment,
            cnf=_is_confirmation,
            exp=_is_moment,
        ),
        Purpose.INVITATION: _claims("iss aud instance scope mode secret", exp=_is_moment),
        Purpose.NODE_STATEMENT: _claims(
            "iss aud shared_id invitation nonce", jwk=_is_public_jwk, exp=_is_moment
        ),
    }
)
OPTIONAL: Mapping[str, Check] = MappingProxyType({"nbf": _is_moment, "ath": _is_text})
LIFETIMES: Mapping[Purpose, int] = MappingProxyType(
    {
        Purpose.CLIENT_AUTHENTICATION: 60,
        Purpose.DPOP: 60,
        Purpose.ACCESS_TOKEN: 5 * 60,
        Purpose.ATTESTATION: 10 * 60,
        Purpose.INVITATION: 14 * 24 * 3600,
        Purpose.NODE_STATEMENT: 60,
    }
)
# Two claims that must say the same: a client speaks for itself, an issuer gives access to itself only.
EQUAL: Mapping[Purpose, tuple[str, str]] = MappingProxyType(
    {Purpose.CLIENT_AUTHENTICATION: ("iss", "sub"), Purpose.ACCESS_TOKEN: ("iss", "aud")}
)


def check_claims(purpose: Purpose, unverified_claims: Mapping[str, Any]) -> None:
    """Every claim of the purpose is there with its type; raises InvalidSignature with the claim's name."""
    for name, check in REQUIRED[purpose].items():
        if not check(unverified_claims.get(name)):
            raise InvalidSignature(name)
    for name, check in OPTIONAL.items():
        if name in unverified_claims and not check(unverified_claims[name]):
            raise InvalidSignature(name)
    if purpose in EQUAL:
        first, second = EQUAL[purpose]
        if unverified_claims[first] != unverified_claims[second]:
            raise InvalidSignature(second)
