"""The client of docs/follow.py knows no step: a change of the state machine must not need a change of it."""

import ast
import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from docs.follow import fill, follow
from tests.invitations.invited import make_private
from tests.pairs import Pair, read
from tests.source_tree import ROOT

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
NAMES = {"local_short_name": "Shop", "destination_short_name": "Desk"}
SOURCE = (ROOT / "docs/follow.py").read_text(encoding="utf-8")


class Partners:
    """The people at both sides: who opens pages, passes a code on, and reads the comparison code to the other."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.code = asyncio.get_running_loop().create_future()
        self.answers: dict[str, str] = {}

    async def hand(self, action: Json, answer: Json) -> None:
        if action["comparison_code"] and action["actor"] == "other_side":
            self.answers.setdefault("comparison_code", action["comparison_code"])
        if "code" in action["reveals"] and not self.code.done():
            self.code.set_result(answer["code"])
        if action["kind"] == "open_url":
            person = await self.pair.person()
            await person.open(action["url"])
            await person.sign_in()
            await person.submit()
            await person.sign_in()
            await person.submit(button="accept")
        self.pair.clock.advance(6)
        await self.pair.work()
        await asyncio.sleep(0)

    async def begin(self, answers: Mapping[str, str]) -> Json:
        self.answers |= {**NAMES, **answers}
        draft = await self.pair.post("/v1/connections", {"instance": self.pair.a.slug})
        return await follow(self.pair.a.api, f"/v1/connections/{draft['id']}", self.answers, self.hand)

    async def accept(self) -> Json:
        """The invited side: with the code it has a connection, and follows that."""
        body = {"code": await self.code, "instance": self.pair.b.slug}
        accepted = read(await self.pair.b.api.post("/v1/invitation-acceptances", json=body), 201)
        return await follow(self.pair.b.api, f"/v1/connections/{accepted['connection']}", {}, self.hand)


async def test_it_sets_up_a_public_connection(pair: Pair) -> None:
    answers = {"type": "public", "url": pair.b.issuer, "mode": "visual"}
    assert (await Partners(pair).begin(answers))["state"] == "active"


async def test_it_sets_up_a_local_connection(pair: Pair) -> None:
    answers = {"type": "local", "mode": "basic"}
    assert (await Partners(pair).begin(answers))["state"] == "active"


@pytest.mark.parametrize("private", [False, True])
async def test_it_invites_and_is_invited(pair: Pair, private: bool) -> None:  # noqa: FBT001
    if private:
        await make_private(pair)
    partners = Partners(pair)
    answers = {"type": "private", "mode": "script", "decision": "confirm"}
    async with asyncio.timeout(60):
        both = await asyncio.gather(partners.begin(answers), partners.accept())
    assert [connection["state"] for connection in both] == ["active", "active"]


async def test_it_meets_what_a_future_server_says(pair: Pair) -> None:
    """Unknown states, kinds, types of fields and members mean nothing to it, and break nothing."""
    field = {"name": "x", "value": "1", "visible_when": None, "type": "colour", "shade": 7}
    action = {"id": "dance", "kind": "dance", "primary": True, "fields": [field], "reveals": [], "new": {}}
    later = {"id": "con_1", "state": "resting", "next_actions": []}
    answers = iter([{"state": "dancing", "next_actions": [action], "mood": "good"}, later])
    seen = []

    async def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=json.dumps(next(answers)))

    async def hand(action: Json, _: Json) -> None:
        seen.append(action["kind"])

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="https://later.test") as api:
        assert await follow(api, "/v1/connections/con_1", {}, hand) == later
    assert seen == ["dance"]
    assert fill([field], {}) == {"x": "1"}


def test_it_is_short_and_names_no_step() -> None:
    assert len(SOURCE.splitlines()) < 60
    words = {node.value for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.Constant)}
    assert (
        words & {"destination", "details", "mode", "access", "activation", "confirm", "public", "local"}
        == set()
    )
