"""The house rule about tables: one that strangers can fill has a cap and a sweeper, and a test of both."""

import ast
import importlib
import inspect

from sqlmodel import SQLModel

from service.authorization import sweeping
from service.commands.tables import ALL_TABLES
from tests.source_tree import ROOT, functions
from tests.table_bounds import BOUNDS

NAMES = {str(table.__tablename__) for table in ALL_TABLES}


def _resolve(name: str) -> object:
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute, None)


def test_each_table_says_who_can_fill_it_how_far_and_what_empties_it() -> None:
    """A new table needs its row in tests/table_bounds.py; `make docs` then lists it in docs/limits.md."""
    assert set(SQLModel.metadata.tables) == NAMES
    assert sorted(NAMES - set(BOUNDS)) == [], "say in tests/table_bounds.py who can fill it"
    assert sorted(set(BOUNDS) - NAMES) == [], "there is no such table any more"


def test_what_strangers_can_fill_has_a_cap_and_a_sweeper_and_tests() -> None:
    lacking = [
        name
        for name, bound in BOUNDS.items()
        if bound.is_open_to_strangers and not (bound.caps and bound.sweeper and bound.tests)
    ]
    assert lacking == []


def test_the_caps_and_sweepers_are_in_the_code() -> None:
    for bound in BOUNDS.values():
        for name in filter(None, (*bound.caps, bound.sweeper)):
            assert _resolve(name) is not None, name


def test_the_sweep_calls_every_sweeper() -> None:
    """Who writes a sweeper and does not call it has written nothing."""
    called = {
        ast.unparse(node.func).rpartition(".")[2]
        for node in ast.walk(ast.parse(inspect.getsource(sweeping)))
        if isinstance(node, ast.Call)
    }
    sweepers = {bound.sweeper.partition(":")[2] for bound in BOUNDS.values() if bound.sweeper}
    assert sweepers - called == {"sweep"}


def test_the_tests_of_the_bounds_exist() -> None:
    missing = []
    for bound in BOUNDS.values():
        for test in bound.tests:
            path, _, name = test.partition("::")
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8")) if (ROOT / path).exists() else None
            if tree is None or name not in {function.name for function in functions(tree)}:
                missing.append(test)
    assert missing == []
