"""A hostile node that invites: an unsound code is not asked about, and no answer makes this side active alone."""

from collections.abc import Mapping
from typing import Any

import pytest

from service.trust.purposes import REQUIRED
from service.trust.signatures import Purpose
from tests.forged_tokens import OTHER_KEY, PUBLIC_MEMBERS
from tests.outsiders.conftest import Asking
from tests.outsiders.hostile_node import HostileNode, Lie
from tests.outsiders.lies import ELSEWHERE, NO_OBJECTS, change, fail, no_object, redirect
from tests.pairs import read

pytestmark = pytest.mark.anyio

Json = dict[str, Any]
OTHER_ID = "00000000-0000-4000-8000-000000000000"
LONG_AGO, LATER = 1_000_000_000, 4_000_000_000


async def preview(asking: Asking, code: str) -> Json:
    body = {"code": code, "instance": asking.a.slug}
    return read(await asking.a.api.post("/v1/invitation-previews", json=body), 200)


async def accept(asking: Asking, code: str, expected: int = 201) -> Json:
    body = {"code": code, "instance": asking.a.slug}
    return read(await asking.a.api.post("/v1/invitation-acceptances", json=body), expected)


async def assert_unusable(asking: Asking, evil: HostileNode, code: str) -> None:
    """The preview says so, and accepting is refused; nothing exists here, and nobody else was called."""
    before = await asking.a.read("/v1/connections")
    shown = await preview(asking, code)
    assert (shown["usable"], bool(shown["reason"]), bool(shown["fix"])) == (False, True, True)
    body = {"code": code, "instance": asking.a.slug}
    answer = await asking.a.api.post("/v1/invitation-acceptances", json=body)
    assert answer.is_client_error, answer.text
    assert await asking.a.read("/v1/connections") == before
    assert not evil.was_asked("/oauth/register")
    asking.assert_nobody_else_was_called()


async def test_the_truth_makes_it_active(asking: Asking) -> None:
    evil = asking.meet()
    accepted = await accept(asking, evil.invitation())
    await asking.a.work()
    shown = await asking.a.read(f"/v1/connections/{accepted['connection']}")
    assert (shown["state"], evil.state) == ("active", "active")


HEADERS: Mapping[str, Mapping[str, object]] = {
    **{
        f"a {purpose.name}": {"typ": purpose.value}
        for purpose in Purpose
        if purpose is not Purpose.INVITATION
    },
    "any JWT": {"typ": "JWT"},
    "no typ": {"typ": None},
    "no signature": {"alg": "none"},
    "a shared secret": {"alg": "HS256"},
    "a key that nobody published": {"kid": OTHER_KEY.kid},
    "a key that it brings along": {"jwk": PUBLIC_MEMBERS},
    "a key that is elsewhere": {"jku": f"{ELSEWHERE}/jwks"},
    "something critical": {"crit": ["exp"]},
}
CLAIMS: Mapping[str, Mapping[str, object]] = {
    **{f"no {name}": {name: None} for name in REQUIRED[Purpose.INVITATION]},
    "an issuer that is no URL": {"iss": "evil"},
    "an issuer in a closed network": {"iss": "https://10.0.0.1/i/evil"},
    "the asking node as issuer": {"iss": "https://a.test/i/a-tracker"},
    "another partner": {"aud": "https://b.test/i/b-tracker"},
    "two partners": {"aud": ["any"]},
    "a mode that nobody has": {"mode": "everything"},
    "a secret in a list": {"secret": ["s" * 43]},
    "a secret with a line break": {"secret": "s\r\nX-Forged: 1"},
    "over": {"iat": LONG_AGO, "exp": LONG_AGO + 60},
    "made in years to come": {"iat": LATER, "exp": LATER + 60},
    "for ever": {"exp": LATER},
    "times as texts": {"iat": "1", "exp": "2"},
}


@pytest.mark.parametrize("name", HEADERS)
async def test_a_code_with_a_wrong_header_is_not_asked_about(asking: Asking, name: str) -> None:
    evil = asking.meet()
    await assert_unusable(asking, evil, evil.invitation({**HEADERS[name]}))
    assert not evil.was_asked("/invitations/status")


