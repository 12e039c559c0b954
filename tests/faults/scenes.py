"""The scenes in which arrows fly: each is played to its end by a person or a program, whatever the network does."""

from collections.abc import Awaitable, Callable, Mapping

from tests.faults import invitation_scenes, running_scenes
from tests.faults.arrows import Scene
from tests.faults.stage import Stage


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


PLAYED: Mapping[Scene, Callable[[Stage], Awaitable[None]]] = {
    Scene.SET_UP: set_up,
    Scene.ANSWER_LOST: set_up_with_a_lost_answer,
    Scene.BROWSER_AWAY: set_up_without_a_way_back,
    Scene.ABANDON: abandon,
    Scene.CANCEL: cancel,
    **invitation_scenes.PLAYED,
    **running_scenes.PLAYED,
}
BEGIN = {**invitation_scenes.BEGIN, **running_scenes.BEGIN}


async def prepare(stage: Stage, scene: Scene) -> None:
    """What has to be there before the scene is there, nothing went wrong until now, and nothing is left to do."""
    if scene in BEGIN:
        await BEGIN[scene](stage)
    await stage.pair.work()
