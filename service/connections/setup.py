"""THE order of steps: which answers are missing, which are allowed now, and why a choice is not possible.

Reads (`allowed_steps`, `next_actions`) and writes (409) ask the same functions, so they can never disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from service.connections.states import ESTABLISHED, ConnectionState
from service.words import DestinationType, Mode, Role


class Step(StrEnum):
    """The questions of a set-up, in the order in which they are asked."""

    DESTINATION = "destination"
    DETAILS = "details"
    MODE = "mode"
    ACCESS = "access"
    ACTIVATION = "activation"


class StepStatus(StrEnum):
    """How a step stands."""

    DONE = "done"
    CURRENT = "current"
    UPCOMING = "upcoming"
    FAILED = "failed"


class Access(StrEnum):
    """How the proof of admin access stands, whatever its protocol says in detail."""

    NONE = "none"
    READY = "ready"
    AT_OTHER_SIDE = "at_other_side"
    INVITED = "invited"
    CLAIMED = "claimed"
    FINISHING = "finishing"
    FAILED = "failed"


class Way(StrEnum):
    """The two ways to get access: verify one's own, or invite the partner."""

    VERIFY = "verify"
    INVITE = "invite"


class StepRefused(Exception):
    """The order of steps does not allow this step now."""

    def __init__(self, step: Step, allowed: tuple[Step, ...]) -> None:
        self.step = step
        self.allowed = allowed
        super().__init__(f"The step {step} is not allowed now.")


class InstanceHalted(Exception):
    """The instance here is paused (ADR 0028): a connection of it can be closed, and nothing else."""


class WayRefused(Exception):
    """Access cannot be had in this way for this connection; `why` says why and what to do instead."""

    def __init__(self, way: Way, why: str) -> None:
        self.way = way
        self.why = why
        super().__init__(why)


class ModeRefused(Exception):
    """This mode is not possible for this connection; `why` says why and what to do instead."""

    def __init__(self, mode: Mode, why: str) -> None:
        self.mode = mode
        self.why = why
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class SetUp:
    """What is known about a connection, as far as the order of steps depends on it."""

    state: ConnectionState = ConnectionState.DRAFT
    role: Role = Role.INITIATOR
    type: DestinationType | None = None
    has_details: bool = False
    mode: Mode | None = None
    access: Access = Access.NONE
    is_private_here: bool = False
    is_paused_here: bool = False
    can_be_asked: bool = False
    renewal: Access = Access.NONE
    mode_refusals: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepView:
    """One step, for people and for programs."""

    id: Step
    label: str
    status: StepStatus


LABELS: Mapping[Step, str] = {
    Step.DESTINATION: "Choose the destination",
    Step.DETAILS: "Name the connection",
    Step.MODE: "Choose the mode",
    Step.ACCESS: "Verify admin access, or invite the partner",
    Step.ACTIVATION: "Activate",
}

ORDER: Mapping[DestinationType, tuple[Step, ...]] = {
    DestinationType.PUBLIC: (Step.DESTINATION, Step.DETAILS, Step.MODE, Step.ACCESS, Step.ACTIVATION),
    DestinationType.PRIVATE: (Step.DESTINATION, Step.DETAILS, Step.MODE, Step.ACCESS, Step.ACTIVATION),
    DestinationType.LOCAL: (Step.DESTINATION, Step.DETAILS, Step.MODE, Step.ACTIVATION),
}

UNDECIDED = frozenset({Access.AT_OTHER_SIDE, Access.INVITED, Access.CLAIMED})


def order(kind: DestinationType | None) -> tuple[Step, ...]:
    """Return the steps of this type of destination; the list of public ones before it is chosen."""
    return ORDER[kind or DestinationType.PUBLIC]


def is_answered(setup: SetUp, step: Step) -> bool:
    """True where the step needs nothing more."""
    answered = {
        Step.DESTINATION: setup.type is not None,
        Step.DETAILS: setup.has_details,
        Step.MODE: setup.mode is not None,
        Step.ACCESS: setup.access is Access.FINISHING,
        Step.ACTIVATION: False,
    }
    return setup.state in ESTABLISHED or setup.state is ConnectionState.CLOSED or answered[step]


