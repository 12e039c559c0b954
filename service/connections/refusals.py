"""What the pure rules refuse, as problems with the way out for this connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.desk import Desk
from service.connections.models import Connection
from service.connections.pending import present
from service.connections.schemas import ConnectionOut
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
from service.instances.operations import get_instance
from service.problems.tree import (
    ConnectionClosed,
    DestinationIncompatible,
    DestinationRefused,
    DestinationUnreachable,
    OptionNotAvailable,
    Problem,
    StepNotAllowed,
    literal,
)
from service.protocol.client import ClocksDiffer, PeerRefused, PeerUnavailable
from service.values.state_machine import IllegalTransition

REFUSALS = (InstanceHalted, StepRefused, ModeRefused, WayRefused, UpkeepRefused, IllegalTransition)


@dataclass(frozen=True, slots=True)
class Case:
    """A connection on the desk, with its instance and with what it gets its access by."""

    desk: Desk
    connection: Connection
    instance: Instance
    attempt: Attempt | None

    @property
    def setup(self) -> SetUp:
        """What the order of steps depends on."""
        return set_up_of(self.connection, self.attempt, self.instance, self.desk.node.settings)

    def shown(self) -> ConnectionOut:
        """Return the connection as its readers see it, with what comes next."""
        return to_out(self.connection, self.attempt, self.instance, self.desk.node, self.desk.platforms)

    @contextmanager
    def way_out(self, *, exists: bool = True) -> Iterator[SetUp]:
        """Turn a refusal of the order of steps into a 409 that lists what is possible instead.

        Raises InstancePaused before anything is done: a paused instance takes no step.
        """
        connection, settings = self.connection, self.desk.node.settings
        try:
            require_running_here(self.setup)
            yield self.setup
        except REFUSALS as refusal:
            if connection.state is ConnectionState.CLOSED:
                raise ConnectionClosed("It was closed: {reason}.", reason=connection.reason) from refusal
            view = self.shown().model_dump(mode="json")
            view["ways"] = _ways(self.setup)
            way_out = {
                "connection": connection.id if exists else None,
                "allowed_steps": view["allowed_steps"],
                "next_actions": view["next_actions"] if exists else [],
            }
            require_running(settings, self.instance, **way_out)
            raise _as_problem(refusal, view, way_out) from refusal


async def take_up(desk: Desk, session: AsyncSession, connection: Connection) -> Case:
    """Return the connection with all that is looked at before anything is done with it."""
    instance = await get_instance(session, connection.instance_id)
    return Case(desk, connection, instance, await present(session, connection))


def unanswered(issuer: str, failure: PeerUnavailable, detail: str) -> DestinationUnreachable:
    """Return that the other side gave no definite answer as a problem; its reason stands in the detail."""
    upstream = {"reason": failure.reason, "host": issuer}
    return DestinationUnreachable(detail, reason=failure.reason, upstream=upstream)


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
