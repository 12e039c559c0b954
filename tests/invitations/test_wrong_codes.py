"""Who guesses codes of invitations is stopped by network, whichever invitations they are of."""

import httpx
import pytest

from service.limits.table import WRONG_CODES_BY_SOURCE
from service.trust.signatures import unverified_claims
from tests.authorization.stranger import error_of
from tests.invitations.claimant import Claimant
from tests.invitations.invited import Invited
from tests.pairs import Pair

pytestmark = pytest.mark.anyio
GUESS = {"invitation": "inv_unknown", "secret": "x" * 43}


async def test_twenty_wrong_codes_from_one_network_and_the_next_one_has_to_wait(
    each_pair: Pair, each_invited: Invited
) -> None:
    claimant = Claimant(each_pair.network, each_pair.a)
    code = (await each_invited.invite())["code"]
    guesses = [
        error_of(await claimant.post("/invitations/status", GUESS)) for _ in range(WRONG_CODES_BY_SOURCE.most)
    ]
    assert {status for status, _ in guesses} == {401}
    for refused in (await claimant.asks(code), await claimant.register(code)):
        assert error_of(refused) == (429, "temporarily_unavailable")
        assert refused.headers["retry-after"] == "900"
    claims = unverified_claims(code)
    elsewhere = httpx.ASGITransport(claimant.asked.app, client=("198.51.100.7", 1))
    async with httpx.AsyncClient(transport=elsewhere) as holder:
        form = {"invitation": claims["jti"], "secret": claims["secret"]}
        answer = await holder.post(f"{claimant.asked.issuer}/invitations/status", data=form)
    assert answer.status_code == 200
    each_pair.clock.advance(WRONG_CODES_BY_SOURCE.window.total_seconds())
    assert (await claimant.asks(code)).status_code == 200


async def test_the_right_code_is_asked_for_as_often_as_one_likes(
    pair: Pair, invited: Invited, claimant: Claimant
) -> None:
    code = (await invited.invite())["code"]
    answers = [(await claimant.asks(code)).status_code for _ in range(WRONG_CODES_BY_SOURCE.most + 2)]
    assert set(answers) == {200}


async def test_without_the_secret_nothing_is_said_about_the_rest(
    invited: Invited, claimant: Claimant
) -> None:
    code = str((await invited.invite())["code"])
    for body in (claimant.registration(code), {}):
        assert error_of(await claimant.send(body, {})) == (401, "invalid_token")
