"""The code that one person gives to another: a signed, compact JWS that travels in a body or a fragment only."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from service.invitations.invitation.models import Invitation
from service.trust.purposes import ANY_AUDIENCE
from service.trust.signatures import InvalidSignature, Purpose, SigningKey, sign, unverified_claims, verify
from service.words import Mode, Scope

LONGEST_CODE = 8_192
PAGE_PATH = "/invite"
_BY_FAULT = {"expired": "expired", "kid": "wrong_key"}
_WHITE_SPACE = re.compile(r"\s+")


class CodeUnreadable(Exception):
    """This is no invitation code, or not one that its inviter signed; `reason` is one word."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Code:
    """What a code says after its signature was checked. The secret is shown to nobody."""

    issuer: str
    audience: str
    reference: str
    scope: list[str]
    mode: Mode
    secret: str = field(repr=False)
    expires_at: datetime

    def is_for(self, issuer: str) -> bool:
        """True where the inviter expects this partner, or any."""
        return self.audience in {ANY_AUDIENCE, issuer}


def write_code(
    invitation: Invitation, instance_url: str, secret: str, key: SigningKey, issuer: str, now: datetime
) -> str:
    """Return the code of a fresh invitation."""
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": invitation.expected_partner or ANY_AUDIENCE,
        "jti": invitation.reference,
        "instance": instance_url,
        "scope": " ".join(invitation.scope),
        "mode": invitation.mode.value,
        "secret": secret,
        "iat": int(now.timestamp()),
        "exp": int(invitation.expires_at.timestamp()),
    }
    return sign(Purpose.INVITATION, claims, key)


def link_of(issuer: str, code: str) -> str:
    """Return the link that shows what the invitation is; the code is behind the `#`, which no server sees."""
    return f"{issuer}{PAGE_PATH}#{code}"


def clean(given: str) -> str:
    """Return the code in what somebody pasted: the code alone, or the whole link, broken over lines or not."""
    return _WHITE_SPACE.sub("", given).rpartition("#")[2]


def inviter_of(code: str) -> str:
    """Return whose code this claims to be; nothing of it counts before the signature is checked."""
    try:
        issuer = unverified_claims(code).get("iss")
    except InvalidSignature as fault:
        raise CodeUnreadable("malformed") from fault
    if not isinstance(issuer, str):
        raise CodeUnreadable("malformed")
    return issuer


def read_code(code: str, issuer: str, jwks: list[dict[str, str]], now: datetime) -> Code:
    """Return what the code says, signed by its inviter; raises CodeUnreadable."""
    try:
        claims = verify(code, Purpose.INVITATION, jwks, issuer=issuer, audience=None, now=now).claims
        scope = [word.value for word in Scope if word in claims["scope"].split()]
        if not scope:
            raise CodeUnreadable("malformed")
        return Code(
            issuer=issuer,
            audience=claims["aud"],
            reference=claims["jti"],
            scope=scope,
            mode=Mode(claims["mode"]),
            secret=claims["secret"],
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        )
    except InvalidSignature as fault:
        raise CodeUnreadable(_BY_FAULT.get(fault.reason, "signature")) from fault
    except ValueError as fault:
        raise CodeUnreadable("malformed") from fault
