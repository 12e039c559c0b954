"""Two nodes on databases of one kind, which get into trouble and out of it again."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from structlog.testing import capture_logs

from tests.crowds.conftest import two_urls
from tests.nodes import Network
from tests.pairs import Pair, two_nodes

__all__ = ["two_urls"]


class RecordingNetwork(Network):
    """Keeps the last answer of each protocol endpoint, by the end of its path."""

    def __init__(self) -> None:
        super().__init__()
        self.last: dict[str, httpx.Response] = {}

    async def carry(self, request: httpx.Request) -> httpx.Response:
        answer = await super().carry(request)
        await answer.aread()
        self.last[request.url.path.rpartition("/")[2]] = answer
        return answer


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What is logged of so many failures is not rendered: that would take longer than the test."""
    with capture_logs():
        yield


@pytest.fixture
async def pair(two_urls: tuple[str, str]) -> AsyncIterator[Pair]:
    """Both nodes on SQLite, then both on PostgreSQL."""
    async with two_nodes(*two_urls, network=RecordingNetwork()) as both:
        yield both
