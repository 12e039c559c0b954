"""Scenes with an invitation: A invites, B is invited, and their admins do what they do until they get an answer."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta

from tests.faults.arrows import Scene
from tests.faults.patient_person import GaveUp
from tests.faults.stage import Stage

# Longer than any fault lasts, and shorter than an hour: nothing else has its turn until it is over.
GOOD_FOR = timedelta(minutes=45)
A_QUESTION_LATER = 10


async def invite(stage: Stage, *, confirmation_required: bool = False) -> None:
    """A's draft waits for whoever has the code."""
    expires_at = (stage.pair.clock.now() + GOOD_FOR).isoformat()
    wanted = {"mode": "basic", "confirmation_required": confirmation_required, "expires_at": expires_at}
    path = f"/v1/connections/{stage.draft['id']}/invitations"
    stage.sent = await stage.ask(stage.pair.a, "POST", path, wanted)


async def answer(stage: Stage, how: str, **more: object) -> None:
    """B's admin accepts or rejects the code."""
    body = {"code": stage.sent["code"], "instance": stage.pair.b.slug, **more}
    stage.received = await stage.ask(stage.pair.b, "POST", f"/v1/invitation-{how}", body)


async def invite_and_accept(stage: Stage) -> None:
    await invite(stage)
    with suppress(GaveUp):
        await answer(stage, "acceptances")
    await stage.pair.work()


async def claimed(stage: Stage) -> None:
    """B has accepted, and waits for A's admin."""
    await invite(stage, confirmation_required=True)
    await answer(stage, "acceptances")
    await stage.pair.work()


async def confirm(stage: Stage) -> None:
    await _decide(stage, {"decision": "confirm"})


async def refuse(stage: Stage) -> None:
    await _decide(stage, {"decision": "reject", "reason": "Who is this?"})


async def _decide(stage: Stage, decision: dict[str, str]) -> None:
    path = f"/v1/invitations/{stage.sent['id']}/confirmation"
    await stage.ask(stage.pair.a, "PUT", path, decision)
    await _b_asks(stage)


async def revoke(stage: Stage) -> None:
    await stage.ask(stage.pair.a, "DELETE", f"/v1/invitations/{stage.sent['id']}")
    await _b_asks(stage)


async def _b_asks(stage: Stage) -> None:
    stage.pair.clock.advance(A_QUESTION_LATER)
    await stage.pair.work()


async def lapse(stage: Stage) -> None:
    stage.pair.clock.advance(GOOD_FOR.total_seconds())
    await stage.pair.work()


async def reject(stage: Stage) -> None:
    await answer(stage, "rejections", reason="Not with us.")
    await stage.pair.work()


async def withdraw(stage: Stage) -> None:
    await stage.ask(stage.pair.b, "DELETE", f"/v1/invitations/{stage.received['id']}")
    await stage.pair.work()


PLAYED: Mapping[Scene, Callable[[Stage], Awaitable[None]]] = {
    Scene.INVITE: invite_and_accept,
    Scene.CONFIRM: confirm,
    Scene.REFUSE: refuse,
    Scene.REVOKE: revoke,
    Scene.LAPSE: lapse,
    Scene.REJECT: reject,
    Scene.WITHDRAW: withdraw,
}
BEGIN: Mapping[Scene, Callable[[Stage], Awaitable[None]]] = {
    Scene.REJECT: invite,
    **dict.fromkeys((Scene.CONFIRM, Scene.REFUSE, Scene.REVOKE, Scene.LAPSE, Scene.WITHDRAW), claimed),
}
