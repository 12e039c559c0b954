"""P8: an attestation in which one thing is wrong is no attestation; every claim has its row."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import pytest

from service.trust import signatures
from service.trust.purposes import REQUIRED
from service.trust.signatures import Purpose
from tests.forged_tokens import OTHER_KEY, PUBLIC_MEMBERS
from tests.outsiders.conftest import Asking
from tests.outsiders.lies import ELSEWHERE, change
from tests.small_node import NOW

pytestmark = pytest.mark.anyio

NEVER = int(NOW.timestamp()) + 10 * 365 * 86_400
LONG_AGO = int(NOW.timestamp()) - 3600
WRONG: Mapping[str, Mapping[str, object]] = {
    "iss": {"another": ELSEWHERE, "the asking node": "https://a.test/i/a-tracker", "a list": [ELSEWHERE]},
    "aud": {
        "another": f"{ELSEWHERE}/oauth/client.json",
        "the issuer instead of its client": "https://a.test/i/a-tracker",
        "two": ["https://a.test/i/a-tracker/oauth/client.json", ELSEWHERE],
        "anybody": "any",
    },
    "sub": {"nobody": "", "a number": 1},
    "role": {"a member": "member", "nobody": "", "in capitals": "ADMIN", "two": ["admin"]},
    "auth_time": {"before the attempt": LONG_AGO, "in ten years": NEVER, "a text": str(LONG_AGO)},
    "admin_checked_at": {"before the attempt": LONG_AGO, "in ten years": NEVER, "true": True},
    "nonce": {"another": "n" * 43, "none": ""},
    "shared_id": {"another": str(uuid4())},
    "instance": {"another": "https://elsewhere.test/tracker", "with a slash": "https://evil.test/tracker/"},
    "scope": {"more": "items:read admin", "a list": ["items:read"], "everything": "*"},
    "cnf": {"another key": {"jkt": OTHER_KEY.kid}, "no key": {}, "a whole key": {"jwk": PUBLIC_MEMBERS}},
    "jti": {"a number": 1, "none": ""},
    "iat": {"a text": str(LONG_AGO), "broken": 1.5},
    "exp": {"over": LONG_AGO, "in ten years": NEVER, "a text": str(NEVER)},
}
CASES = [
    pytest.param(claim, value, id=f"{claim} {name}")
    for claim in WRONG
    for name, value in WRONG[claim].items()
]
# What is compared first has its own name for what it finds.
CLOCKS_DIFFER = "the clocks differ"
NAMES = {"cnf": {"cnf", "cnf.jkt"}, "exp": {"exp", "expired", "lifetime"}, "iat": {"iat", "not_yet"}}
NAMES |= {"iss": {"iss", "reflection"}}


def test_every_claim_of_an_attestation_has_a_row() -> None:
    assert set(WRONG) == set(REQUIRED[Purpose.ATTESTATION])


async def assert_attestation_refused(
    asking: Asking, step: str, lie: Callable[[Any], Any], reasons: set[str]
) -> None:
    evil = asking.meet()
    draft = await asking.draft(evil)
    evil.lies[step] = lie
    await asking.attempt(draft)
    if reasons == {CLOCKS_DIFFER}:
        await asking.assert_draft(draft, "destination-incompatible", reason="clock_skew")
    else:
        await asking.assert_draft(draft, "destination-refused", reason="attestation_invalid")
        assert (await asking.shown(draft))["last_error"]["upstream"]["description"] in reasons
    assert not evil.was_asked("/activation")
    assert evil.state == "closed"


@pytest.mark.parametrize(("claim", "value"), CASES)
async def test_one_claim_is_wrong(asking: Asking, claim: str, value: object) -> None:
    await assert_attestation_refused(
        asking, "attestation", change(**{claim: value}), NAMES.get(claim, {claim})
    )


async def test_an_attestation_of_years_to_come_is_told_as_a_wrong_clock(asking: Asking) -> None:
    lie = change(iat=NEVER, exp=NEVER + 60)
    await assert_attestation_refused(asking, "attestation", lie, {CLOCKS_DIFFER})


@pytest.mark.parametrize("claim", WRONG)
async def test_one_claim_is_missing(asking: Asking, claim: str) -> None:
    await assert_attestation_refused(asking, "attestation", change(**{claim: None}), {claim})


HEADERS: Mapping[str, tuple[Mapping[str, object], str]] = {
    **{
        f"a {purpose.name}": ({"typ": purpose.value}, "typ")
        for purpose in Purpose
        if purpose is not Purpose.ATTESTATION
    },
    "any JWT": ({"typ": "JWT"}, "typ"),
    "no typ": ({"typ": None}, "typ"),
    "no signature": ({"alg": "none"}, "alg"),
    "a shared secret": ({"alg": "HS256"}, "alg"),
    "another curve": ({"alg": "ES384"}, "alg"),
    "a key that nobody published": ({"kid": OTHER_KEY.kid}, "kid"),
    "no kid": ({"kid": None}, "kid"),
    "a key that it brings along": ({"jwk": PUBLIC_MEMBERS}, "jwk"),
    "a key that is elsewhere": ({"jku": f"{ELSEWHERE}/jwks"}, "header"),
    "a certificate that is elsewhere": ({"x5u": f"{ELSEWHERE}/cert"}, "header"),
    "something critical": ({"crit": ["exp"]}, "header"),
}


@pytest.mark.parametrize("name", HEADERS)
async def test_the_header_is_wrong(asking: Asking, name: str) -> None:
    header, reason = HEADERS[name]
    await assert_attestation_refused(asking, "header", change(**header), {reason})


async def test_a_key_that_is_published_only_now_signs_nothing(asking: Asking) -> None:
    """The snapshot of the keys is the one from the beginning of the attempt."""
    evil = asking.meet()
    draft = await asking.draft(evil)
    await asking.press_start(draft)
    late = signatures.generate_key()
    key = signatures.load_key(late)
    evil.lies["jwks"] = change(keys=[evil.jwk, key.public_jwk])
    evil.lies["header"] = change(kid=key.kid)
    await asking.a.work()
    await asking.assert_draft(draft, "destination-refused", reason="attestation_invalid", description="kid")


@pytest.mark.parametrize("whose", ["assertion", "proof"])
async def test_our_own_tokens_come_back_as_an_attestation(asking: Asking, whose: str) -> None:
    evil = asking.meet()
    draft = await asking.draft(evil)

    def reflect(true: dict[str, Any]) -> dict[str, Any]:
        own = evil.last_form()["client_assertion"] if whose == "assertion" else evil.asked[-1].headers["dpop"]
        return {**true, "connection_attestation": own}

    evil.lies["token"] = reflect
    await asking.attempt(draft)
    await asking.assert_draft(draft, "destination-refused", reason="attestation_invalid")


async def test_the_attestation_of_one_attempt_at_another(asking: Asking) -> None:
    evil = asking.meet()
    draft, other = await asking.draft(evil), await asking.draft(evil)
    kept: list[str] = []

    def keep(true: dict[str, Any]) -> dict[str, Any]:
        kept.append(true.get("connection_attestation", ""))
        return true

    evil.lies["token"] = keep
    assert (await asking.attempt(draft))["state"] == "active"
    evil.lies["token"] = lambda true: {**true, "connection_attestation": kept[0]}
    await asking.attempt(other)
    await asking.assert_draft(other, "destination-refused", reason="attestation_invalid", description="nonce")
    assert (await asking.shown(draft))["state"] == "active"
