"""Each operation of the description works, and answers as the description says."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from service.openapi.examples import recorded_examples
from tests.every_operation import Walk
from tests.exchanges import broken_promises
from tests.recorded_examples import examples_of, two_nodes

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


async def test_the_examples_of_the_description_come_from_this_walk(walk: Walk) -> None:
    """On a mismatch run `make examples`: it records them anew."""
    assert members(examples_of(walk.log)) == members(recorded_examples())


def members(node: Any) -> Any:
    """Return the names of all members, without their values: a sentence may change, a shape may not unseen."""
    match node:
        case dict():
            return {name: members(value) for name, value in node.items()}
        case list():
            return [members(each) for each in node]
        case _:
            return None
