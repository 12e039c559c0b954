"""The law, readable: every machine's table, and the steps of each type of destination in each mode."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from service.authorization.requests.states import MACHINE as AUTHORIZATION_REQUEST
from service.authorization.requests.states import AuthorizationState
from service.connections.setup import LABELS, ORDER
from service.connections.states import MACHINE as CONNECTION
from service.connections.states import ConnectionState
from service.http.queries import ApiRoute
from service.invitations.invitation.states import MACHINE as INVITATION
from service.invitations.invitation.states import InvitationState
from service.openapi.document import problem_responses
from service.problems.tree import Internal
from service.values.state_machine import StateMachine
from service.verification.session.states import MACHINE as VERIFICATION_SESSION
from service.verification.session.states import VerificationState
from service.words import DestinationType, Mode

router = APIRouter(tags=["Connections"], route_class=ApiRoute)
_I = InvitationState

_V, _A, _C = VerificationState, AuthorizationState, ConnectionState
SEEN_AS: Mapping[str, Mapping[StrEnum, ConnectionState | None]] = {
    CONNECTION.name: {state: state for state in ConnectionState},
    VERIFICATION_SESSION.name: {
        _V.CREATED: _C.DRAFT,
        _V.STARTED: _C.PENDING,
        _V.AWAITING_DECISION: _C.PENDING,
        _V.CODE_RECEIVED: _C.PENDING,
        _V.VERIFIED: _C.PENDING,
        _V.DENIED: _C.DRAFT,
        _V.FAILED: _C.DRAFT,
        _V.EXPIRED: _C.DRAFT,
        _V.CANCELLED: _C.DRAFT,
    },
    INVITATION.name: {
        _I.OPEN: _C.PENDING,
        _I.CLAIMING: _C.PENDING,
        _I.CLAIMED: _C.PENDING,
        _I.CONFIRMED: _C.PENDING,
        _I.ACTIVE: _C.ACTIVE,
        _I.REJECTED: _C.DRAFT,
        _I.REVOKED: _C.DRAFT,
        _I.EXPIRED: _C.DRAFT,
        _I.LOCKED: _C.DRAFT,
    },
    AUTHORIZATION_REQUEST.name: {
        _A.REQUESTED: None,
        _A.DENIED: None,
        _A.CONSENTED: _C.PENDING,
        _A.REDEEMED: _C.PENDING,
        _A.ACTIVE: _C.ACTIVE,
        _A.EXPIRED: _C.CLOSED,
        _A.CLOSED: _C.CLOSED,
    },
}


class TransitionOut(BaseModel):
    """One row of a table."""

    from_state: str
    event: str
    to_state: str


class MachineOut(BaseModel):
    """One state machine."""

    name: str
    initial: str
    states: list[str]
    terminal: list[str]
    transitions: list[TransitionOut]
    mermaid: str
    connection_state: dict[str, str | None] = Field(
        description="How the connection shows while this is the state; null: it is not listed (yet). Of an "
        "invitation that ended: how the inviter's connection shows; the invited side's is closed."
    )


class LifecycleStep(BaseModel):
    """One step of a set-up."""

    id: str
    label: str


class StepListOut(BaseModel):
    """The steps for one type of destination in one mode; `possible` is false where the mode never is."""

    type: str
    mode: str
    possible: bool
    why_not: str | None
    steps: list[LifecycleStep]


class LifecycleOut(BaseModel):
    """Every machine and every list of steps."""

    machines: list[MachineOut]
    step_lists: list[StepListOut]


@router.get(
    "/v1/lifecycle",
    operation_id="getLifecycle",
    summary="The state machines and the order of steps",
    responses=problem_responses(Internal),
)
async def get_lifecycle() -> LifecycleOut:
    """The tables that the service itself decides by, as data and as Mermaid diagrams."""
    machines = (CONNECTION, VERIFICATION_SESSION, INVITATION, AUTHORIZATION_REQUEST)
    return LifecycleOut(
        machines=[_machine(machine) for machine in machines],
        step_lists=[_step_list(kind, mode) for kind in DestinationType for mode in Mode],
    )


def _machine(machine: StateMachine[Any, Any]) -> MachineOut:
    states = machine.states()
    return MachineOut(
        name=machine.name,
        initial=machine.initial,
        states=[state.value for state in states],
        terminal=sorted(machine.terminal()),
        transitions=[
            TransitionOut(from_state=at, event=event, to_state=to)
            for (at, event), to in machine.table.items()
        ],
        mermaid=machine.mermaid(),
        connection_state={state.value: SEEN_AS[machine.name][state] for state in states},
    )


def _step_list(kind: DestinationType, mode: Mode) -> StepListOut:
    why_not = NEVER.get((kind, mode))
    return StepListOut(
        type=kind,
        mode=mode,
        possible=why_not is None,
        why_not=why_not,
        steps=[LifecycleStep(id=step, label=LABELS[step]) for step in ORDER[kind]],
    )


NEVER: Mapping[tuple[DestinationType, Mode], str] = {
    (DestinationType.PRIVATE, Mode.VISUAL): "Visual needs an admin to sign in on both sides.",
}
