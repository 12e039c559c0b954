"""The inviter has committed, and something on the way spoils its answer: nobody stays active alone."""

import pytest

from tests.invitations.invited import Invited
from tests.pairs import Pair

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("private", [True, False], ids=["private", "public"])
async def test_a_spoiled_answer_to_the_activation_ends_it_on_both_sides(pair: Pair, *, private: bool) -> None:
    """A private side cannot be asked how it stands, so it has to tell."""
    invited = await Invited.begin(pair, private=private)
    issued = await invited.invite(confirmation_required=False)
    await invited.accept(issued)
    pair.network.rewrite = (b'"state":"active"', b'"state":"redeemed"')
    await pair.b.work()
    pair.network.rewrite = None
    await pair.work()
    ours, theirs = await invited.both()
    assert (ours["state"], theirs["state"]) == ("closed", "closed")
