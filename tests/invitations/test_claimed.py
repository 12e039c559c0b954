"""What a claimed invitation gives: nothing before the confirmation, and nothing to anybody else."""

from typing import Any

import pytest

from tests.authorization.stranger import Stranger, error_of
from tests.invitations.claimant import Claimant
from tests.invitations.invited import Invited
from tests.pairs import Pair

pytestmark = pytest.mark.anyio
Json = dict[str, Any]


@pytest.fixture
async def code(invited: Invited) -> str:
    """The code of a fresh invitation for anybody."""
    return str((await invited.invite())["code"])


async def test_activation_after_the_expiry_is_too_late_for_both(
    pair: Pair, invited: Invited, claimant: Claimant
) -> None:
    await claimant.claimed(str((await invited.invite(confirmation_required=False))["code"]))
    token = await claimant.token()
    pair.clock.advance(72 * 3600 - 100)
    token = await claimant.token()
    pair.clock.advance(100)
    assert (await claimant.activate(token)).status_code == 410
    await pair.work()
    assert (await invited.ours())["state"] == "draft"


async def test_activation_before_the_confirmation_is_refused(
    invited: Invited, claimant: Claimant, code: str
) -> None:
    await claimant.claimed(code)
    assert (await claimant.activate(await claimant.token())).status_code == 400
    assert (await invited.ours())["state"] == "pending"


async def test_a_token_before_the_activation_gives_no_rights(claimant: Claimant, code: str) -> None:
    await claimant.claimed(code)
    answer = (await claimant.connection_token()).json()
    assert answer["scope"] == "connection"
    status = await claimant.call("GET", answer["access_token"])
    assert status.json()["state"] == "claimed"


async def test_somebody_else_sees_nothing_of_a_claim(pair: Pair, claimant: Claimant, code: str) -> None:
    await claimant.claimed(code)
    other = Stranger(pair.network, pair.a, "other.test")
    other.shared_id = claimant.shared_id
    assert error_of(await other.connection_token()) == (400, "unauthorized_client")


async def test_a_registered_name_that_nobody_has_is_refused_without_a_call(
    pair: Pair, claimant: Claimant
) -> None:
    claimant.client_id = f"{pair.a.issuer}/oauth/clients/{claimant.kid}"
    before = len(pair.network.seen)
    assert error_of(await claimant.connection_token()) == (400, "unauthorized_client")
    assert len(pair.network.seen) == before
