"""Status is two-sided: each side says how it stands since when, and of two sayings the later one holds (ADR 0027).

Whatever one of the two has forgotten is reported.
"""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.states import ConnectionState
from service.events.operations import record
from service.node import Node
from service.problems.tree import DestinationIncompatible, as_error
from service.protocol.messages import ConnectionStatus, SideStatus

CLOSED = ConnectionState.CLOSED.value
TICK = timedelta(microseconds=1)
WAY_OUT = "Compare both sides, and repeat there what was lost; was an older backup restored?"


def own_changed_at(connection: Connection) -> datetime | None:
    """Return when this side last changed what it says of itself."""
    return connection.changed_at or connection.activated_at


def next_change(connection: Connection, now: datetime) -> datetime:
    """Return the moment of a change, later than that of each one before, whatever the clock does."""
    before = own_changed_at(connection)
    return now if before is None or now > before else before + TICK


def own_status(connection: Connection) -> SideStatus:
    """Return what this side says of itself."""
    changed_at = own_changed_at(connection)
    assert changed_at is not None  # noqa: S101 - an established connection was activated
    return SideStatus.model_validate({"state": connection.state.value, "changed_at": changed_at})


def hear(
    session: AsyncSession, connection: Connection, told: SideStatus | ConnectionStatus, now: datetime
) -> None:
    """The other side was seen now; what it says of itself is shown, unless something later was heard before."""
    see(connection, now)
    known = connection.destination_changed_at
    if known is not None and told.changed_at is not None and told.changed_at < known:
        return
    note(session, connection, told, now)


def see(connection: Connection, now: datetime) -> None:
    """The other side proved itself now."""
    connection.destination_seen_at = now
    connection.touch(now)


def note_heard(connection: Connection, now: datetime) -> None:
    """The other side has asked since this side closed the connection, and so knows that it is over."""
    if connection.destination_state != CLOSED:
        connection.destination_state = CLOSED
        see(connection, now)


def note(
    session: AsyncSession, connection: Connection, told: SideStatus | ConnectionStatus, now: datetime
) -> None:
    """What the other side says of itself is shown, and the latest moment that it has named is kept."""
    before = connection.destination_state
    connection.destination_state = told.state
    moments = (told.changed_at, connection.destination_changed_at)
    connection.destination_changed_at = max((moment for moment in moments if moment), default=None)
    if before != told.state:
        record(
            session,
            connection.id,
            f"destination.{told.state}",
            now,
            detail={"from": before, "to": told.state},
        )


def compare(
    session: AsyncSession,
    node: Node,
    connection: Connection,
    shown: ConnectionStatus,
    known_before: datetime | None,
) -> None:
    """The other side's answer is shown, and whatever it has forgotten or says differently is reported.

    `known_before` was heard before it was asked: an answer that is older than that comes from a side that was set
    back, while one that is only older than what was heard meanwhile was overtaken on its way.
    """
    now = node.clock.now()
    hear(session, connection, shown, now)
    found = []
    if shown.changed_at and known_before and shown.changed_at < known_before:
        note(session, connection, shown, now)
        found.append(f"The other side has forgotten later changes of its own; it is {shown.state} now.")
    own = own_changed_at(connection)
    if own and shown.known_changed_at and shown.known_changed_at > own:
        found.append("This side has forgotten later changes of its own, which the other side knows.")
    if shown.mode is not None and shown.mode is not connection.mode:
        found.append(f"The mode is {shown.mode} there and {connection.mode} here.")
    if found:
        _report(
            session,
            node,
            connection,
            DestinationIncompatible(" ".join(found), fix=WAY_OUT, modes=[connection.mode, shown.mode]),
        )
    elif len(set((connection.last_error or {}).get("modes", ()))) > 1:
        connection.last_error = None


def _report(
    session: AsyncSession, node: Node, connection: Connection, problem: DestinationIncompatible
) -> None:
    """The connection says what is wrong, and its history since when; what was said once is not repeated."""
    now, known = node.clock.now(), connection.last_error or {}
    if (known.get("code"), known.get("detail")) == (problem.slug, problem.detail):
        return
    connection.last_error = as_error(problem, node.settings.public_url, now)
    record(session, connection.id, "status.disagree", now, why=problem.slug, detail={"found": problem.detail})
