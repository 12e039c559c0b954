"""A connection becomes active, is paused and resumed; the other side is told of a pause, and not paused itself."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from service.channel.exchanging import wake
from service.connections.models import Connection
from service.connections.peers import can_be_asked
from service.connections.setup import Step, require_step
from service.connections.states import ConnectionEvent, ConnectionState
from service.connections.view import set_up_of
from service.database.rows import advance
from service.lifecycle import probing
from service.lifecycle.status import next_change
from service.node import Node
from service.words import DestinationType


async def make_active(
    session: AsyncSession,
    connection: Connection,
    now: datetime,
    *,
    destination_state: str = ConnectionState.ACTIVE.value,
    **changes: object,
) -> Connection:
    """The connection is active and waits for nobody; where its other side can be asked, it is asked now and then."""
    await advance(
        session,
        connection,
        ConnectionEvent.ACTIVATE,
        activated_at=now,
        updated_at=now,
        expires_at=None,
        destination_state=destination_state,
        destination_seen_at=now,
        **changes,
    )
    if can_be_asked(connection):
        await probing.schedule(session, connection, now)
    return connection


async def activate_local(session: AsyncSession, connection: Connection, now: datetime) -> None:
    """Both sides of a local connection are active, in this one transaction."""
    require_step(set_up_of(connection, None), Step.ACTIVATION)
    await make_active(session, connection, now)


async def pause(session: AsyncSession, node: Node, connection: Connection) -> None:
    """This side is deactivated, a local connection as a whole; repeating it changes nothing."""
    if connection.state is not ConnectionState.DEACTIVATED:
        await _change(session, node, connection, ConnectionEvent.DEACTIVATE, ConnectionState.DEACTIVATED)


async def resume(session: AsyncSession, node: Node, connection: Connection) -> None:
    """This side is active again; the other side does not change by that. Repeating it changes nothing."""
    if connection.state is not ConnectionState.ACTIVE:
        await _change(session, node, connection, ConnectionEvent.RESUME, ConnectionState.ACTIVE)


async def _change(
    session: AsyncSession, node: Node, connection: Connection, by: ConnectionEvent, then: ConnectionState
) -> None:
    now = node.clock.now()
    changes: dict[str, object] = {"changed_at": next_change(connection, now), "updated_at": now}
    if connection.type is DestinationType.LOCAL:
        changes |= {"destination_state": then.value, "destination_seen_at": now}
    await advance(session, connection, by, **changes)
    await probing.tell_soon(session, connection, now)
    await wake(session, connection, now)
