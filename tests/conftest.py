"""What every test may ask for; how it is made stands in files of their own."""

import gc
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import databases
from tests.pairs import Pair, two_nodes
from tests.shared_statements import shared_statements

# A failure has to be the same on every machine and in every run.
settings.register_profile("parley", deadline=None, derandomize=True, print_blob=True)
# For a night: other cases each time, and many more of them. HYPOTHESIS_PROFILE chooses.
settings.register_profile("thorough", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "parley"))


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The service runs on asyncio only."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def _shared_statements() -> Iterator[None]:
    with shared_statements():
        yield


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL where databases may be created: TEST_DATABASE_URL, or one that this run starts."""
    with databases.postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """The database that each test's own is cloned from."""
    with databases.postgres_template(postgres_url) as name:
        yield name


@pytest.fixture
def postgres_database_url(postgres_url: str, postgres_template: str) -> Iterator[str]:
    """A migrated, empty PostgreSQL database for one test."""
    with databases.postgres_copy(postgres_url, postgres_template) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database file that each test's own is copied from."""
    return databases.sqlite_template(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated, empty SQLite database for one test."""
    return databases.sqlite_copy(sqlite_template, tmp_path / "parley.db")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The test runs twice: on SQLite and on PostgreSQL."""
    fixture = "sqlite_url" if request.param == "sqlite" else "postgres_database_url"
    return str(request.getfixturevalue(fixture))


@pytest.fixture
async def pair(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Pair]:
    """Two whole nodes on SQLite that reach each other."""
    paths = [databases.sqlite_copy(sqlite_template, tmp_path / f"{name}.db") for name in ("a", "b")]
    async with two_nodes(*paths) as both:
        yield both


@pytest.fixture
async def each_pair(database_url: str, sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Pair]:
    """As `pair`, twice: the asking node on SQLite and on PostgreSQL."""
    async with two_nodes(database_url, databases.sqlite_copy(sqlite_template, tmp_path / "b.db")) as both:
        yield both
