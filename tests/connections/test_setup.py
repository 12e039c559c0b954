"""The order of steps, over every combination of what it depends on."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.connections.actions.next import next_actions
from service.connections.actions.shape import Answers
from service.connections.setup import (
    UNDECIDED,
    Access,
    InstanceHalted,
    ModeRefused,
    SetUp,
    Step,
    StepRefused,
    StepStatus,
    allowed_steps,
    current_step,
    order,
    require_mode,
    require_running_here,
    require_step,
    steps,
)
from service.connections.states import ESTABLISHED, ConnectionState
from service.connections.upkeep import allowed_upkeep
from service.words import DestinationType, Mode, Role

ANSWERS = Answers(connection_id="con_1", verification_session_id="vs_1", start_url="https://a.test/start")

setups = st.builds(
    SetUp,
    state=st.sampled_from(ConnectionState),
    role=st.sampled_from(Role),
    type=st.none() | st.sampled_from(DestinationType),
    has_details=st.booleans(),
    mode=st.none() | st.sampled_from(Mode),
    access=st.sampled_from(Access),
    is_private_here=st.booleans(),
    is_paused_here=st.booleans(),
    can_be_asked=st.booleans(),
    mode_refusals=st.dictionaries(st.sampled_from([mode.value for mode in Mode]), st.just("because")),
)


@given(setups)
def test_reads_and_writes_never_disagree(setup: SetUp) -> None:
    for step in Step:
        if step in allowed_steps(setup):
            require_step(setup, step)
        else:
            with pytest.raises(StepRefused) as refused:
                require_step(setup, step)
            assert refused.value.allowed == allowed_steps(setup)


@given(setups)
def test_exactly_one_action_is_primary_until_nothing_is_left_to_do(setup: SetUp) -> None:
    primary = [action for action in next_actions(setup, ANSWERS) if action.primary]
    at_rest = setup.state is ConnectionState.ACTIVE and not setup.is_paused_here
    is_over = at_rest or setup.state is ConnectionState.CLOSED
    ours = setup.role is Role.INITIATOR or setup.state is not ConnectionState.DRAFT
    if not is_over and ours and _is_reachable(setup):
        assert len(primary) == 1
    if is_over:
        assert primary == []


@given(setups)
def test_a_paused_instance_offers_the_way_out_of_that_and_to_close(setup: SetUp) -> None:
    paused = replace(setup, is_paused_here=True)
    assert (allowed_steps(paused), allowed_upkeep(paused)) == ((), ())
    offered = [(action.operation_id, action.primary) for action in next_actions(paused, ANSWERS)]
    if setup.state is ConnectionState.CLOSED:
        assert offered == []
        require_running_here(paused)
    else:
        assert offered == [("moveInstance", True), ("closeConnection", False)]
        with pytest.raises(InstanceHalted):
            require_running_here(paused)
    require_running_here(replace(setup, is_paused_here=False))


def _is_reachable(setup: SetUp) -> bool:
    """A draft is answered in order, only a public one has an attempt, and a chosen mode was possible."""
    if setup.state is not ConnectionState.DRAFT:
        return True
    in_order = not (setup.has_details and setup.type is None) and not (setup.mode and not setup.has_details)
    possible = setup.mode is None or setup.mode not in setup.mode_refusals
    no_attempt = setup.access in {Access.NONE, Access.READY, Access.FAILED}
    return in_order and possible and no_attempt


@given(setups)
def test_an_action_performs_an_allowed_step_or_none(setup: SetUp) -> None:
    for action in next_actions(setup, ANSWERS):
        if action.kind == "submit" and action.id in set(Step):
            assert action.id in allowed_steps(setup)
        if action.kind == "submit":
            assert action.method, action
            assert action.href, action
            assert action.operation_id, action


@given(setups)
def test_steps_are_done_then_current_then_upcoming(setup: SetUp) -> None:
    shown = [step.status for step in steps(setup)]
    ranks = {StepStatus.DONE: 0, StepStatus.CURRENT: 1, StepStatus.FAILED: 1, StepStatus.UPCOMING: 2}
    assert [ranks[status] for status in shown] == sorted(ranks[status] for status in shown)
    present = [step.id for step in steps(setup) if ranks[step.status] == 1]
    assert present == [step for step in [current_step(setup)] if step]


@given(setups)
def test_outside_the_initiators_draft_only_an_open_attempt_may_be_replaced(setup: SetUp) -> None:
    if setup.state is not ConnectionState.DRAFT or setup.role is Role.RESPONDER:
        assert allowed_steps(setup) in {(), (Step.ACCESS,), (Step.MODE,)}
        if allowed_steps(setup) == (Step.MODE,):
            assert (setup.type, setup.mode) == (DestinationType.LOCAL, Mode.BASIC)
            assert setup.state in ESTABLISHED
        elif allowed_steps(setup):
            assert setup.state is ConnectionState.PENDING
            assert setup.access in UNDECIDED


@pytest.mark.parametrize(("kind", "mode"), list(product(DestinationType, Mode)), ids=lambda word: word.value)
def test_each_answer_opens_the_next_step(kind: DestinationType, mode: Mode) -> None:
    setup = SetUp()
    assert allowed_steps(setup) == (Step.DESTINATION,)
    setup = SetUp(type=kind)
    assert allowed_steps(setup) == (Step.DESTINATION, Step.DETAILS)
    setup = SetUp(type=kind, has_details=True)
    assert allowed_steps(setup) == (Step.DESTINATION, Step.DETAILS, Step.MODE)
    setup = SetUp(type=kind, has_details=True, mode=mode)
    last = Step.ACTIVATION if kind is DestinationType.LOCAL else Step.ACCESS
    assert allowed_steps(setup) == (Step.DESTINATION, Step.DETAILS, Step.MODE, last)


def test_a_local_connection_has_no_access_step() -> None:
    assert Step.ACCESS not in order(DestinationType.LOCAL)


@pytest.mark.parametrize("mode", Mode)
def test_a_refused_mode_says_why(mode: Mode) -> None:
    with pytest.raises(ModeRefused, match="not offered there"):
        require_mode(SetUp(mode_refusals={mode.value: "not offered there"}), mode)


def test_without_any_possible_mode_the_way_out_is_another_destination() -> None:
    refusals = {mode.value: "A private destination needs an invitation." for mode in Mode}
    setup = SetUp(type=DestinationType.PRIVATE, has_details=True, mode_refusals=refusals)
    (primary,) = [action for action in next_actions(setup, ANSWERS) if action.primary]
    assert primary.id == Step.DESTINATION
    assert "needs an invitation" in primary.description


def test_a_failed_attempt_shows_at_its_step_and_starts_again() -> None:
    setup = SetUp(type=DestinationType.PUBLIC, has_details=True, mode=Mode.VISUAL, access=Access.FAILED)
    assert {step.id: step.status for step in steps(setup)}[Step.ACCESS] is StepStatus.FAILED
    (primary,) = [action for action in next_actions(setup, ANSWERS) if action.primary]
    assert primary.operation_id == "createVerificationSession"
