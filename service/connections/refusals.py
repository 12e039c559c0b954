"""What the pure rules refuse, as problems with the way out for this connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from service.connections.models import Connection
from service.connections.setup import (
    InstanceHalted,
    ModeRefused,
    SetUp,
    StepRefused,
    Way,
    WayRefused,
    require_running_here,
    why_not,
)
from service.connections.states import ESTABLISHED, ConnectionState
from service.connections.upkeep import UpkeepRefused
from service.connections.view import Attempt, set_up_of, to_out
from service.instances.identity import require_running
from service.instances.models import Instance
from service.node import Node
from service.platforms.registry import Registry
from service.problems.tree import (
    ConnectionClosed,
    DestinationIncompatible,
    DestinationRefused,
    OptionNotAvailable,
    Problem,
    StepNotAllowed,
    literal,
)
from service.protocol.client import ClocksDiffer, PeerRefused
from service.values.state_machine import IllegalTransition


@contextmanager
def with_way_out(
    node: Node,
    platforms: Registry,
    instance: Instance,
    connection: Connection,
    attempt: Attempt | None,
    *,
    exists: bool = True,
) -> Iterator[None]:
    """Turn a refusal of the order of steps into a 409 that lists what is possible instead.

    Raises InstancePaused before anything is done: a paused instance takes no step.
    """
    try:
        require_running_here(set_up_of(connection, attempt, instance, node.settings))
        yield
    except (
        InstanceHalted,
        StepRefused,
        ModeRefused,
        WayRefused,
        UpkeepRefused,
        IllegalTransition,
    ) as refusal:
        if connection.state is ConnectionState.CLOSED:
            raise ConnectionClosed("It was closed: {reason}.", reason=connection.reason) from refusal
        view = to_out(connection, attempt, instance, node, platforms).model_dump(mode="json")
        view["ways"] = _ways(set_up_of(connection, attempt, instance))
        way_out = {
            "connection": connection.id if exists else None,
            "allowed_steps": view["allowed_steps"],
            "next_actions": view["next_actions"] if exists else [],
        }
        require_running(node.settings, instance, **way_out)
        raise _as_problem(refusal, view, way_out) from refusal


def refused_by(issuer: str, refusal: PeerRefused) -> Problem:
    """Return the other side's refusal as a problem; clocks that differ are told as a probe tells them."""
    upstream = {"reason": refusal.error, "host": issuer, "description": refusal.description}
    if isinstance(refusal, ClocksDiffer):
        return DestinationIncompatible(literal(refusal.description), upstream=upstream)
    detail = "The other side's answer was {reason}."
    return DestinationRefused(detail, reason=refusal.error, upstream=upstream)


def _as_problem(refusal: Exception, view: dict[str, Any], way_out: dict[str, Any]) -> Problem:
    possible = _possible(view)
    fix = f"Perform one of these from next_actions instead: {possible}." if possible else None
    match refusal:
        case StepRefused() if possible is not None:
            detail = "The connection is set up, and the step {step} is over; possible now: {possible}."
            return StepNotAllowed(detail, step=refusal.step, possible=possible, fix=fix, **way_out)
        case StepRefused():
            allowed = ", ".join(refusal.allowed) or "none"
            detail = "The step {step} is not allowed now; allowed: {allowed}."
            return StepNotAllowed(detail, step=refusal.step, allowed=allowed, **way_out)
        case ModeRefused():
            detail = "The mode {option} is not possible: {why}"
            return OptionNotAvailable(
                detail, option=refusal.mode, why=refusal.why, options=_mode_options(view), **way_out
            )
        case WayRefused():
            detail = "Access by {option} is not possible: {why}"
            return OptionNotAvailable(
                detail, option=refusal.way, why=refusal.why, options=view["ways"], **way_out
            )
        case UpkeepRefused(why=str(why)):
            return StepNotAllowed(why, fix=refusal.fix, **way_out)
        case _:
            return StepNotAllowed(
                "Not possible in the state {state}.", state=view["state"], fix=fix, **way_out
            )


def _possible(view: dict[str, Any]) -> str | None:
    """Return what a connection that is set up allows: nothing of it has to be done, so nothing is primary."""
    if view["state"] not in ESTABLISHED:
        return None
    return ", ".join(action["id"] for action in view["next_actions"])


def _mode_options(view: dict[str, Any]) -> list[dict[str, Any]]:
    fields = [field for action in view["next_actions"] for field in action["fields"]]
    return [option for field in fields if field["name"] == "mode" for option in field["options"]]


def _ways(setup: SetUp) -> list[dict[str, Any]]:
    options = []
    for way in Way:
        why = why_not(setup, way)
        options.append({"value": way, "label": way, "disabled": why is not None, "why": why})
    return options
