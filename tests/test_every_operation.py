"""Each operation of the description works, and answers as the description says."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.every_operation import Walk
from tests.exchanges import broken_promises
from tests.recorded_examples import two_nodes

pytestmark = pytest.mark.anyio


@pytest.fixture
async def walk(database_url: str, sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Walk]:
    async with two_nodes(database_url, sqlite_template, tmp_path) as walk:
        await walk.everything()
        yield walk


async def test_each_operation_does_its_work_and_answers_as_described(walk: Walk) -> None:
    statuses = walk.log.statuses()
    never = [
        operation.id for operation in walk.log.operations if not statuses[operation.id] & operation.success
    ]
    assert never == []
    assert list(broken_promises(walk.a.app.openapi(), walk.log.exchanges)) == []
