"""An admin who takes longer than the pushed request lives loses nothing: the session has 15 minutes."""

import pytest

from tests.pairs import Pair

pytestmark = pytest.mark.anyio
LONGER_THAN_A_REQUEST_LIVES = 301


async def test_a_request_that_expired_undecided_is_pushed_again(pair: Pair) -> None:
    draft = await pair.draft()
    session = await pair.session(draft)
    alice = await pair.to_consent(session)
    pair.clock.advance(LONGER_THAN_A_REQUEST_LIVES)
    await pair.work()
    await alice.submit(button="accept")
    assert alice.status == 410, alice.page

    await alice.open(session["start_url"])
    await alice.submit()
    await alice.sign_in()
    await alice.submit(button="accept")
    await pair.work()
    assert (await pair.shown(draft))["state"] == "active"
    assert [item["state"] for item in await pair.listed_at_b()] == ["active"]
