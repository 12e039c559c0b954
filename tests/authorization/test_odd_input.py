"""What no client would send is refused like anything else, on both databases: it is never a fault of ours."""

from collections.abc import AsyncIterator

import pytest

from tests.authorization.stranger import Json, Stranger
from tests.nodes import Network, RunningNode, running_node
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
ODD = ["%00", "%F0%9F%92%A9", "%FF", "a%2Fb", "x" * 3000, "%ED%A0%80"]


@pytest.fixture
async def b(network: Network, database_url: str) -> AsyncIterator[RunningNode]:
    async with running_node(network, "b", database_url, FrozenClock()) as node:
        yield node


@pytest.mark.parametrize("odd", ODD, ids=["nul", "emoji", "no utf-8", "slash", "long", "surrogate"])
async def test_odd_paths_and_parameters_are_refused(stranger: Stranger, odd: str) -> None:
    issuer = stranger.asked.issuer
    token = (await stranger.redeemed())["access_token"]
    proof = {"Authorization": f"DPoP {token}", "DPoP": "x"}
    forms = [
        f"grant_type=authorization_code&code={odd}&redirect_uri={odd}&code_verifier={odd}",
        f"grant_type=client_credentials&shared_id={odd}",
        f"client_assertion={odd}&client_assertion_type={odd}",
    ]
    answers = [
        await stranger.raw("GET", f"/oauth/authorize/{odd}", {}),
        await stranger.raw("GET", f"/oauth/authorize?client_id={odd}&request_uri={odd}", {}),
        await stranger.raw("GET", f"/connections/{odd}", proof),
        await stranger.raw("PUT", f"/connections/{odd}/activation", proof),
        await stranger.raw("GET", f"/sign-in?next=/i/b-tracker/oauth/authorize/{odd}", {}),
        await stranger.asked.api.get(f"{stranger.asked.url}/i/{odd}/sign-in"),
        *[await stranger.post("/oauth/token", form) for form in forms],
        await stranger.post("/oauth/token", stranger.token_form(code=odd), headers={"DPoP": "x"}),
        await stranger.post("/oauth/par", forms[2]),
    ]
    assert issuer.endswith("b-tracker")
    assert {answer.status_code // 100 for answer in answers} == {4}


@pytest.mark.parametrize("name", ["state", "nonce", "connection_name", "initiator_short_name"])
async def test_odd_texts_are_stored_or_refused(stranger: Stranger, name: str) -> None:
    for odd in ("\u0000", "\u202e\U0001f4a9" * 12, "\x7f", "  ", "\u2028" * 24, "'\"<>;--" * 4):
        changes: Json = {name: odd}
        answer = await stranger.push(**changes)
        assert answer.status_code in {201, 400}, answer.text


@pytest.mark.parametrize("odd", ["\u202e", "9 lives", "a" * 30, "_", "\u00e4\u00f6", "x y z", ""])
async def test_odd_short_names_become_names_that_a_draft_could_have(stranger: Stranger, odd: str) -> None:
    person = await stranger.visit(initiator_short_name=odd, responder_short_name=odd, connection_name=odd)
    await person.submit(button="accept")
    (shown,) = (await stranger.asked.api.get("/v1/connections")).json()["items"]
    names = [shown["local"]["short_name"], shown["destination"]["short_name"]]
    assert len(set(names)) == 2
    assert all(name[0].isalpha() and name.isascii() and len(name) <= 30 for name in names)
    assert shown["name"]
