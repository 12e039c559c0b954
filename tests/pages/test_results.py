"""A page that waits looks again by itself, the more seldom the longer it has waited."""

import pytest

from tests.pairs import Pair

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("waited", "pause"), [(0, 2), (40, 10), (900, 30)])
async def test_a_waiting_page_looks_again_ever_more_seldom(pair: Pair, waited: int, pause: int) -> None:
    session = await pair.session(await pair.draft())
    alice = await pair.to_consent(session)
    await alice.submit(button="accept")
    pair.clock.advance(waited)
    await alice.open(session["start_url"])
    assert "Almost done" in alice.page
    assert f"This page looks again by itself after {pause} seconds." in alice.page
