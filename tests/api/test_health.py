"""A node says whether it lives and whether it can work, and why not."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from service.database.engine import open_database
from service.database.sessions import transaction
from service.demo.run import free_port
from tests.nodes import Network, RunningNode, running_node
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
PASSWORD = "swordfish"


@pytest.fixture
async def node(database_url: str) -> AsyncIterator[RunningNode]:
    async with running_node(Network(), "acme", database_url, FrozenClock()) as node:
        yield node


async def test_a_node_that_can_work_says_so_to_anybody(node: RunningNode) -> None:
    for path, checks in {"/livez": {"process"}, "/readyz": {"database", "migrations"}}.items():
        answer = await node.api.get(path, headers={"Authorization": ""})
        assert answer.status_code == 200
        assert answer.json() == {"status": "ok", "checks": dict.fromkeys(checks, "ok")}
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "dropped", "renamed"])
async def test_without_its_database_it_lives_but_is_not_ready(
    node: RunningNode, kind: str, tmp_path: Path, postgres_url: str
) -> None:
    away = {
        "sqlite": f"sqlite+aiosqlite:///{tmp_path}/away/parley.db",
        "postgresql": f"postgresql+asyncpg://parley:{PASSWORD}@127.0.0.1:{free_port()}/parley",
        "dropped": str(make_url(postgres_url).set(database="dropped")),
        "renamed": str(make_url(postgres_url).set(username="renamed")),
    }
    database = node.app.state.database
    node.app.state.database = open_database(away[kind])
    answer = await node.api.get("/readyz")
    assert (await node.api.get("/livez")).status_code == 200
    node.app.state.database = database
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    problem = answer.json()
    assert (problem["code"], problem["retry"]) == ("unavailable", "after_delay")
    assert problem["detail"] == "The database did not answer."
    assert PASSWORD not in answer.text
    assert str(tmp_path) not in answer.text
    assert (await node.api.get("/readyz")).status_code == 200


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE alembic_version SET version_num = 'an_older_one'", "an_older_one"),
        ("DELETE FROM alembic_version", "none"),
    ],
    ids=["old", "none"],
)
async def test_on_another_migration_it_is_not_ready_and_says_what_to_do(
    node: RunningNode, change: str, found: str
) -> None:
    async with transaction(node.node.database) as session:
        await session.exec(text(change))  # type: ignore[call-overload]
    answer = await node.api.get("/readyz")
    assert answer.status_code == 503
    problem = answer.json()
    assert "run `parley migrate`" in problem["detail"]
    assert problem["found"] == found
    assert problem["checks"]["database"] == "ok"
    assert (await node.api.get("/livez")).status_code == 200


async def test_a_browser_reads_why_as_a_page(node: RunningNode) -> None:
    async with transaction(node.node.database) as session:
        await session.exec(text("DELETE FROM alembic_version"))  # type: ignore[call-overload]
    answer = await node.api.get("/readyz", headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")
    assert "parley migrate" in answer.text
