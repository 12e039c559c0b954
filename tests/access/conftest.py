"""A node per test, on SQLite; `both` runs the test on PostgreSQL too."""

from collections.abc import AsyncIterator

import pytest

from tests.small_node import SmallNode, running


@pytest.fixture
async def node(anyio_backend: str, sqlite_url: str) -> AsyncIterator[SmallNode]:
    """A node without instances and tokens."""
    async with running(sqlite_url) as node:
        yield node


@pytest.fixture
async def both(anyio_backend: str, database_url: str) -> AsyncIterator[SmallNode]:
    """The same, once per database."""
    async with running(database_url) as node:
        yield node
