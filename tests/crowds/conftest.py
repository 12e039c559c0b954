"""Two whole nodes that keep what they know in databases of one kind."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests import databases
from tests.nodes import PATIENCE_SECONDS
from tests.pairs import Pair, two_nodes


@pytest.fixture(params=["sqlite", "postgres"])
def two_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A database for each of two nodes; the test runs twice."""
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        a, b = (databases.sqlite_copy(template, tmp_path / f"{name}.db") for name in ("a", "b"))
        yield a, b
        return
    server, template = map(request.getfixturevalue, ("postgres_url", "postgres_template"))
    with databases.postgres_copy(server, template) as a, databases.postgres_copy(server, template) as b:
        yield a, b


@pytest.fixture
async def alike(two_urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pair]:
    """Both nodes on SQLite, then both on PostgreSQL; both, and their crowd, share one processor here."""
    monkeypatch.setattr("service.database.engine.POOL_WAIT_SECONDS", PATIENCE_SECONDS)
    async with two_nodes(*two_urls) as both:
        yield both
