"""Two nodes to which anything may happen in any order; Hypothesis decides, and looks for an order that they fail."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule

from tests.faults.arrows import ARROWS, A, Arrow, B, Fault
from tests.faults.failpoints import Life, Moment
from tests.faults.faulty_network import FaultyNetwork
from tests.faults.patient_person import GaveUp, PatientPerson
from tests.faults.rest import (
    assert_both_agree,
    assert_no_code_was_redeemed_twice,
    come_to_rest,
    listed,
    revive,
)
from tests.faults.theatre import FreshDatabase
from tests.nodes import Json, RunningNode
from tests.pairs import DETAILS, Pair, two_nodes

Found = TypeVar("Found")
# Each is just over a time that means something: a backoff, the code, the watch, the push, an attempt, the probe, the
# invitation.
TIMES = (6, 61, 121, 301, 901, 3601, 72 * 3600 + 1)
AN_HOUR = 3601
each_side, how_far = st.sampled_from([A, B]), st.sampled_from([4, 4, 3, 2, 1, 0])


@dataclass
class SetUp:
    """A connection that one side drafted, its present attempt, and the person in front of it."""

    initiator: RunningNode
    responder: RunningNode
    id: str
    session: str
    person: PatientPerson


class TwoNodes(RuleBasedStateMachine):
    """One event loop, two nodes, one network, one clock."""

    set_ups = Bundle("set_ups")
    fresh_database: FreshDatabase

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.network = FaultyNetwork()
        self.lives: dict[str, Life] = {}
        urls = [self.stack.enter_context(self.fresh_database()) for _ in range(2)]
        self.pair: Pair = self._do(self.stack.enter_async_context(two_nodes(*urls, network=self.network)))

    def _do(self, work: Coroutine[Any, Any, Found]) -> Found:
        return self.loop.run(work)

    def _node(self, side: str) -> RunningNode:
        return self.pair.a if side == A else self.pair.b

    async def _revive(self) -> None:
        await revive(self.pair)

    async def _ask(self, node: RunningNode, method: str, path: str, body: object = None) -> Json | None:
        """Return the answer, None where it is a refusal; no fault of ours is an answer."""
        for _ in range(3):
            try:
                answer = await node.api.request(method, path, json=body)
            except httpx.TransportError:
                await self._revive()
                continue
            assert answer.status_code != httpx.codes.INTERNAL_SERVER_ERROR, answer.text
            found: Json = answer.json()
            return found if answer.is_success else None
        return None

    @initialize(target=set_ups, side=each_side, steps=how_far)
    def begin(self, side: str, steps: int) -> Any:
        """Every story is about something."""
        return self._do(self._initiate(self._node(side), self._node(B if side == A else A), steps))

    @rule(target=set_ups, side=each_side, steps=how_far)
    def initiate(self, side: str, steps: int) -> Any:
        """A side drafts a connection, and a person goes some steps of its first attempt."""
        return self._do(self._initiate(self._node(side), self._node(B if side == A else A), steps))

    async def _initiate(self, here: RunningNode, there: RunningNode, steps: int) -> Any:
        destination = {"type": "public", "url": there.issuer}
        body = {"instance": here.slug, "destination": destination, "details": DETAILS, "mode": "visual"}
        draft = await self._ask(here, "POST", "/v1/connections", body)
        if draft is None:
            return multiple()
        person = PatientPerson(self.network, self._revive)
        set_up = SetUp(here, there, str(draft["id"]), "", person)
        await self._try(set_up, steps)
        return set_up

    async def _try(self, set_up: SetUp, steps: int) -> None:
        """A fresh attempt takes the place of the one before, if that is possible now."""
        path = f"/v1/connections/{set_up.id}/verification-sessions"
        session = await self._ask(set_up.initiator, "POST", path)
        if session is None:
            return
        set_up.session = str(session["id"])
        set_up.person = PatientPerson(self.network, self._revive)
        for step in (self._start, self._accept, self._come_back, self._finish)[:steps]:
            await step(set_up)

    async def _finish(self, _set_up: SetUp) -> None:
        await self.pair.work()

    @rule(set_up=set_ups, steps=how_far)
    def try_again(self, set_up: SetUp, steps: int) -> None:
        """A person goes some steps of a fresh attempt."""
        self._do(self._try(set_up, steps))

    @rule(set_up=set_ups)
    def start(self, set_up: SetUp) -> None:
        """The person signs in at home and presses Start; the request is pushed."""
        self._do(self._start(set_up))

    async def _start(self, set_up: SetUp) -> None:
        url = f"{set_up.initiator.url}/v1/verification-sessions/{set_up.session}/start"
        await self._walk(set_up.person, url, None)

    @rule(set_up=set_ups)
    def accept(self, set_up: SetUp) -> None:
        """The person accepts over there; the browser stops on its way back."""
        self._do(self._accept(set_up))

    async def _accept(self, set_up: SetUp) -> None:
        await self._walk(set_up.person, None, "accept")

    @rule(set_up=set_ups)
    def deny(self, set_up: SetUp) -> None:
        """The person denies over there; the browser stops on its way back."""
        self._do(self._walk(set_up.person, None, "deny"))

    async def _walk(self, person: PatientPerson, url: str | None, button: str | None) -> None:
        """Do what the pages offer; what they do not offer is not done."""
        self.network.hold_back = "/oauth/callback"
        with suppress(GaveUp, LookupError):
            if url is not None:
                await person.open(url)
            if any("login" in form.fields for form in person.forms()):
                await person.sign_in()
            await person.submit(button=button)
        self.network.hold_back = None
        assert person.status != httpx.codes.INTERNAL_SERVER_ERROR, person.page

    @rule(set_up=set_ups)
    def come_back(self, set_up: SetUp) -> None:
        """The browser comes back, or reloads the page on which it is."""
        self._do(self._come_back(set_up))

    async def _come_back(self, set_up: SetUp) -> None:
        with suppress(GaveUp):
            if set_up.person.url:
                await set_up.person.open(set_up.person.url)
        assert set_up.person.status != httpx.codes.INTERNAL_SERVER_ERROR, set_up.person.page

    @rule(set_up=set_ups)
    def cancel(self, set_up: SetUp) -> None:
        """The initiator cancels its attempt."""
        self._do(self._ask(set_up.initiator, "DELETE", f"/v1/verification-sessions/{set_up.session}"))

    @rule(set_up=set_ups)
    def close_by_initiator(self, set_up: SetUp) -> None:
        """The initiator closes the connection."""
        self._do(self._ask(set_up.initiator, "DELETE", f"/v1/connections/{set_up.id}"))

    @rule(set_up=set_ups)
    def close_by_responder(self, set_up: SetUp) -> None:
        """The responder closes the connection, where it is listed there."""
        self._do(self._close_by_responder(set_up))

    async def _close_by_responder(self, set_up: SetUp) -> None:
        here = await self._ask(set_up.initiator, "GET", f"/v1/connections/{set_up.id}")
        listed = await self._ask(set_up.responder, "GET", "/v1/connections?limit=100")
        for item in (listed or {}).get("items", []):  # type: ignore[attr-defined]
            if here is not None and item["role"] == "responder" and item["shared_id"] == here["shared_id"]:
                await self._ask(set_up.responder, "DELETE", f"/v1/connections/{item['id']}")

    @rule(arrow=st.sampled_from(ARROWS), to=each_side, fault=st.sampled_from(Fault))
    def disturb(self, arrow: Arrow, to: str, fault: Fault) -> None:
        """The network does this to the next such arrow; what it held back until now arrives."""
        self._do(self.network.release())
        self.network.plan(replace(arrow, target=to), fault)

    @rule()
    def heal(self) -> None:
        """The network is whole again, and what is late arrives."""
        self.network.heal()
        self._do(self.network.release())

    @rule(side=each_side, commits=st.integers(0, 5), moment=st.sampled_from(Moment))
    def crash(self, side: str, commits: int, moment: Moment) -> None:
        """The node will die after so many commits more."""
        self._do(self._revive())
        life = self.lives.get(side)
        if life is None or life.node is not self._node(side).node:
            life = self.lives[side] = Life(self._node(side).node)
        life.die_later(commits, moment)

    @rule(side=each_side)
    def work(self, side: str) -> None:
        """The node does what is due."""
        self._do(self._node(side).work())

    @rule(seconds=st.sampled_from(TIMES))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.pair.clock.advance(seconds)

    @rule()
    def probe(self) -> None:
        """An hour passes, and both nodes do what is due."""
        self.pair.clock.advance(AN_HOUR)
        self._do(self.pair.work())

    @rule()
    def rest(self) -> None:
        """Nothing goes wrong any more: soon nobody waits, and nobody is active alone."""
        self.heal()
        for life in self.lives.values():
            life.spare()
        self._do(self._rest())

    async def _rest(self) -> None:
        await self._revive()
        drafted = [item for node in (self.pair.a, self.pair.b) for item in await listed(node)]
        await come_to_rest(self.pair, self._meanwhile, open_things=1 + len(drafted))
        await assert_both_agree(self.pair)
        assert_no_code_was_redeemed_twice(self.network)

    async def _meanwhile(self) -> None:
        """What people do while the nodes come to rest."""

    def teardown(self) -> None:
        """However it went, it ends at rest."""
        try:
            self.rest()
        finally:
            self._do(self.stack.aclose())
            self.loop.close()
