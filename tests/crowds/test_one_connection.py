"""No request needs two connections to the database at once: in a crowd, those with one would wait for each other."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.every_operation import Walk
from tests.recorded_examples import two_nodes

pytestmark = pytest.mark.anyio


@pytest.fixture
async def walk(
    database_url: str, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Walk]:
    monkeypatch.setattr("service.database.engine.POOL_SIZE", 1)
    monkeypatch.setattr("service.database.engine.POOL_WAIT_SECONDS", 5)
    async with two_nodes(database_url, sqlite_template, tmp_path) as walk:
        await walk.everything()
        yield walk


async def test_every_operation_does_with_one_connection(walk: Walk) -> None:
    assert walk.log.exchanges
    assert [str(each) for each in walk.log.exchanges if each.answer.status_code >= 500] == []
