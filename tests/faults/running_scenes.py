"""Scenes of a connection that is active: it looks after itself, is paused, closed, or one of its sides moves."""

from collections.abc import Awaitable, Callable, Mapping

from tests.faults.arrows import MOVED, Scene
from tests.faults.invitation_scenes import invite_and_accept
from tests.faults.stage import Json, Stage, restart_at
from tests.nodes import RunningNode


async def connect(stage: Stage) -> None:
    """A person has verified it."""
    await stage.connect()


async def move_house(stage: Stage) -> None:
    """A runs under another URL, and nobody has said yet why."""
    await stage.connect()
    await stage.pair.work()
    await restart_at(stage.pair.a, f"https://{MOVED}.test")


async def probe(stage: Stage) -> None:
    stage.pair.clock.advance(3601)
    await stage.pair.work()


async def close_by_a(stage: Stage) -> None:
    await _close(stage, stage.pair.a, stage.draft)


async def close_by_b(stage: Stage) -> None:
    await _close(stage, stage.pair.b, (await stage.pair.listed_at_b())[0])


async def _close(stage: Stage, node: RunningNode, connection: Json) -> None:
    await stage.ask(node, "DELETE", f"/v1/connections/{connection['id']}")
    await stage.pair.work()


async def pause(stage: Stage) -> None:
    await stage.ask(stage.pair.a, "DELETE", f"/v1/connections/{stage.draft['id']}/activation")
    await stage.pair.work()


async def pause_and_resume(stage: Stage) -> None:
    path = f"/v1/connections/{stage.received['connection']}/activation"
    for method in ("DELETE", "POST"):
        await stage.ask(stage.pair.b, method, path)
        await stage.pair.work()


async def move(stage: Stage) -> None:
    path = f"/v1/instances/{stage.pair.a.instance['id']}/moves"
    await stage.ask(stage.pair.a, "POST", path, {"kind": "moved"})
    await stage.pair.work()


async def carry(stage: Stage) -> None:
    theirs = (await stage.pair.listed_at_b())[0]
    for node, connection in ((stage.pair.b, theirs), (stage.pair.a, stage.draft)):
        path, message = f"/v1/connections/{connection['id']}/messages", {"body": node.slug}
        await stage.ask(node, "POST", path, message, key=connection["id"])
    await stage.pair.work()


PLAYED: Mapping[Scene, Callable[[Stage], Awaitable[None]]] = {
    Scene.PROBE: probe,
    Scene.CLOSE_BY_A: close_by_a,
    Scene.CLOSE_BY_B: close_by_b,
    Scene.CLOSE_BY_INVITER: close_by_a,
    Scene.CLOSE_BY_INVITED: close_by_b,
    Scene.PAUSE: pause,
    Scene.RESUME: pause_and_resume,
    Scene.MOVE: move,
    Scene.CARRY: carry,
}
BEGIN: Mapping[Scene, Callable[[Stage], Awaitable[None]]] = {
    **dict.fromkeys((Scene.PROBE, Scene.CLOSE_BY_A, Scene.CLOSE_BY_B, Scene.CARRY), connect),
    **dict.fromkeys(
        (Scene.CLOSE_BY_INVITER, Scene.CLOSE_BY_INVITED, Scene.PAUSE, Scene.RESUME), invite_and_accept
    ),
    Scene.MOVE: move_house,
}