@pytest.mark.parametrize("name", CLAIMS)
async def test_a_code_with_a_wrong_claim_is_not_asked_about(asking: Asking, name: str) -> None:
    evil = asking.meet()
    await assert_unusable(asking, evil, evil.invitation(None, **CLAIMS[name]))
    assert not evil.was_asked("/invitations/status")


STATUS: Mapping[str, Lie] = {
    **{name: no_object(name, 200) for name in NO_OBJECTS},
    "a redirect": redirect(307),
    "not there": fail("invalid_token", 404),
    "a refusal": fail("invalid_token", 401),
    "a fault": fail("server_error", 500),
    "a state that nobody knows": change(state="perhaps"),
    "used": change(state="claimed"),
    "revoked": change(state="revoked"),
    "locked": change(state="locked"),
    "an interval of years": change(interval=10**9),
    "an interval of nothing": change(interval=0),
}


@pytest.mark.parametrize("name", STATUS)
async def test_an_inviter_that_does_not_say_that_it_is_open(asking: Asking, name: str) -> None:
    evil = asking.meet()
    evil.lies["invited"] = STATUS[name]
    await assert_unusable(asking, evil, evil.invitation())


@pytest.mark.parametrize("whose", ["the asking instance", "a neighbour of it"])
async def test_keys_of_the_asking_node_under_another_issuer(asking: Asking, whose: str) -> None:
    evil, slug = asking.meet(), asking.a.slug
    if whose == "a neighbour of it":
        slug = "neighbour"
        body = {"slug": slug, "name": "Neighbour", "platform": "sandbox"}
        read(await asking.a.api.post("/v1/instances", json=body), 201)
    own = await asking.a.read(f"/i/{slug}/oauth/jwks")
    evil.lies["jwks"] = change(keys=[evil.jwk, *own["keys"]])
    await assert_unusable(asking, evil, evil.invitation())


REGISTERED: Mapping[str, tuple[str, Lie]] = {
    **{
        name: ("registered", no_object(name, 201))
        for name in NO_OBJECTS
        if name not in {"20 MB", "100,000 deep"}
    },
    "another client": ("registered", change(client_id=f"{ELSEWHERE}/oauth/client.json")),
    "another shared id": ("registered", change(shared_id=OTHER_ID)),
    "a state that nobody knows": ("registered", change(invitation_state="open")),
    "a shared secret": ("registered", change(token_endpoint_auth_method="client_secret_basic")),
    "a refusal": ("registered", fail("invalid_token", 401)),
    "a bearer token": ("token", change(token_type="Bearer")),
    "a token for another connection": ("token", change(shared_id=OTHER_ID)),
    "an activation that is none": ("activation", change(state="redeemed")),
    "an activation of another connection": ("activation", change(shared_id=OTHER_ID)),
}


@pytest.mark.parametrize("name", REGISTERED)
async def test_an_inviter_that_does_not_keep_to_what_was_agreed(asking: Asking, name: str) -> None:
    evil = asking.meet()
    accepted = await accept(asking, evil.invitation())
    step, lie = REGISTERED[name]
    evil.lies[step] = lie
    await asking.a.work()
    shown = await asking.a.read(f"/v1/connections/{accepted['connection']}")
    assert shown["state"] not in {"active", "pending"}
    assert shown["last_error"]["code"] or shown["reason"]
    asking.assert_nobody_else_was_called()


@pytest.mark.parametrize("name", ["an activation that is none", "an activation of another connection"])
async def test_who_may_have_activated_hears_that_it_is_over(asking: Asking, name: str) -> None:
    """It is the inviter that commits: without a word it would stay active alone."""
    evil = asking.meet()
    await accept(asking, evil.invitation())
    step, lie = REGISTERED[name]
    evil.lies[step] = lie
    await asking.a.work()
    assert evil.state == "closed"


@pytest.mark.parametrize("step", ["registered", "token", "activation"])
async def test_a_secret_or_token_is_not_sent_on_to_somebody_else(asking: Asking, step: str) -> None:
    evil = asking.meet()
    accepted = await accept(asking, evil.invitation())
    evil.lies[step] = redirect(307)
    for _ in range(2):
        await asking.a.work()
        asking.clock.advance(120)
    asking.assert_nobody_else_was_called()
    shown = await asking.a.read(f"/v1/connections/{accepted['connection']}")
    assert shown["state"] == "pending"
