"""Status is two-sided: each side says how it stands since when, and of two sayings the later one holds (ADR 0027)."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.states import ConnectionState
from service.events.operations import record
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
