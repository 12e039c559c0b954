"""Until nothing is left to do, and what has to be true then."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select

from service.authorization.sweeping import SWEEP_JOB
from service.database.sessions import reading
from service.jobs.models import Job
from service.lifecycle.probing import STATUS_PROBE
from tests.faults.arrows import Outcome
from tests.faults.faulty_network import FaultyNetwork
from tests.nodes import RunningNode
from tests.pairs import Pair

Json = dict[str, Any]
REPEATED_FOR_EVER = (SWEEP_JOB, STATUS_PROBE)
ESTABLISHED = {"active", "deactivated"}
MOST_TICKS = 20
A_MOMENT = timedelta(seconds=1)


async def come_to_rest(
    pair: Pair, meanwhile: Callable[[], Awaitable[None]] | None = None, *, open_things: int = 1
) -> None:
    """Both nodes do what is due until only what repeats for ever is left: within twenty ticks for each open thing.

    `meanwhile` is what people do between two ticks.
    """
    for _ in range(MOST_TICKS * open_things):
        await pair.work()
        await revive(pair)
        if meanwhile is not None:
            await meanwhile()
        due = [moment for node in (pair.a, pair.b) for moment in await _due(node)]
        if not due:
            return
        pair.clock.advance(max(0.0, (min(due) - pair.clock.now()).total_seconds()))
    raise AssertionError(f"still not at rest after {MOST_TICKS * open_things} ticks")


async def revive(pair: Pair) -> None:
    """Whichever node died is started again."""
    await pair.a.revive()
    await pair.b.revive()


async def _due(node: RunningNode) -> list[datetime]:
    """Return when each open job can be done: one that a dead worker holds, when its lease is over."""
    open_jobs = select(Job).where(col(Job.done_at).is_(None), col(Job.kind).not_in(REPEATED_FOR_EVER))
    async with reading(node.node.database) as session:
        jobs = (await session.exec(open_jobs)).all()
    return [max(job.run_at, job.lease_until + A_MOMENT) if job.lease_until else job.run_at for job in jobs]


async def listed(node: RunningNode) -> list[Json]:
    """Return what this node lists."""
    items: list[Json] = (await node.read("/v1/connections?limit=100"))["items"]
    return items


async def assert_both_agree(pair: Pair) -> tuple[list[Json], list[Json]]:
    """Nobody waits, and what runs on one side runs on the other, as each says of itself; return what both list."""
    here, there = await listed(pair.a), await listed(pair.b)
    assert [item["id"] for item in (*here, *there) if item["state"] == "pending"] == []
    assert _seen(here, "own", "seen") == _seen(there, "seen", "own")
    for items, other in ((here, pair.b), (there, pair.a)):
        runs = [item for item in items if item["state"] in ESTABLISHED]
        assert {item["destination"]["node_url"] for item in runs} <= {other.issuer, None}
    return here, there


async def outcome(pair: Pair, draft_id: str) -> Outcome:
    """Return how both sides ended; fails where they disagree, or where one still waits."""
    here, _ = await assert_both_agree(pair)
    (state,) = [item["state"] for item in here if item["id"] == draft_id]
    return Outcome.NEITHER if state == "draft" else Outcome(state)


def _seen(items: list[Json], *order: str) -> dict[str, list[str]]:
    """Return for each connection that runs how it stands, here and as the other side was heard last."""
    found = {}
    for item in items:
        states = {"own": item["state"], "seen": item["destination"]["state"]}
        if item["state"] in ESTABLISHED:
            found[item["shared_id"]] = [states[side] for side in order]
    return found


def assert_no_code_was_redeemed_twice(network: FaultyNetwork) -> None:
    """What the other side granted is counted, not what was asked: an invitation any number of times, to one key."""
    assert set(network.redeemed.values()) <= {1}, network.redeemed
    assert {len(keys) for keys in network.claimed.values()} <= {1}, network.claimed
