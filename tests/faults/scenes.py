"""The scenes in which arrows fly: each is played to its end by a person or a program, whatever the network does."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.faults.arrows import Scene
from tests.faults.faulty_network import FaultyNetwork
from tests.faults.patient_person import PatientPerson
from tests.pairs import Pair

Json = dict[str, Any]


@dataclass
class Stage:
    """Two nodes, the network that has a fault, and one connection that A drafted."""

    pair: Pair
    network: FaultyNetwork
    draft: Json

    async def verify(self, *, decision: str = "accept") -> PatientPerson:
        """A person goes through a fresh attempt; return them."""
        session = await self.pair.session(self.draft)
        person = PatientPerson(self.network)
        await person.verify(session["start_url"], decision=decision)
        return person

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


async def cancel(stage: Stage) -> None:
    stage.network.hold_back = "/oauth/callback"
    session = await stage.pair.session(stage.draft)
    await PatientPerson(stage.network).verify(session["start_url"])
    stage.network.hold_back = None
    await stage.pair.a.api.delete(f"/v1/verification-sessions/{session['id']}")
    await stage.pair.work()


async def probe(stage: Stage) -> None:
    stage.pair.clock.advance(3601)
    await stage.pair.work()


async def close_by_a(stage: Stage) -> None:
    await stage.pair.a.api.delete(f"/v1/connections/{stage.draft['id']}")
    await stage.pair.work()


async def close_by_b(stage: Stage) -> None:
    there = (await stage.pair.listed_at_b())[0]
    await stage.pair.b.api.delete(f"/v1/connections/{there['id']}")
    await stage.pair.work()


PLAYED: Mapping[Scene, Callable[[Stage], Awaitable[None]]] = {
    Scene.SET_UP: set_up,
    Scene.ANSWER_LOST: set_up_with_a_lost_answer,
    Scene.BROWSER_AWAY: set_up_without_a_way_back,
    Scene.CANCEL: cancel,
    Scene.PROBE: probe,
    Scene.CLOSE_BY_A: close_by_a,
    Scene.CLOSE_BY_B: close_by_b,
}
BEGIN_ACTIVE = {Scene.PROBE, Scene.CLOSE_BY_A, Scene.CLOSE_BY_B}


async def prepare(stage: Stage, scene: Scene) -> None:
    """What has to be there before the scene is there, and nothing went wrong until now."""
    if scene in BEGIN_ACTIVE:
        await stage.connect()
