"""A node that described itself well while it was probed lies when the attempt begins: nothing begins."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.outsiders.conftest import Asking
from tests.outsiders.hostile_node import HostileNode, Lie
from tests.outsiders.lies import ELSEWHERE, NO_OBJECTS, REDIRECTS, TRAP, change, no_object, redirect
from tests.pairs import read

pytestmark = pytest.mark.anyio

ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "pushed_authorization_request_endpoint",
    "registration_endpoint",
    "jwks_uri",
)
SUBSTITUTES: dict[str, Callable[[str], str]] = {
    "another origin": lambda _: f"{ELSEWHERE}/oauth/x",
    "another port": lambda issuer: issuer.replace("/i/", ":8443/i/") + "/oauth/x",
    "another issuer of the same origin": lambda issuer: issuer.replace("/i/evil", "/i/other") + "/oauth/x",
    "the asking node": lambda _: "https://a.test/i/a-tracker/oauth/x",
    "a private address": lambda _: "https://10.0.0.1/oauth/x",
    "http": lambda issuer: issuer.replace("https", "http") + "/oauth/x",
    "a user name": lambda issuer: issuer.replace("https://", f"https://{TRAP}@") + "/oauth/x",
    "a host after an @": lambda issuer: issuer.replace("/i/", f"@{TRAP}/i/") + "/oauth/x",
    "out by dots": lambda issuer: f"{issuer}/../../x",
    "out by escaped dots": lambda issuer: f"{issuer}/%2e%2e/x",
}
ABOUT_ITSELF: dict[str, Lie] = {
    "another issuer": change(issuer=ELSEWHERE),
    "the issuer with a slash": lambda true: {**true, "issuer": f"{true['issuer']}/"},
    "the issuer in capitals": lambda true: {**true, "issuer": true["issuer"].upper()},
    "the asking node as issuer": change(issuer="https://a.test/i/a-tracker"),
    "no issuer": change(issuer=None),
    "an issuer in a list": lambda true: {**true, "issuer": [true["issuer"]]},
    "pushed requests are optional": change(require_pushed_authorization_requests=False),
    "plain PKCE only": change(code_challenge_methods_supported=["plain"]),
    "bearer tokens only": change(dpop_signing_alg_values_supported=[]),
    "DPoP without a signature": change(dpop_signing_alg_values_supported=["none"]),
    "client secrets only": change(token_endpoint_auth_methods_supported=["client_secret_basic"]),
    "no iss in its answers": change(authorization_response_iss_parameter_supported=False),
    "true as a text": change(authorization_response_iss_parameter_supported="true"),
    "203 from a proxy": lambda true: httpx.Response(203, json=true),
}


async def assert_nothing_begins(asking: Asking, evil: HostileNode, step: str, lie: Lie) -> None:
    draft = await asking.draft(evil)
    evil.lies[step] = lie
    problem = read(await asking.begin(draft), 424)
    assert (problem["code"], problem["upstream"]["reason"]) == ("destination-unreachable", "not_a_node")
    back = await asking.shown(draft)
    assert (back["state"], back["verification_session"]) == ("draft", None)
    assert not evil.was_asked("/oauth/par")
    asking.assert_nobody_else_was_called()


@pytest.mark.parametrize("where", SUBSTITUTES)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_endpoint_substitution(asking: Asking, endpoint: str, where: str) -> None:
    evil = asking.meet()
    changed: dict[str, Any] = {endpoint: SUBSTITUTES[where](evil.issuer)}
    await assert_nothing_begins(asking, evil, "metadata", change(**changed))


@pytest.mark.parametrize("lie", ABOUT_ITSELF)
async def test_metadata_that_a_careful_client_does_not_believe(asking: Asking, lie: str) -> None:
    await assert_nothing_begins(asking, asking.meet(), "metadata", ABOUT_ITSELF[lie])


@pytest.mark.parametrize("step", ["metadata", "jwks"])
@pytest.mark.parametrize("lie", NO_OBJECTS)
async def test_no_json_huge_json_and_deep_json(asking: Asking, step: str, lie: str) -> None:
    await assert_nothing_begins(asking, asking.meet(), step, no_object(lie, 200))


@pytest.mark.parametrize("step", ["metadata", "jwks"])
@pytest.mark.parametrize("status", REDIRECTS)
async def test_a_redirect_lets_nobody_else_speak(asking: Asking, step: str, status: int) -> None:
    await assert_nothing_begins(asking, asking.meet(), step, redirect(status))


@pytest.mark.parametrize("step", ["metadata", "jwks"])
async def test_a_node_that_is_too_slow(asking: Asking, step: str) -> None:
    """How the five seconds are measured is the business of the one way out, and tested there."""
    evil = asking.meet()
    draft = await asking.draft(evil)

    def never(_: object) -> httpx.Response:
        raise TimeoutError

    evil.lies[step] = never
    problem = read(await asking.begin(draft), 424)
    assert (problem["code"], problem["upstream"]["reason"]) == ("destination-unreachable", "timeout")
    assert (await asking.shown(draft))["state"] == "draft"


async def test_the_keys_of_the_asking_instance_under_another_issuer(asking: Asking) -> None:
    """Audience injection by reflection: our own signatures would come back as the word of the other side."""
    own = await asking.a.read(f"/i/{asking.a.slug}/oauth/jwks")
    await assert_nothing_begins(asking, asking.meet(), "jwks", change(keys=own["keys"]))


async def test_the_keys_of_another_instance_of_the_asking_node(asking: Asking) -> None:
    body = {"slug": "neighbour", "name": "Neighbour", "platform": "sandbox"}
    read(await asking.a.api.post("/v1/instances", json=body), 201)
    own = await asking.a.read("/i/neighbour/oauth/jwks")
    await assert_nothing_begins(asking, asking.meet(), "jwks", change(keys=own["keys"]))


async def test_what_is_published_later_does_not_change_an_attempt_that_has_begun(asking: Asking) -> None:
    """One snapshot for the whole attempt: the code goes where it was meant to go."""
    evil = asking.meet()
    draft = await asking.draft(evil)

    def publish_something_else(true: dict[str, Any]) -> dict[str, Any]:
        evil.lies["metadata"] = change(token_endpoint=f"{ELSEWHERE}/oauth/token")
        evil.lies["jwks"] = change(keys=[])
        return true

    evil.lies["authorize"] = publish_something_else
    assert (await asking.attempt(draft))["state"] == "active"
    asking.assert_nobody_else_was_called()
