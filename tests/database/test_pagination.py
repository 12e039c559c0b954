"""Pages by key: nothing is shown twice or left out, and only a list's own tokens are taken."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.database.engine import open_database
from service.database.pagination import Keyset, PageDep, PageRequest, read_page
from service.database.sessions import transaction
from service.instances.models import Instance
from service.problems.tree import InvalidPageToken
from service.words import Network
from tests.small_node import NOW, SmallNode, running

BY_NAME: Keyset[Instance] = Keyset(
    "by_name",
    [func.coalesce(col(Instance.name), ""), col(Instance.created_at), col(Instance.id)],
    lambda row: (row.name, row.created_at, row.id),
)
BY_NAME_DOWN: Keyset[Instance] = Keyset("by_name", BY_NAME.columns, BY_NAME.key, descending=True)
FILTERED: Keyset[Instance] = Keyset("by_name", BY_NAME.columns, BY_NAME.key, filters={"q": "x"})


def _instance(number: int) -> Instance:
    """Return one of several that share names and moments."""
    name = ("b\u200b{", "a", "Ä\n")[number % 3]
    return Instance(
        id=f"ins_{number:02}",
        slug=f"slug-{number}",
        name=name,
        platform="sandbox",
        url="https://x.example",
        network=Network.PUBLIC,
        return_urls=[],
        identity={},
        created_at=NOW + timedelta(microseconds=number % 2),
        updated_at=NOW,
    )


@pytest.fixture
async def session(anyio_backend: str, database_url: str) -> AsyncIterator[AsyncSession]:
    database = open_database(database_url)
    async with transaction(database) as session:
        session.add_all(_instance(number) for number in range(20))
        await session.flush()
        yield session
    await database.close()


async def _walk(session: AsyncSession, keyset: Keyset[Instance], limit: int) -> list[str]:
    seen: list[str] = []
    token = None
    while True:
        page = await read_page(session, select(Instance), keyset, PageRequest(limit, token))
        seen += [row.id for row in page.rows]
        assert len(page.rows) == limit or page.next_page_token is None
        token = page.next_page_token
        if token is None:
            return seen


@pytest.mark.anyio
@pytest.mark.parametrize("limit", [1, 3, 19, 20, 21])
async def test_each_row_is_shown_once_and_in_order(session: AsyncSession, limit: int) -> None:
    down = await _walk(session, BY_NAME_DOWN, limit)
    up = await _walk(session, BY_NAME, limit)
    assert sorted(up) == sorted(f"ins_{number:02}" for number in range(20))
    assert up == down[::-1] == await _walk(session, BY_NAME, 100)


@pytest.mark.anyio
async def test_rows_that_come_and_go_shift_nothing(session: AsyncSession) -> None:
    by_id: Keyset[Instance] = Keyset("by_id", [col(Instance.id)], lambda row: (row.id,))
    first = await read_page(session, select(Instance), by_id, PageRequest(5))
    await session.delete(first.rows[0])
    await session.delete(first.rows[-1])
    await session.flush()
    second = await read_page(session, select(Instance), by_id, PageRequest(5, first.next_page_token))
    assert [row.id for row in second.rows] == [f"ins_{number:02}" for number in range(5, 10)]


@pytest.mark.anyio
async def test_a_token_belongs_to_one_list_filter_and_direction(session: AsyncSession) -> None:
    token = (await read_page(session, select(Instance), BY_NAME, PageRequest(2))).next_page_token
    for other in (BY_NAME_DOWN, FILTERED):
        with pytest.raises(InvalidPageToken):
            await read_page(session, select(Instance), other, PageRequest(2, token))


def _forge(values: list[Any]) -> str:
    text = json.dumps([BY_NAME.fingerprint, *values])
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "token",
    [
        "",
        "!",
        "a",
        "é",
        "e30",
        "W10",
        "x" * 3000,
        base64.urlsafe_b64encode(b"[" * 1400).decode(),
        _forge([]),
        _forge(["a", NOW.isoformat()]),
        _forge(["a", NOW.isoformat(), "x", "y"]),
        _forge([1, NOW.isoformat(), "x"]),
        _forge(["a", "yesterday", "x"]),
        _forge(["a", "2030-01-01T00:00:00", "x"]),
        _forge(["a", "0001-01-01T00:00:00+23:00", "x"]),
        _forge(["a", NOW.isoformat(), None]),
        _forge(["a", NOW.isoformat(), ["x"]]),
        _forge(["\x00", NOW.isoformat(), "x"]),
        _forge(["\ud800", NOW.isoformat(), "x"]),
    ],
)
async def test_what_no_list_gave_out_is_refused(session: AsyncSession, token: str) -> None:
    with pytest.raises(InvalidPageToken):
        await read_page(session, select(Instance), BY_NAME, PageRequest(2, token))


@pytest.fixture
async def node(anyio_backend: str, sqlite_url: str) -> AsyncIterator[SmallNode]:
    async with running(sqlite_url) as node:
        yield node


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("limit=0", 422, "validation-failed"),
        ("limit=101", 422, "validation-failed"),
        ("limit=x", 422, "validation-failed"),
        ("page_token=", 400, "invalid-page-token"),
        ("page_token=nonsense", 400, "invalid-page-token"),
    ],
)
async def test_a_wrong_page_is_refused_with_its_reason(
    node: SmallNode, query: str, status: int, code: str
) -> None:
    answer = await node.call("GET", f"/v1/instances?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_clients_are_told_plain_types() -> None:
    app = FastAPI()

    @app.get("/things")
    async def things(asked: PageDep) -> None:
        """Nothing."""

    parameters = {one["name"]: one for one in app.openapi()["paths"]["/things"]["get"]["parameters"]}
    assert parameters["page_token"]["schema"]["type"] == "string"
    assert not parameters["page_token"]["required"]
    assert (parameters["limit"]["schema"]["minimum"], parameters["limit"]["schema"]["maximum"]) == (1, 100)
