"""Real servers of Debian for the tests of this folder; where one cannot be had, its tests fail and never skip."""

from collections.abc import Iterator

import pytest

from tests.poolers.managed_database import ManagedDatabase, managed_database


@pytest.fixture(scope="session")
def managed() -> Iterator[ManagedDatabase]:
    """A PostgreSQL with passwords and TLS."""
    with managed_database() as database:
        yield database
