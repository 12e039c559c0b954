"""A connection that runs, as actions: use it, pause it, check it, verify it anew."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from service.connections.actions.access import POLL_AFTER_MS, close
from service.connections.actions.shape import Action, Actor, Answers, Choice, Field, Kind, choices
from service.connections.setup import Access, SetUp
from service.connections.states import ConnectionState
from service.connections.upkeep import Upkeep, allowed_upkeep
from service.words import DestinationType, Mode

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
    actions += [BUILD[upkeep](setup, answers) for upkeep in allowed_upkeep(setup)]
    return (*actions, *_under_way(setup, answers), close(answers))


def _configure(setup: SetUp, answers: Answers) -> Action:
    label, description = NEXT[setup.mode or Mode.BASIC]
    return Action(
        id="configure",
        kind=Kind.OPEN_URL,
        label=label,
        description=description,
        url=answers.configuration_url,
    )


def _pause(_setup: SetUp, answers: Answers) -> Action:
    return Action(
        id=Upkeep.PAUSE,
        kind=Kind.SUBMIT,
        label="Pause the connection",
        description="Messages queue until it is resumed; the other side is told, and not paused itself.",
        operation_id="deactivateConnection",
        method="DELETE",
        href=f"/v1/connections/{answers.connection_id}/activation",
    )


def _resume(_setup: SetUp, answers: Answers) -> Action:
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


def _check(_setup: SetUp, answers: Answers) -> Action:
    return Action(
        id=Upkeep.CHECK,
        kind=Kind.SUBMIT,
        label="Check the connection",
        description="Asks the other side now, and says what stands in the way, if anything does.",
        operation_id="checkConnection",
        method="POST",
        href=f"/v1/connections/{answers.connection_id}/checks",
    )


def _reconnect(_setup: SetUp, answers: Answers) -> Action:
    return Action(
        id=Upkeep.RECONNECT,
        kind=Kind.SUBMIT,
        label="Verify admin access again",
        description="An admin signs in on the other side and accepts; the connection stays active meanwhile.",
        operation_id="createVerificationSession",
        method="POST",
        href=f"/v1/connections/{answers.connection_id}/verification-sessions",
        fields=(_PURPOSE,),
    )


def _upgrade(setup: SetUp, answers: Answers) -> Action:
    better = choices(setup, (Mode.VISUAL, Mode.SCRIPT))
    choice = Field("mode", "New mode", "choice", required=True, options=better)
    if setup.type is DestinationType.LOCAL:
        return Action(
            id=Upkeep.UPGRADE,
            kind=Kind.SUBMIT,
            label="Upgrade from basic",
            description="Both sides are this instance: the new mode holds at once, and is final.",
            operation_id="setMode",
            method="PUT",
            href=f"/v1/connections/{answers.connection_id}/mode",
            fields=(choice,),
        )
    return Action(
        id=Upkeep.UPGRADE,
        kind=Kind.SUBMIT,
        label="Upgrade from basic",
        description="An admin of the other side accepts the new mode there; it is final then.",
        operation_id="createVerificationSession",
        method="POST",
        href=f"/v1/connections/{answers.connection_id}/verification-sessions",
        fields=(_PURPOSE, choice),
    )


def _under_way(setup: SetUp, answers: Answers) -> tuple[Action, ...]:
    """Return how an attempt to verify anew goes on."""
    if setup.renewal is Access.FINISHING:
        return (
            Action(
                id="finish_reconnect",
                kind=Kind.WAIT,
                actor=Actor.SYSTEM,
                label="The two nodes are finishing what was accepted",
                description="Read the connection again after a moment.",
                expires_at=answers.expires_at,
                poll_after_ms=POLL_AFTER_MS,
                required_scope="connections:read",
            ),
        )
    if setup.renewal not in {Access.READY, Access.AT_OTHER_SIDE}:
        return ()
    go_on = Action(
        id="go_on",
        kind=Kind.OPEN_URL,
        label="Go on with the verification in the browser",
        description="Opens the page that leads to the other side and back.",
        url=answers.start_url,
        expires_at=answers.expires_at,
        poll_after_ms=POLL_AFTER_MS,
    )
    cancel = Action(
        id="cancel",
        kind=Kind.SUBMIT,
        label="Cancel the verification",
        description="Ends this attempt; the connection stays as it is.",
        operation_id="cancelVerificationSession",
        method="DELETE",
        href=f"/v1/verification-sessions/{answers.verification_session_id}",
    )
    return (go_on, cancel)


_PURPOSE = Field("purpose", "Purpose", "hidden", required=True, value="reconnect")
BUILD: Mapping[Upkeep, Callable[[SetUp, Answers], Action]] = {
    Upkeep.PAUSE: _pause,
    Upkeep.RESUME: _resume,
    Upkeep.CHECK: _check,
    Upkeep.RECONNECT: _reconnect,
    Upkeep.UPGRADE: _upgrade,
}


def while_halted(answers: Answers) -> tuple[Action, ...]:
    """Return the way out, and the one thing that calls nobody while nothing is said."""
    closing = "Ends it here. The other side hears of it once the instance is said to have moved, and never from a copy."
    return (_say_what_became(answers), replace(close(answers), description=closing))


def _say_what_became(answers: Answers) -> Action:
    kinds = (
        Choice("moved", "It has moved: its connections stay, and partners are told"),
        Choice("copied", "This is a copy: its connections stay with the original, and are closed here"),
    )
    return Action(
        id="move_instance",
        kind=Kind.SUBMIT,
        primary=True,
        label="Say what became of the instance",
        description=(
            f"The instance is paused. {answers.why_paused} Until somebody says whether it has moved or is a copy, it "
            "speaks to no other node. Or set PARLEY_PUBLIC_URL back."
        ),
        operation_id="moveInstance",
        method="POST",
        href=f"/v1/instances/{answers.instance_id}/moves",
        fields=(Field("kind", "What became of it", "choice", required=True, options=kinds),),
        required_scope="instances:write",
    )
