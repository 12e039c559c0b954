"""Two nodes with a network that can be told what to do wrong."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.stage import Stage
from tests.faults.theatre import Theatre, postgres_databases, sqlite_databases


@pytest.fixture(scope="module")
async def theatre(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Theatre]:
    """Two nodes on SQLite for all cases of a file."""
    theatre = Theatre(sqlite_databases(sqlite_template, tmp_path_factory.mktemp("theatre")))
    async with theatre.nights:
        yield theatre


@pytest.fixture(scope="module")
async def postgres_theatre(postgres_url: str, postgres_template: str) -> AsyncIterator[Theatre]:
    """Two nodes on PostgreSQL for all cases of a file."""
    theatre = Theatre(postgres_databases(postgres_url, postgres_template))
    async with theatre.nights:
        yield theatre


@pytest.fixture
async def stage(theatre: Theatre) -> AsyncIterator[Stage]:
    """A draft at A towards B, and nothing else open on either node."""
    async with theatre.stage() as stage:
        yield stage


@pytest.fixture
async def postgres_stage(postgres_theatre: Theatre) -> AsyncIterator[Stage]:
    """As `stage`, with both nodes on PostgreSQL."""
    async with postgres_theatre.stage() as stage:
        yield stage
