"""Attempts that ended long ago are forgotten; what a connection shows is kept."""

import pytest

from tests.pairs import Pair

pytestmark = pytest.mark.anyio
A_MONTH = 30 * 24 * 3600


async def test_old_attempts_go_but_for_the_one_that_is_shown(each_pair: Pair) -> None:
    pair = each_pair
    draft = await pair.draft()
    first, second, last = [await pair.session(draft) for _ in range(3)]
    await pair.a.api.delete(f"/v1/verification-sessions/{last['id']}")
    pair.clock.advance(A_MONTH)
    await pair.a.work()
    assert (await pair.shown_session(first))["state"] == "cancelled"
    pair.clock.advance(600)
    await pair.a.work()
    for gone in (first, second):
        assert (await pair.a.api.get(f"/v1/verification-sessions/{gone['id']}")).status_code == 404
    assert (await pair.shown_session(last))["state"] == "cancelled"
    assert (await pair.shown(draft))["state"] == "draft"
