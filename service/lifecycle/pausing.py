"""A connection is paused by one side and resumed by the same; the other side is told, and is not paused itself."""

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.states import ConnectionEvent, ConnectionState
from service.database.rows import advance
from service.lifecycle import probing
from service.lifecycle.status import next_change
from service.node import Node
from service.words import DestinationType


async def pause(session: AsyncSession, node: Node, connection: Connection) -> None:
    """This side is deactivated, a local connection as a whole; repeating it changes nothing."""
    if connection.state is not ConnectionState.DEACTIVATED:
        await _change(session, node, connection, ConnectionEvent.DEACTIVATE, ConnectionState.DEACTIVATED)


async def resume(session: AsyncSession, node: Node, connection: Connection) -> None:
    """This side is active again, as the other side is not by that; repeating it changes nothing."""
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
