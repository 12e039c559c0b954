"""Does a connection work right now? Whatever stands in its way is named; a side that is down is a result."""

from datetime import timedelta

from service.connections.models import Connection
from service.connections.states import ConnectionState
from service.database.rows import find
from service.database.sessions import reading
from service.discovery.foreign_nodes import read_foreign_node
from service.discovery.node_metadata import NodeSnapshot, NodeUnreadable
from service.lifecycle.causes import Cause, Finding, from_failure
from service.lifecycle.other_instance import is_same_place, is_verified
from service.lifecycle.probing import can_be_asked, look
from service.node import Node
from service.problems.tree import NotFound
from service.protocol.client import PeerRefused, PeerUnavailable
from service.values.clock_skew import clock_obstacle
from service.words import DestinationType

SILENT_AFTER = timedelta(minutes=10)


async def check_connection(node: Node, connection: Connection) -> tuple[Connection, tuple[Finding, ...]]:
    """Return the connection as it is afterwards and what stands in its way; call it outside of any transaction.

    What the other side answers is stored as an hourly probe stores it.
    """
    found = await _ask(node, connection)
    async with reading(node.database) as session:
        after = await find(session, Connection, connection.id)
    if after is None:
        raise NotFound("There is no connection {id}.", id=connection.id)
    return after, (*found, *_standing(after, has_answered=not found))


async def _ask(node: Node, connection: Connection) -> tuple[Finding, ...]:
    """Return why there was no usable answer, nothing where there was one."""
    if connection.type is DestinationType.LOCAL:
        return ()
    if not can_be_asked(connection):
        return _last_seen(node, connection)
    try:
        snapshot = await read_foreign_node(node, (connection.peer or {})["issuer"])
        strange = _strange(connection, snapshot)
        if strange is None:
            await look(node, connection, snapshot)
    except (NodeUnreadable, PeerUnavailable, PeerRefused) as failure:
        return (from_failure(failure),)
    return () if strange is None else (strange,)


def _strange(connection: Connection, snapshot: NodeSnapshot) -> Finding | None:
    """Return what is other than agreed at the other side's address."""
    facts = snapshot.metadata.parley_instance
    agreed = connection.destination_url
    if agreed is not None and not is_same_place(agreed, facts.url) and is_verified(connection):
        detail = f"The node there stands for another instance by now, and not for {agreed}."
        return Finding(Cause.WRONG_NODE, detail)
    if obstacle := clock_obstacle(snapshot.clock_skew_seconds):
        return Finding(Cause.CLOCK, obstacle)
    return None


def _last_seen(node: Node, connection: Connection) -> tuple[Finding, ...]:
    """A side that only dials out cannot be asked; what counts is when it called last."""
    seen = connection.destination_seen_at
    if seen is not None and node.clock.now() - seen <= SILENT_AFTER:
        return ()
    since = f"since {seen:%Y-%m-%d %H:%M} UTC" if seen else "yet"
    return (Finding(Cause.SILENT, f"The other side calls this one, and has not {since}."),)


def _standing(connection: Connection, *, has_answered: bool) -> tuple[Finding, ...]:
    """Return what the two sides say of themselves that keeps messages from flowing."""
    found = []
    if connection.state is ConnectionState.CLOSED:
        return (Finding(Cause.CLOSED_THERE, f"The connection is over: {connection.reason}."),)
    if connection.state is ConnectionState.DEACTIVATED:
        found.append(Finding(Cause.PAUSED_HERE, "The connection is paused on this side."))
    if (
        connection.destination_state == ConnectionState.DEACTIVATED
        and connection.type is not DestinationType.LOCAL
    ):
        found.append(Finding(Cause.PAUSED_THERE, "The connection is paused on the other side."))
    if has_answered and connection.last_error and "modes" in connection.last_error:
        found.append(Finding(Cause.DISAGREE, connection.last_error["detail"]))
    return tuple(found)
