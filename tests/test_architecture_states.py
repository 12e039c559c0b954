"""The house rules about states: one table each, one way to move, one diagram."""

import ast
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import pytest

from service.values.state_machine import StateMachine
from tests.source_tree import ROOT, Source, called_name, calls, load, resolve, sources

SERVICE = sources("service")
# What sets the state is the compare-and-set itself; what reports it is the exception of the machine.
MAY_SET_STATE = {"service.database.rows", "service.values.state_machine"}

MACHINES: dict[str, StateMachine[Any, Any]] = {
    value.name: value
    for module in load(source for source in SERVICE if source.path.stem == "states").values()
    for value in vars(module).values()
    if isinstance(value, StateMachine)
}
each_machine = pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)


def test_there_are_machines_to_check() -> None:
    """Rule 4: an empty list would make every rule below hold."""
    assert MACHINES or not (ROOT / "service/main.py").exists()


def test_a_state_changes_by_advance_only() -> None:
    """Rule 3: a state that is set by hand skips the table, and loses races."""
    checked = [source for source in SERVICE if source.module not in MAY_SET_STATE]
    assert not [fault for source in checked for fault in _states_set_by_hand(source)]


def _states_set_by_hand(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr == "state":
            yield f"{source.at(node)} assigns {ast.unparse(node)}"
        if isinstance(node, ast.Call) and called_name(node) == "values" and _names_state(node):
            yield f"{source.at(node)} updates the column state"
        if isinstance(node, ast.Call) and called_name(node) in {"setattr", "set_committed_value"}:
            yield from (f"{source.at(node)} sets the state" for word in node.args if _is_state(word))


def _is_state(word: ast.expr) -> bool:
    return isinstance(word, ast.Constant) and word.value == "state"


def _names_state(call: ast.Call) -> bool:
    mappings = [argument for argument in call.args if isinstance(argument, ast.Dict)]
    keys = [ast.unparse(key) for mapping in mappings for key in mapping.keys if key]
    keywords = {keyword.arg for keyword in call.keywords}
    return "state" in keywords or any(key.strip("'\"").split(".")[-1] == "state" for key in keys)


def test_a_row_is_born_in_the_initial_state_of_its_table() -> None:
    """Rule 3: a constructor that names the state would open a second way in."""
    faults = [
        f"{source.at(call)} names the state of a new {called_name(call)}"
        for source, module in load(SERVICE).items()
        for call in calls(source.tree)
        if "state" in {keyword.arg for keyword in call.keywords}
        if hasattr(resolve(module, call.func), "MACHINE")
    ]
    assert not faults


@each_machine
def test_every_state_can_be_reached(machine: StateMachine[Any, Any]) -> None:
    """Rule 4: a state that no event leads to is a word without a meaning."""
    assert _reachable(machine, machine.initial) == _states(machine)


@each_machine
def test_every_state_has_a_way_out(machine: StateMachine[Any, Any]) -> None:
    """Rule 4: nothing waits for ever; from each state an end can be reached, where the machine has one."""
    ends = machine.terminal()
    stuck = [state for state in _states(machine) if ends and not _reachable(machine, state) & ends]
    assert not stuck


@each_machine
def test_every_event_happens_somewhere(machine: StateMachine[Any, Any]) -> None:
    """Rule 4: an event that no state knows can only be refused."""
    used = {event for _, event in machine.table}
    kinds: set[type[StrEnum]] = {type(event) for event in used}
    assert [set(kind) for kind in kinds] == [used]


@each_machine
def test_the_documented_diagram_is_the_table(machine: StateMachine[Any, Any]) -> None:
    """Rule 4: ARCHITECTURE.md shows what the code does; on a mismatch, copy what is expected here."""
    assert _diagrams().get(machine.name) == machine.mermaid()


def test_no_diagram_outlives_its_machine() -> None:
    """Rule 4: a diagram of something that is gone would still be believed."""
    assert set(_diagrams()) <= set(MACHINES)


def _states(machine: StateMachine[Any, Any]) -> set[StrEnum]:
    kind: type[StrEnum] = type(machine.initial)
    return set(kind)


def _reachable(machine: StateMachine[Any, Any], start: StrEnum) -> set[StrEnum]:
    found, new = {start}, {start}
    while new:
        new = {target for (state, _), target in machine.table.items() if state in new} - found
        found |= new
    return found


def _diagrams() -> dict[str, str]:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    return dict(re.findall(r"<!-- machine: (\S+) -->\s*```mermaid\n(.*?)\n```", text, re.DOTALL))
