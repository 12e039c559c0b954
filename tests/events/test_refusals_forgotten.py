"""Refusals are written down, but nobody fills the history with them."""

import pytest
from sqlmodel import select

from service.database.sessions import reading
from service.events.models import Event
from service.events.operations import MOST_REFUSALS, record_refusal
from tests.pairs import Pair

pytestmark = pytest.mark.anyio


async def told(pair: Pair, connection_id: str) -> list[str]:
    async with reading(pair.a.node.database) as session:
        found = await session.exec(select(Event.what).where(Event.connection_id == connection_id))
        return sorted(found.all())


async def test_refusals_are_few_and_go_while_changes_stay(each_pair: Pair) -> None:
    pair = each_pair
    draft = await pair.draft()
    for hour in range(8):
        for what in ("callback.refused",) * 12 + ("start.refused",) * (hour == 0):
            await record_refusal(pair.a.node.database, draft["id"], what, "other_browser", pair.clock.now())
        found = (await told(pair, draft["id"])).count("callback.refused")
        assert found == min(10 * (hour + 1), max(MOST_REFUSALS.values()))
        pair.clock.advance(3600)
    assert (await told(pair, draft["id"])).count("start.refused") == 1
    pair.clock.advance(90 * 24 * 3600)
    await pair.work()
    assert await told(pair, draft["id"]) == ["connection.create"]
