"""A connection that runs, as actions: use it, pause it, resume it, check it."""

from collections.abc import Callable, Mapping

from service.connections.access_actions import close
from service.connections.actions import Action, Answers, Kind
from service.connections.running import Upkeep, allowed_upkeep
from service.connections.setup import SetUp
from service.connections.states import ConnectionState
from service.words import Mode

NEXT: Mapping[Mode, tuple[str, str]] = {
    Mode.VISUAL: (
        "Set up sync scope and field mapping",
        "The connection is active; choose what is synced and how fields map.",
    ),
    Mode.SCRIPT: (
        "Write the sync rules",
        "The connection is active; its sync rules say what is sent and received.",
    ),
    Mode.BASIC: ("Use the connection", "The connection is active with its fixed rules."),
}


def while_running(setup: SetUp, answers: Answers) -> tuple[Action, ...]:
    """Return what can be done; resuming is primary while it is paused, and nothing has to be done else."""
    actions = [_configure(setup, answers)] if setup.state is ConnectionState.ACTIVE else []
    actions += [BUILD[upkeep](answers) for upkeep in allowed_upkeep(setup)]
    return (*actions, close(answers))


def _configure(setup: SetUp, answers: Answers) -> Action:
    label, description = NEXT[setup.mode or Mode.BASIC]
    return Action(
        id="configure",
        kind=Kind.OPEN_URL,
        label=label,
        description=description,
        url=answers.configuration_url,
    )


def _pause(answers: Answers) -> Action:
    return Action(
        id=Upkeep.PAUSE,
        kind=Kind.SUBMIT,
        label="Pause the connection",
        description="Messages queue until it is resumed; the other side is told, and not paused itself.",
        operation_id="deactivateConnection",
        method="DELETE",
        href=f"/v1/connections/{answers.connection_id}/activation",
    )


def _resume(answers: Answers) -> Action:
    return Action(
        id=Upkeep.RESUME,
        kind=Kind.SUBMIT,
        primary=True,
        label="Resume the connection",
        description="It is paused on this side; resumed, it works off what has queued.",
        operation_id="activateConnection",
        method="POST",
        href=f"/v1/connections/{answers.connection_id}/activation",
    )


def _check(answers: Answers) -> Action:
    return Action(
        id=Upkeep.CHECK,
        kind=Kind.SUBMIT,
        label="Check the connection",
        description="Asks the other side now, and says what stands in the way, if anything does.",
        operation_id="checkConnection",
        method="POST",
        href=f"/v1/connections/{answers.connection_id}/checks",
    )


BUILD: Mapping[Upkeep, Callable[[Answers], Action]] = {
    Upkeep.PAUSE: _pause,
    Upkeep.RESUME: _resume,
    Upkeep.CHECK: _check,
}
