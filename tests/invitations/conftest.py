"""A draft at A for a partner that nobody knows yet, and a claimant that keeps to no protocol but its own."""

import pytest

from tests.invitations.claimant import Claimant
from tests.invitations.invited import Invited
from tests.pairs import Pair


@pytest.fixture
async def invited(pair: Pair) -> Invited:
    return await Invited.begin(pair)


@pytest.fixture
async def each_invited(each_pair: Pair) -> Invited:
    """As `invited`, twice: the inviter on SQLite and on PostgreSQL."""
    return await Invited.begin(each_pair)


@pytest.fixture
def claimant(pair: Pair) -> Claimant:
    return Claimant(pair.network, pair.a)
