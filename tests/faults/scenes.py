"""The scenes in which arrows fly: each is played to its end by a person or a program, whatever the network does."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tests.faults.arrows import A, Scene
from tests.faults.clock_beside import ClockBeside
from tests.faults.faulty_network import FaultyNetwork
from tests.faults.patient_person import PatientPerson
from tests.faults.rest import revive
from tests.nodes import RunningNode
from tests.pairs import Pair

Json = dict[str, Any]


@dataclass
class Stage:
    """Two nodes, the network that has a fault, and one connection that A drafted."""

    pair: Pair
    network: FaultyNetwork
    draft: Json

    def side(self, name: str) -> RunningNode:
        """Return the node that the tables call so."""
        return self.pair.a if name == A else self.pair.b

    def drift(self, seconds: float) -> None:
        """B's clock is so far ahead of A's from now on."""
        clock = self.pair.b.clock
        assert isinstance(clock, ClockBeside)
        clock.ahead = seconds

    async def revive(self) -> None:
        """Whichever node died is started again."""
        await revive(self.pair)

    async def ask(self, node: RunningNode, method: str, path: str) -> Json:
        """A program asks until it gets an answer; return it."""
        for _ in range(3):
            try:
                answer = await node.api.request(method, path)
            except httpx.TransportError:
                await self.revive()
            else:
                assert answer.is_success, answer.text
                found: Json = answer.json()
                return found
        raise AssertionError(f"{method} {path}: no answer")

    async def verify(self, *, decision: str = "accept") -> Json:
        """A person goes through a fresh attempt, as far as the pages lead; return its session."""
        path = f"/v1/connections/{self.draft['id']}/verification-sessions"
        session = await self.ask(self.pair.a, "POST", path)
        await PatientPerson(self.network, self.revive).verify(session["start_url"], decision=decision)
        return session

    async def connect(self) -> None:
        """The connection is active on both sides."""
        await self.verify()
        await self.pair.work()
        assert (await self.pair.shown(self.draft))["state"] == "active"


async def set_up(stage: Stage) -> None:
    await stage.verify()
    await stage.pair.work()


async def set_up_with_a_lost_answer(stage: Stage) -> None:
    stage.network.lose_answers = ["/oauth/token"]
    await set_up(stage)


async def set_up_without_a_way_back(stage: Stage) -> None:
    stage.network.hold_back = "/oauth/callback"
    await stage.verify()
    stage.network.hold_back = None
    await stage.pair.work()


async def abandon(stage: Stage) -> None:
    await stage.verify(decision="none")


async def cancel(stage: Stage) -> None:
    stage.network.hold_back = "/oauth/callback"
    session = await stage.verify()
    stage.network.hold_back = None
    await stage.ask(stage.pair.a, "DELETE", f"/v1/verification-sessions/{session['id']}")
    await stage.pair.work()


async def probe(stage: Stage) -> None:
    stage.pair.clock.advance(3601)
    await stage.pair.work()


async def close_by_a(stage: Stage) -> None:
    await stage.ask(stage.pair.a, "DELETE", f"/v1/connections/{stage.draft['id']}")
    await stage.pair.work()


async def close_by_b(stage: Stage) -> None:
    there = (await stage.pair.listed_at_b())[0]
    await stage.ask(stage.pair.b, "DELETE", f"/v1/connections/{there['id']}")
    await stage.pair.work()


PLAYED: Mapping[Scene, Callable[[Stage], Awaitable[None]]] = {
    Scene.SET_UP: set_up,
    Scene.ANSWER_LOST: set_up_with_a_lost_answer,
    Scene.BROWSER_AWAY: set_up_without_a_way_back,
    Scene.ABANDON: abandon,
    Scene.CANCEL: cancel,
    Scene.PROBE: probe,
    Scene.CLOSE_BY_A: close_by_a,
    Scene.CLOSE_BY_B: close_by_b,
}
BEGIN_ACTIVE = {Scene.PROBE, Scene.CLOSE_BY_A, Scene.CLOSE_BY_B}


async def prepare(stage: Stage, scene: Scene) -> None:
    """What has to be there before the scene is there, nothing went wrong until now, and nothing is left to do."""
    if scene in BEGIN_ACTIVE:
        await stage.connect()
    await stage.pair.work()
