"""Two nodes that many cases share: each finds them with nothing open, or gets fresh ones."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from tests import databases
from tests.faults.faulty_network import FaultyNetwork
from tests.faults.rest import come_to_rest
from tests.faults.scenes import Stage
from tests.pairs import Pair, two_nodes

# What a node keeps in its cache for an hour must not help the next case.
SWEPT_AFTER = 2 * 3600


class Theatre:
    """Starting two nodes costs as much as a whole set-up between them."""

    def __init__(self, sqlite_template: Path, folder: Path) -> None:
        self.template = sqlite_template
        self.folder = folder
        self.nights = AsyncExitStack()
        self.opened = 0
        self.free: Pair | None = None

    @asynccontextmanager
    async def stage(self) -> AsyncIterator[Stage]:
        """Give a fresh draft between two nodes; whoever leaves the stage in disorder was its last user."""
        pair, self.free = self.free or await self._open(), None
        network = pair.network
        assert isinstance(network, FaultyNetwork)
        stage = Stage(pair, network, await pair.draft())
        yield stage
        network.reset()
        await pair.a.api.delete(f"/v1/connections/{stage.draft['id']}")
        pair.clock.advance(SWEPT_AFTER)
        await come_to_rest(pair)
        self.free = pair

    async def _open(self) -> Pair:
        self.opened += 1
        urls = [
            databases.sqlite_copy(self.template, self.folder / f"{name}{self.opened}.db") for name in "ab"
        ]
        return await self.nights.enter_async_context(two_nodes(*urls, network=FaultyNetwork()))
