"""A connection that runs, as actions: use it, pause it, check it, verify it anew."""

from collections.abc import Mapping
from dataclasses import replace

from service.connections.actions.access import CANCEL, CLOSE, POLL_AFTER_MS, READ_AGAIN
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


_PURPOSE = Field("purpose", "Purpose", "hidden", required=True, value="reconnect")
UPKEEP: Mapping[Upkeep, Action] = {
    Upkeep.PAUSE: Action(
        Upkeep.PAUSE,
        Kind.SUBMIT,
        "Pause the connection",
        "Messages queue until it is resumed; the other side is told, and not paused itself.",
        "deactivateConnection",
    ),
    Upkeep.RESUME: Action(
        Upkeep.RESUME,
        Kind.SUBMIT,
        "Resume the connection",
        "It is paused on this side; resumed, it works off what has queued.",
        "activateConnection",
        primary=True,
    ),
    Upkeep.CHECK: Action(
        Upkeep.CHECK,
        Kind.SUBMIT,
        "Check the connection",
        "Asks the other side now, and says what stands in the way, if anything does.",
        "checkConnection",
    ),
    Upkeep.RECONNECT: Action(
        Upkeep.RECONNECT,
        Kind.SUBMIT,
        "Verify admin access again",
        "An admin signs in on the other side and accepts; the connection stays active meanwhile.",
        "createVerificationSession",
        fields=(_PURPOSE,),
    ),
}
UPGRADE = Action(
    Upkeep.UPGRADE,
    Kind.SUBMIT,
    "Upgrade from basic",
    "An admin of the other side accepts the new mode there; it is final then.",
    "createVerificationSession",
)
WITH_ITSELF = "Both sides are this instance: the new mode holds at once, and is final."


def while_running(setup: SetUp, answers: Answers) -> tuple[Action, ...]:
    """Return what can be done; resuming is primary while it is paused, and nothing has to be done else."""
    actions = [_configure(setup, answers)] if setup.state is ConnectionState.ACTIVE else []
    actions += [UPKEEP.get(upkeep) or _upgrade(setup) for upkeep in allowed_upkeep(setup)]
    return (*actions, *_under_way(setup, answers), CLOSE)


def _configure(setup: SetUp, answers: Answers) -> Action:
    label, description = NEXT[setup.mode or Mode.BASIC]
    return Action("configure", Kind.OPEN_URL, label, description, url=answers.configuration_url)


def _upgrade(setup: SetUp) -> Action:
    better = choices(setup, (Mode.VISUAL, Mode.SCRIPT))
    choice = Field("mode", "New mode", "choice", required=True, options=better)
    if setup.type is DestinationType.LOCAL:
        return replace(UPGRADE, description=WITH_ITSELF, operation_id="setMode", fields=(choice,))
    return replace(UPGRADE, fields=(_PURPOSE, choice))


def _under_way(setup: SetUp, answers: Answers) -> tuple[Action, ...]:
    """Return how an attempt to verify anew goes on."""
    if setup.renewal is Access.FINISHING:
        finish = Action(
            "finish_reconnect",
            Kind.WAIT,
            "The two nodes are finishing what was accepted",
            READ_AGAIN,
            actor=Actor.SYSTEM,
            expires_at=answers.expires_at,
            poll_after_ms=POLL_AFTER_MS,
            required_scope="connections:read",
        )
        return (finish,)
    if setup.renewal not in {Access.READY, Access.AT_OTHER_SIDE}:
        return ()
    go_on = Action(
        "go_on",
        Kind.OPEN_URL,
        "Go on with the verification in the browser",
        "Opens the page that leads to the other side and back.",
        url=answers.start_url,
        expires_at=answers.expires_at,
        poll_after_ms=POLL_AFTER_MS,
    )
    return (go_on, replace(CANCEL, description="Ends this attempt; the connection stays as it is."))


def while_halted(answers: Answers) -> tuple[Action, ...]:
    """Return the way out, and the one thing that calls nobody while nothing is said."""
    kinds = (
        Choice("moved", "It has moved: its connections stay, and partners are told"),
        Choice("copied", "This is a copy: its connections stay with the original, and are closed here"),
    )
    say_what_became = Action(
        "move_instance",
        Kind.SUBMIT,
        "Say what became of the instance",
        f"The instance is paused. {answers.why_paused} Until somebody says whether it has moved or is a copy, it "
        "speaks to no other node. Or set PARLEY_PUBLIC_URL back.",
        "moveInstance",
        primary=True,
        fields=(Field("kind", "What became of it", "choice", required=True, options=kinds),),
    )
    closing = "Ends it here. The other side hears of it once the instance is said to have moved, and never from a copy."
    return (say_what_became, replace(CLOSE, description=closing))
