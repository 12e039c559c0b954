"""The invited side takes no registration that is not its own, whatever the inviter's node answers."""

import pytest

from tests.invitations.invited import Invited
from tests.pairs import Pair

pytestmark = pytest.mark.anyio


async def ended(pair: Pair) -> None:
    """The invited side has given up, and says why."""
    (theirs,) = await pair.listed_at_b()
    assert (theirs["state"], theirs["reason"]) == ("closed", "attempt_ended")
    assert theirs["last_error"]["code"] == "destination-refused"
    assert theirs["last_error"]["upstream"]["reason"] == "unexpected_answer"


async def test_the_client_id_of_somebody_else_is_not_taken(pair: Pair, invited: Invited) -> None:
    await invited.accept(await invited.invite())
    pair.network.rewrite = (b'client.json","client_id_issued', b'other.json","client_id_issued')
    await pair.work()
    await ended(pair)


async def test_the_shared_id_of_somebody_else_is_not_taken(pair: Pair, invited: Invited) -> None:
    accepted = await invited.accept(await invited.invite())
    connection = await pair.b.read(f"/v1/connections/{accepted['connection']}")
    pair.network.rewrite = (connection["shared_id"].encode(), b"11111111-2222-4333-8444-555555555555")
    await pair.work()
    await ended(pair)


async def test_a_claim_of_somebody_else_is_not_taken_for_ours(pair: Pair, invited: Invited) -> None:
    await invited.accept(await invited.invite())
    pair.network.rewrite = (b'"invitation_state":"claimed"', b'"invitation_state":"magic"')
    await pair.work()
    await ended(pair)
