"""No statement on the way of a request or of the worker reads a whole table: both databases say how they find rows."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event

from service.database.engine import Database
from service.jobs.leases import claim
from tests.databases import sqlite_copy
from tests.pairs import Pair, two_nodes

pytestmark = pytest.mark.anyio
SMALL = {"instance", "service_token", "node_secret", "known_instance"}
"""Tables that an operator fills by hand: a few rows, which may be read as a whole."""
LISTS = (
    "/v1/connections",
    "/v1/connections?sort=created_at",
    "/v1/connections?sort=updated_at",
    "/v1/connections?sort=-updated_at",
    "/v1/connections?state=active&state=pending",
    "/v1/connections?type=public&mode=visual",
    "/v1/connections?created_after=2029-01-01T00:00:00Z",
    "/v1/connections?metadata[team]=red",
    "/v1/connections?q=acme",
    "/v1/connections?instance={instance}",
    "/v1/connections?instance={instance}&sort=-updated_at",
    "/v1/invitations",
    "/v1/connections/{connection}",
    "/v1/connections/{connection}/history",
)


@contextmanager
def plans_of(database: Database) -> Iterator[dict[str, str]]:
    """Give how the database finds the rows of each statement that is executed inside the block."""
    plans: dict[str, str] = {}
    engines = {database.engine.sync_engine, database.reading_engine.sync_engine}

    def explain(connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: object) -> None:
        if not statement.startswith(("SELECT", "UPDATE", "DELETE")) or statement in plans:
            return
        plans[statement] = ""
        is_sqlite = connection.dialect.name == "sqlite"
        if not is_sqlite:  # small tables are read as a whole, unless that is made to look dear
            connection.exec_driver_sql("SET enable_seqscan = off")
            connection.exec_driver_sql("SET enable_bitmapscan = off")
        explained = connection.exec_driver_sql(
            f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{statement}", parameters
        )
        plans[statement] = "\n".join(str(row[-1]) for row in explained)

    for engine in engines:
        event.listen(engine, "after_cursor_execute", explain)
    try:
        yield plans
    finally:
        for engine in engines:
            event.remove(engine, "after_cursor_execute", explain)


def read_as_a_whole(plan: str) -> set[str]:
    """Return the tables that are read from end to end."""
    sqlite = re.findall(r"SCAN (\w+)(?! USING (?:COVERING )?INDEX)\b(?! CONSTANT)", plan)
    postgres = re.findall(r"Seq Scan on (\w+)", plan)
    return {*sqlite, *postgres} - SMALL - {"CONSTANT"}


def sorted_as_a_whole(plan: str) -> bool:
    """True where rows are brought in order only after all of them were found."""
    return (
        "USE TEMP B-TREE FOR ORDER BY" in plan
        or re.search(r"^\s*(->\s+)?Sort\b", plan, re.MULTILINE) is not None
    )


@pytest.fixture
async def asking(
    database_url: str, sqlite_template: Any, tmp_path: Any
) -> AsyncIterator[tuple[Pair, Mapping[str, str]]]:
    """A node with an active connection, on each database."""
    async with two_nodes(database_url, sqlite_copy(sqlite_template, tmp_path / "b.db")) as pair:
        connection, _ = await pair.connected()
        yield pair, {"connection": connection["id"], "instance": str(pair.a.instance["id"])}


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_walks_along_an_index(asking: tuple[Pair, Mapping[str, str]], path: str) -> None:
    pair, names = asking
    with plans_of(pair.a.node.database) as plans:
        answer = await pair.a.api.get(path.format(**names))
    assert answer.status_code == 200, answer.text
    assert plans
    for statement, plan in plans.items():
        assert not read_as_a_whole(plan), f"{statement}\n{plan}"
        assert not sorted_as_a_whole(plan), f"{statement}\n{plan}"


async def test_the_worker_finds_due_jobs_by_an_index(asking: tuple[Pair, Mapping[str, str]]) -> None:
    pair, _ = asking
    pair.clock.advance(4_000)
    with plans_of(pair.a.node.database) as plans:
        assert await claim(pair.a.node, "lse_test", 5)
    for statement, plan in plans.items():
        assert not read_as_a_whole(plan), f"{statement}\n{plan}"


async def test_a_whole_set_up_reads_no_table_from_end_to_end(
    asking: tuple[Pair, Mapping[str, str]],
) -> None:
    pair, _ = asking
    with plans_of(pair.a.node.database) as asked, plans_of(pair.b.node.database) as answering:
        await pair.connected()
    for statement, plan in {**asked, **answering}.items():
        assert not read_as_a_whole(plan), f"{statement}\n{plan}"
