"""What the client does next: it performs the primary action, then reads the connection again."""

from service.connections.actions.access import CLOSE, ask_for_invitation, for_access, while_pending
from service.connections.actions.running import while_halted, while_running
from service.connections.actions.shape import Action, Answers, Choice, Field, Kind, choices
from service.connections.setup import (
    SetUp,
    Step,
    allowed_steps,
    can_have_any_mode,
    current_step,
    has_way,
    is_answered,
)
from service.connections.states import ESTABLISHED, ConnectionState
from service.words import DestinationType, Mode

NO_WAY = (
    "Neither side can reach the other. Enter the partner's URL, and the partner can invite you; or make the instance "
    "here public."
)
BOTH_PRIVATE = (
    "This instance is private, so a partner without a URL could not be reached from here, nor could they reach you. "
    "Enter the partner's URL: they can invite you."
)
SHORT_NAME_PATTERN = "^[A-Za-z][A-Za-z0-9_-]{0,29}$"


def next_actions(setup: SetUp, answers: Answers) -> tuple[Action, ...]:
    """Return what can be done now; exactly one is primary while it is neither active nor closed.

    A paused instance has one primary action whatever the connection's state: nothing else leads on.
    """
    return tuple(action.at(answers) for action in _possible(setup, answers))


def _possible(setup: SetUp, answers: Answers) -> tuple[Action, ...]:
    if setup.state is ConnectionState.CLOSED:
        return ()
    if setup.is_paused_here:
        return while_halted(answers)
    if setup.state in ESTABLISHED:
        return while_running(setup, answers)
    if setup.state is ConnectionState.PENDING:
        return while_pending(setup, answers)
    return (*_in_draft(setup, answers), CLOSE)


def _in_draft(setup: SetUp, answers: Answers) -> tuple[Action, ...]:
    primary = current_step(setup)
    must_ask = setup.is_private_here and setup.type is DestinationType.PUBLIC
    if must_ask:
        primary = None
    elif (primary is Step.MODE and not can_have_any_mode(setup)) or _is_dead_end(setup):
        primary = Step.DESTINATION
    build = {
        Step.DESTINATION: _destination,
        Step.DETAILS: _details,
        Step.MODE: _mode,
        Step.ACTIVATION: _activation,
    }
    actions = [ask_for_invitation(answers)] if must_ask else []
    for step in allowed_steps(setup):
        if step is Step.ACCESS:
            actions += for_access(setup, answers, primary=step is primary)
        else:
            actions.append(build[step](setup, answers, primary=step is primary))
    return tuple(actions)


def _destination(setup: SetUp, answers: Answers, *, primary: bool) -> Action:
    kinds = (
        Choice("public", "An instance on a network that this node can reach"),
        Choice(
            "private",
            "I don't have a URL",
            disabled=setup.is_private_here,
            why=BOTH_PRIVATE if setup.is_private_here else None,
        ),
        Choice("local", "This same instance", disabled=not answers.local_offered, why=answers.local_why_not),
    )
    return Action(
        Step.DESTINATION,
        Kind.SUBMIT,
        "Choose the destination",
        _why_no_mode(setup)
        or (NO_WAY if _is_dead_end(setup) else None)
        or "Say where the other side is. Its own URL or its node URL will do.",
        "setDestination",
        primary=primary,
        fields=(
            Field("type", "Type", "choice", required=True, options=kinds, value=setup.type),
            Field(
                "url",
                "URL of the other side",
                "url",
                required=True,
                value=answers.url,
                max_length=2048,
                visible_when={"type": "public"},
            ),
        ),
    )


def _is_dead_end(setup: SetUp) -> bool:
    """True where all is answered but access, and that cannot be had: the instance here became private, for example."""
    return current_step(setup) is Step.ACCESS and not has_way(setup)


def _why_no_mode(setup: SetUp) -> str | None:
    if setup.type is None or can_have_any_mode(setup):
        return None
    reasons = " ".join(dict.fromkeys(setup.mode_refusals.values()))
    return f"No mode is possible with this destination. {reasons}"


def _details(setup: SetUp, answers: Answers, *, primary: bool) -> Action:
    return Action(
        Step.DETAILS,
        Kind.SUBMIT,
        "Change the names" if setup.has_details else "Name the connection",
        "Short names stand for the two sides in rules and lists.",
        "setDetails",
        primary=primary,
        fields=(
            _short_name("local_short_name", "Short name of this side", answers.local_short_name),
            _short_name(
                "destination_short_name", "Short name of the other side", answers.destination_short_name
            ),
            Field(
                "name",
                "Connection name",
                value=answers.name,
                help="Left empty, it is made from the two short names.",
                max_length=255,
            ),
            Field("description", "Description", "textarea", value=answers.description, max_length=2000),
        ),
    )


def _short_name(name: str, label: str, value: str | None) -> Field:
    rule = "A letter first, then letters, digits, - or _. The two short names must differ."
    return Field(
        name, label, required=True, value=value, help=rule, pattern=SHORT_NAME_PATTERN, max_length=30
    )


def _mode(setup: SetUp, _answers: Answers, *, primary: bool) -> Action:
    options = choices(setup, Mode)
    return Action(
        Step.MODE,
        Kind.SUBMIT,
        "Change the mode" if setup.mode else "Choose the mode",
        "The mode is final once the connection is active; only basic may later be upgraded.",
        "setMode",
        primary=primary,
        fields=(Field("mode", "Mode", "choice", required=True, options=options, value=setup.mode),),
    )


def _activation(setup: SetUp, _answers: Answers, *, primary: bool) -> Action:
    return Action(
        Step.ACTIVATION,
        Kind.SUBMIT,
        "Activate",
        "Both sides are this instance: the connection is active at once.",
        "activateConnection",
        primary=primary and is_answered(setup, Step.MODE) and setup.type is DestinationType.LOCAL,
    )
