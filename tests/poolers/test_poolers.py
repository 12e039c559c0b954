"""A node works behind PgBouncer, whose servers change under it, and with what a provider asks of its clients."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from service.database.engine import Database, open_database
from service.database.migrations import migrate
from service.demo.run import DemoBrowser
from service.limits.table import WRONG_SIGN_INS_BY_SOURCE_AND_ACCOUNT
from tests import wizard
from tests.pairs import Pair, two_nodes
from tests.poolers.managed_database import ManagedDatabase
from tests.processes import started_node

ALICE = {"login": "alice", "password": "alice-sandbox"}
CROWD = 10
NODE_NAME = "__asyncpg_stmt_1__"


@contextmanager
def fresh_database(managed: ManagedDatabase) -> Iterator[str]:
    name = f"parley_{uuid4().hex}"
    managed.execute(f'CREATE DATABASE "{name}"')
    yield name
    managed.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def two_names(managed: ManagedDatabase) -> Iterator[tuple[str, str]]:
    with fresh_database(managed) as a, fresh_database(managed) as b:
        yield a, b


@pytest.fixture
def name(two_names: tuple[str, str]) -> str:
    return two_names[0]


@pytest.fixture
def port(managed: ManagedDatabase, request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a PgBouncer in the pool mode and of the size that the test names."""
    with managed.pooled(*request.param) as port:
        yield port


def pooled(mode: str, size: int = 2) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("port", [(mode, size)], indirect=True, ids=[mode])


@pytest.fixture
def migrated(managed: ManagedDatabase, two_names: tuple[str, str], port: int) -> tuple[str, str]:
    """The URLs of two databases behind that PgBouncer, migrated through it."""
    a, b = (managed.url(name, port=port) for name in two_names)
    migrate(a)
    migrate(b)
    return a, b


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = open_database(url)
    try:
        yield database
    finally:
        await database.close()


async def ask(url: str, question: str) -> object:
    async with opened(url) as database, database.engine.connect() as connection:
        return (await connection.execute(text(question))).scalar_one()


@pytest.mark.parametrize(
    "port", [("transaction", 2), ("session", 50)], indirect=True, ids=lambda asked: asked[0]
)
def test_nodes_and_a_worker_of_their_own_set_up_a_connection(
    migrated: tuple[str, str], tmp_path: Path
) -> None:
    """Two servers are enough for a node and its worker; in the mode "session" each of their connections has its own."""
    with ExitStack() as stack:
        own_worker = {"worker": "false"}
        a = stack.enter_context(started_node(tmp_path, "a", database_url=migrated[0], **own_worker))
        b = stack.enter_context(started_node(tmp_path, "b", database_url=migrated[1]))
        a.worker.start()
        for node in (a, b):
            node.wait_until_ready()
        attempt = wizard.begin(a.add_instance(), b.add_instance())
        browser = stack.enter_context(closing(DemoBrowser()))
        browser.open(attempt.start_url)
        browser.submit(ALICE)
        browser.submit()
        browser.submit(ALICE)
        browser.submit(button="accept")
        wizard.agree(attempt)
        for process in (a.server, a.worker, b.server):
            process.require_alive()
            assert "Traceback" not in process.said()


async def set_up(pair: Pair, door: asyncio.Semaphore) -> str:
    """Return the id of a draft whose admin access is proved; the nodes do the rest."""
    draft = await pair.draft()
    session = await pair.session(draft)
    async with door:
        person = await pair.to_consent(session)
    await person.submit(button="accept")
    return str(draft["id"])


@pytest.mark.anyio
@pooled("transaction")
async def test_a_crowd_shares_two_servers_with_a_client_that_has_taken_its_names(
    migrated: tuple[str, str],
) -> None:
    """Each statement may meet another server than the one before; on all of them the name is taken already."""
    for url in migrated * CROWD:
        await _take_name(url)
    async with two_nodes(*migrated) as pair:
        # More passwords for one account at once would look like guesses.
        door = asyncio.Semaphore(WRONG_SIGN_INS_BY_SOURCE_AND_ACCOUNT.most // 2)
        drafts = await asyncio.gather(*(set_up(pair, door) for _ in range(CROWD)))
        await pair.work()
        shown = [await pair.a.read(f"/v1/connections/{draft}") for draft in drafts]
        assert [each["state"] for each in shown] == ["active"] * CROWD
        assert len(await pair.listed_at_b()) == CROWD


async def _take_name(url: str) -> None:
    """Some server of the pool has a prepared statement of the name that the driver would choose first."""
    connection = await asyncpg.connect(url, statement_cache_size=0)
    try:
        await connection.execute(f"PREPARE {NODE_NAME} AS SELECT 1")
    except asyncpg.DuplicatePreparedStatementError:
        pass
    finally:
        await connection.close()


@pytest.mark.anyio
@pooled("transaction", 1)
async def test_nothing_is_left_at_a_server_that_others_use_too(migrated: tuple[str, str]) -> None:
    url, _ = migrated
    assert await ask(url, "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE '%asyncpg%'") == 0
    assert await ask(url, "SHOW lock_timeout") == "0"


@pytest.mark.anyio
async def test_a_direct_connection_prepares_a_statement_once(managed: ManagedDatabase, name: str) -> None:
    question = text(
        "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%pg_prepared_statements%'"
    )
    async with opened(managed.url(name)) as database, database.engine.connect() as connection:
        counts = [(await connection.execute(question)).scalar_one() for _ in range(3)]
    assert counts == [1, 1, 1]


@pytest.mark.anyio
@pooled("statement")
async def test_the_mode_statement_is_refused_in_a_sentence(
    managed: ManagedDatabase, name: str, port: int
) -> None:
    with pytest.raises(DBAPIError, match="transaction blocks not allowed in statement pooling mode"):
        await ask(managed.url(name, port=port), "SELECT 1")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "query",
    [
        "sslmode=verify-full&sslrootcert={authority}",
        "sslmode=verify-ca&sslrootcert={authority}&application_name=parley&connect_timeout=10",
        "sslmode=require&channel_binding=prefer",
        "sslmode=prefer",
        "sslmode=allow",
    ],
)
async def test_a_password_and_tls_reach_the_server_itself(
    managed: ManagedDatabase, name: str, query: str
) -> None:
    url = managed.url(name, query=query.format(authority=managed.authority))
    question = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    assert await ask(url, question) is ("allow" not in query)


@pytest.mark.anyio
async def test_without_tls_it_is_said_plainly(managed: ManagedDatabase, name: str) -> None:
    question = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    assert await ask(managed.url(name, query="sslmode=disable"), question) is False


@pytest.mark.anyio
async def test_a_wrong_password_is_an_error_of_the_database(managed: ManagedDatabase, name: str) -> None:
    with pytest.raises(DBAPIError, match="password authentication failed"):
        await ask(managed.url(name, password="wrong"), "SELECT 1")
