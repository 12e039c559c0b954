"""A partner that turns hostile after the connection became active: only a plain word that it is over ends it here."""

from typing import Any

import httpx
import pytest

from tests.authorization.stranger import Stranger, error_of
from tests.outsiders.conftest import Asking
from tests.outsiders.hostile_node import HostileNode, Lie
from tests.outsiders.lies import ELSEWHERE, NO_OBJECTS, change, fail, no_object, redirect

pytestmark = pytest.mark.anyio

OTHER_ID = "00000000-0000-4000-8000-000000000000"
SAID: dict[str, tuple[str, Lie]] = {
    **{f"{name} as its status": ("status", no_object(name, 200)) for name in NO_OBJECTS},
    "another connection is closed": ("status", change(shared_id=OTHER_ID, state="closed")),
    "another state": ("status", change(state="deactivated?")),
    "a redirect of the reader": ("status", redirect(307)),
    "a redirect of the token": ("token", redirect(307)),
    "a bearer token": ("token", change(token_type="Bearer")),
    "endpoints of somebody else": ("metadata", change(token_endpoint=f"{ELSEWHERE}/oauth/token")),
    "another issuer": ("metadata", change(issuer=ELSEWHERE)),
    "no metadata": ("metadata", lambda _: httpx.Response(404)),
    "an error of its own": ("status", fail("server_error", 500)),
    "a refusal of the client": ("token", fail("invalid_client", 401)),
    "too many requests": ("token", fail("slow_down", 429)),
}


async def connect(asking: Asking) -> tuple[HostileNode, dict[str, Any]]:
    """Return a partner that has kept to the protocol until now, and the active connection with it."""
    evil = asking.meet()
    draft = await asking.draft(evil)
    shown = await asking.attempt(draft)
    assert shown["state"] == "active"
    return evil, shown


@pytest.mark.parametrize("name", SAID)
async def test_what_is_no_word_about_this_connection_changes_nothing(asking: Asking, name: str) -> None:
    evil, shown = await connect(asking)
    step, lie = SAID[name]
    evil.lies[step] = lie
    asked = len(evil.asked)
    asking.clock.advance(3601)
    await asking.a.work()
    assert len(evil.asked) > asked
    after = await asking.shown(shown)
    assert (after["state"], after["destination"]["state"]) == ("active", "active")
    asking.assert_nobody_else_was_called()


OVER: dict[str, tuple[str, Lie, str]] = {
    "its status": ("status", change(state="closed"), "closed_by_peer"),
    "over": ("status", fail("connection_over", 410), "closed_by_peer"),
    "no such connection": ("status", fail("unknown_connection", 404), "unknown_there"),
    "an unknown client": ("token", fail("unauthorized_client"), "unknown_there"),
}


@pytest.mark.parametrize("name", OVER)
async def test_a_plain_word_that_it_is_over_ends_it(asking: Asking, name: str) -> None:
    evil, shown = await connect(asking)
    step, lie, reason = OVER[name]
    evil.lies[step] = lie
    asking.clock.advance(3601)
    await asking.a.work()
    after = await asking.shown(shown)
    assert (after["state"], after["reason"]) == ("closed", reason)


async def test_a_partner_reads_and_ends_its_own_connection_only(asking: Asking) -> None:
    evil, shown = await connect(asking)
    _, other = await connect(asking)
    true = Stranger(asking.network, asking.a, "true.test")
    true.client_id, true.shared_id = f"{evil.issuer}/oauth/client.json", shown["shared_id"]
    true.private, true.jwk, true.kid = evil.private, evil.jwk, evil.jwk["kid"]
    token = await true.access_token()
    true.shared_id = other["shared_id"]
    for method, path in (("GET", ""), ("PUT", "/activation"), ("DELETE", "")):
        assert error_of(await true.call(method, token, path)) == (401, "invalid_token")
    assert (await true.connection_token()).is_client_error
    assert (await asking.shown(other))["state"] == "active"