def current_step(setup: SetUp) -> Step | None:
    """Return the first step without its answer, or None once nothing is left to do."""
    return next((step for step in order(setup.type) if not is_answered(setup, step)), None)


def allowed_steps(setup: SetUp) -> tuple[Step, ...]:
    """Return what may be answered now: in the initiator's draft each given answer again, and the next one.

    An active basic connection of an instance with itself may have another mode: nobody else has to agree.
    While the other side decides, only a new attempt may take the place of the open one. What the two nodes
    finish by themselves, the activation of a verified connection, is nobody's step. A paused instance takes none.
    """
    if setup.role is not Role.INITIATOR or setup.is_paused_here:
        return ()
    if setup.state is ConnectionState.PENDING and setup.access in UNDECIDED:
        return (Step.ACCESS,)
    if setup.state in ESTABLISHED and setup.type is DestinationType.LOCAL and setup.mode is Mode.BASIC:
        return (Step.MODE,)
    if setup.state is not ConnectionState.DRAFT:
        return ()
    allowed = []
    for step in order(setup.type):
        if step is not Step.ACTIVATION or setup.type is DestinationType.LOCAL:
            allowed.append(step)
        if not is_answered(setup, step):
            break
    return tuple(allowed)


def require_running_here(setup: SetUp) -> None:
    """Raise InstanceHalted where the instance here may be a copy: the partner is the original's."""
    if setup.is_paused_here and setup.state is not ConnectionState.CLOSED:
        raise InstanceHalted


def require_step(setup: SetUp, step: Step) -> None:
    """Raise StepRefused unless the step is allowed now."""
    allowed = allowed_steps(setup)
    if step not in allowed:
        raise StepRefused(step, allowed)


def require_mode(setup: SetUp, mode: Mode) -> None:
    """Raise ModeRefused where the probe or the platform said that this mode is not possible."""
    if mode in setup.mode_refusals:
        raise ModeRefused(mode, setup.mode_refusals[mode])


def why_not(setup: SetUp, way: Way) -> str | None:
    """Return why access cannot be had in this way, None where it can."""
    if way is Way.INVITE:
        if setup.is_private_here:
            return "The instance here is private, and the partner's node could not reach it: ask the partner to invite."
        return None
    if setup.type is DestinationType.PRIVATE:
        return "Verifying needs a destination that this node can reach: invite the partner instead."
    if setup.is_private_here:
        return "Verifying needs an instance here that the other node can reach."
    return None


def require_way(setup: SetUp, way: Way) -> None:
    """Raise WayRefused where access cannot be had in this way."""
    if why := why_not(setup, way):
        raise WayRefused(way, why)


def invitable_modes(setup: SetUp) -> tuple[Mode, ...]:
    """Return the modes that an invitation can set up: visual needs an admin who signs in on both sides."""
    return tuple(mode for mode in (Mode.SCRIPT, Mode.BASIC) if mode not in setup.mode_refusals)


def has_way(setup: SetUp) -> bool:
    """True where access can be had: verified by one's own sign-in there, or by an invitation."""
    return why_not(setup, Way.VERIFY) is None or (
        why_not(setup, Way.INVITE) is None and bool(invitable_modes(setup))
    )


def steps(setup: SetUp) -> tuple[StepView, ...]:
    """Return every step with its status; one is current or failed until nothing is left to do."""
    now = current_step(setup)
    found = []
    for step in order(setup.type):
        status = StepStatus.DONE if is_answered(setup, step) else StepStatus.UPCOMING
        if step is now:
            failed = step is Step.ACCESS and setup.access is Access.FAILED
            status = StepStatus.FAILED if failed else StepStatus.CURRENT
        elif now is not None and order(setup.type).index(step) > order(setup.type).index(now):
            status = StepStatus.UPCOMING
        found.append(StepView(step, LABELS[step], status))
    return tuple(found)


def can_have_any_mode(setup: SetUp) -> bool:
    """True where at least one mode is possible for the chosen destination."""
    return any(mode not in setup.mode_refusals for mode in Mode)
