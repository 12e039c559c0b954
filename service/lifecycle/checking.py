"""Does a connection work right now? Whatever stands in its way is named as a cause; a side that is down is a result."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from service.connections.models import Connection
from service.connections.peers import can_be_asked
from service.connections.states import ConnectionState
from service.database.rows import find
from service.database.sessions import reading
from service.discovery.node_metadata import NodeSnapshot, NodeUnreadable, read_foreign_node
from service.discovery.reasons import ProbeReason
from service.lifecycle.other_side import is_same_place, is_verified
from service.lifecycle.probing import look
from service.node import Node
from service.problems.tree import NotFound
from service.protocol.client import ClocksDiffer, PeerRefused, PeerUnavailable
from service.values.moments import clock_obstacle
from service.words import DestinationType

SILENT_AFTER = timedelta(minutes=10)


class Cause(StrEnum):
    """Why a connection does not work."""

    DNS = "dns"
    REFUSED = "refused"
    TLS = "tls"
    TIMEOUT = "timeout"
    BLOCKED_ADDRESS = "blocked_address"
    WRONG_NODE = "wrong_node"
    VERSION = "version"
    CLOCK = "clock"
    KEYS = "keys"
    AUTH = "auth"
    CLOSED_THERE = "closed_there"
    PAUSED_THERE = "paused_there"
    PAUSED_HERE = "paused_here"
    DISAGREE = "disagree"
    SILENT = "silent"


FIXES: Mapping[Cause, str] = {
    Cause.DNS: "Ask whoever operates the other side whether its host has moved or lost its name.",
    Cause.REFUSED: "Ask whoever operates the other side whether its node is up, then check again.",
    Cause.TLS: "Ask whoever operates the other side to renew the certificate.",
    Cause.TIMEOUT: "Check again in a moment, and ask the other side whether this node may reach it.",
    Cause.BLOCKED_ADDRESS: "The operator here may open that network with PARLEY_EGRESS_ALLOW_CIDRS.",
    Cause.WRONG_NODE: "Ask the other side which node URL its instance has now.",
    Cause.VERSION: "Have the older one of the two nodes updated.",
    Cause.CLOCK: "Have the wrong clock set by a time server.",
    Cause.KEYS: "Check again within the hour, after which the other side has read this side's keys anew.",
    Cause.AUTH: "Check again; if it stays, ask the other side what its node says of this connection.",
    Cause.CLOSED_THERE: "Create a new connection, if both sides want one.",
    Cause.PAUSED_THERE: "Ask the other side's admin to resume the connection.",
    Cause.PAUSED_HERE: "Resume the connection.",
    Cause.DISAGREE: "Compare both sides, and repeat there what was lost.",
    Cause.SILENT: "Ask the other side whether its node runs and may call this one.",
}
FROM_PROBE: Mapping[ProbeReason, Cause] = {
    ProbeReason.DNS: Cause.DNS,
    ProbeReason.REFUSED: Cause.REFUSED,
    ProbeReason.TLS: Cause.TLS,
    ProbeReason.TIMEOUT: Cause.TIMEOUT,
    ProbeReason.BLOCKED_ADDRESS: Cause.BLOCKED_ADDRESS,
    ProbeReason.NOT_A_NODE: Cause.WRONG_NODE,
    ProbeReason.VERSION: Cause.VERSION,
    ProbeReason.CLOCK_SKEW: Cause.CLOCK,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One cause, and what was seen of it."""

    cause: Cause
    detail: str

    @property
    def fix(self) -> str:
        """What to do about it."""
        return FIXES[self.cause]


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


def from_failure(failure: NodeUnreadable | PeerUnavailable | PeerRefused) -> Finding:
    """Return why the other side gave no usable answer."""
    match failure:
        case NodeUnreadable():
            return Finding(FROM_PROBE[failure.reason], failure.detail)
        case PeerUnavailable():
            return Finding(Cause.REFUSED, f"The other side gave no usable answer: {failure.reason}.")
    said = f"The other side refused: {failure.error}. {failure.description}".strip()
    if isinstance(failure, ClocksDiffer):
        return Finding(Cause.CLOCK, said)
    return Finding(Cause.KEYS if failure.error == "invalid_client" else Cause.AUTH, said)
