"""Every machine, over every state and event: the table is the law, and it has no dead ends."""

from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from service.authorization.requests.states import MACHINE as AUTHORIZATION_REQUEST
from service.connections.states import MACHINE as CONNECTION
from service.values.state_machine import IllegalTransition, StateMachine
from service.verification.session.states import BEFORE_CALLBACK, OPEN, UNDER_WAY
from service.verification.session.states import MACHINE as VERIFICATION_SESSION

MACHINES = (CONNECTION, VERIFICATION_SESSION, AUTHORIZATION_REQUEST)
EVENTS = {machine.name: type(next(event for _, event in machine.table)) for machine in MACHINES}
CASES = [
    pytest.param(machine, state, event, id=f"{machine.name}-{state}-{event}")
    for machine in MACHINES
    for state, event in product(machine.states(), EVENTS[machine.name])
]


@pytest.mark.parametrize(("machine", "state", "event"), CASES)
def test_an_event_leads_where_the_table_says_or_changes_nothing(
    machine: StateMachine[Any, Any], state: StrEnum, event: StrEnum
) -> None:
    if (state, event) in machine.table:
        assert machine.next(state, event) == machine.table[state, event]
        assert event in machine.allowed(state)
        return
    with pytest.raises(IllegalTransition) as refused:
        machine.next(state, event)
    assert (refused.value.state, refused.value.event) == (state, event)
    assert refused.value.allowed == machine.allowed(state)
    assert event not in machine.allowed(state)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_an_end_is_an_end(machine: StateMachine[Any, Any]) -> None:
    assert machine.terminal()
    for state in machine.terminal():
        assert machine.allowed(state) == frozenset()


def test_what_is_under_way_can_always_be_cancelled_or_fails_for_certain() -> None:
    for state in UNDER_WAY:
        assert "cancel" in VERIFICATION_SESSION.allowed(state)
        assert "fail" in VERIFICATION_SESSION.allowed(state)


def test_time_ends_only_what_waits_for_a_browser() -> None:
    expiring = {
        state for state in VERIFICATION_SESSION.states() if "expire" in VERIFICATION_SESSION.allowed(state)
    }
    assert expiring == BEFORE_CALLBACK
    assert expiring < OPEN
