"""Who has a code can name any host as its own: how many of those are read at once has an end."""

import asyncio

import httpx
import pytest

from service.authorization.clients.documents import MOST_FETCHES
from service.limits import at_once
from tests.authorization.stranger import error_of
from tests.http.test_busy_limit import Held
from tests.invitations.claimant import Claimant
from tests.invitations.invited import Invited
from tests.pairs import Pair

pytestmark = pytest.mark.anyio


async def test_claimants_take_no_more_than_the_strangers_share_of_calls(
    pair: Pair, invited: Invited, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (await invited.invite())["code"]
    monkeypatch.setattr(at_once, "WAIT_SECONDS", 0.0)
    held = Held()
    slow = [Claimant(pair.network, pair.a, f"s{number}.test") for number in range(MOST_FETCHES)]
    late = Claimant(pair.network, pair.a, "late.test")
    for claimant in slow:
        pair.network.hosts[claimant.host] = httpx.MockTransport(held)
    claims = [asyncio.create_task(claimant.register(code)) for claimant in slow]
    await held.are_asked(MOST_FETCHES)
    refused = await late.register(code)
    held.may_answer.set()
    assert {error_of(await claim) for claim in claims} == {(400, "invalid_client_metadata")}
    assert error_of(refused) == (503, "temporarily_unavailable")
    assert (await late.register(code)).status_code == 201
