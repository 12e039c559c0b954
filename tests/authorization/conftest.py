"""One node that is asked, on SQLite unless a test asks for both databases, and a stranger that asks."""

from collections.abc import AsyncIterator

import pytest

from tests.authorization.stranger import Stranger
from tests.nodes import Network, RunningNode, running_node
from tests.small_node import FrozenClock


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
async def b(network: Network, sqlite_url: str) -> AsyncIterator[RunningNode]:
    async with running_node(network, "b", sqlite_url, FrozenClock()) as node:
        yield node


@pytest.fixture
def stranger(network: Network, b: RunningNode) -> Stranger:
    return Stranger(network, b)
