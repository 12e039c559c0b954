"""Is the other side still the one that was agreed on? Its instance is compared, its keys are read anew (ADR 0026)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.peers import peer_of
from service.connections.states import ESTABLISHED
from service.database.rows import get_for_update
from service.database.sessions import reading, transaction
from service.discovery.node_metadata import NodeSnapshot, NodeUnreadable, read_foreign_node
from service.egress.web_addresses import UnusableUrl, normalise
from service.events.operations import record
from service.instances.identity import require_running
from service.instances.operations import get_instance
from service.node import Node
from service.problems.tree import DestinationIncompatible
from service.protocol.client import Peer, PeerUnavailable
from service.trust.signatures import thumbprint

Keys = list[dict[str, str]]


async def read_other_side(node: Node, connection: Connection) -> NodeSnapshot:
    """Return what the other side publishes now; raises PeerUnavailable, and InstancePaused: a copy looks at nobody.

    Its issuer is the one that was agreed on; nothing that anybody said since then leads elsewhere.
    """
    assert connection.peer is not None  # noqa: S101 - only a connection that was agreed on is looked after
    async with reading(node.database) as session:
        require_running(node.settings, await get_instance(session, connection.instance_id))
    try:
        return await read_foreign_node(node, connection.peer["issuer"])
    except NodeUnreadable as failure:
        raise PeerUnavailable(failure.reason) from failure


async def take_over_keys(node: Node, connection: Connection, snapshot: NodeSnapshot) -> Peer:
    """Return where the other side is called; its stored keys are those that it publishes now."""
    assert connection.peer is not None  # noqa: S101 - as above
    if ids(snapshot.jwks) != ids(connection.peer["jwks"]):
        async with transaction(node.database) as session:
            locked = await get_for_update(session, Connection, connection.id)
            if locked.state in ESTABLISHED:
                replace_keys(session, locked, snapshot.jwks, node.clock.now())
    return peer_of(snapshot.to_json())


def replace_keys(session: AsyncSession, connection: Connection, jwks: Keys, now: datetime) -> None:
    """The other side's keys are exactly these from now on; the history says which came and which went.

    The connection must be locked, and the keys must come from the issuer that was agreed on.
    """
    assert connection.peer is not None  # noqa: S101 - as above
    before, after = ids(connection.peer["jwks"]), ids(jwks)
    if before == after:
        return
    connection.peer = {**connection.peer, "jwks": jwks}
    connection.touch(now)
    detail = {"added": sorted(after - before), "removed": sorted(before - after)}
    record(session, connection.id, "peer_keys.change", now, why="published_anew", detail=detail)


def ids(jwks: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return what tells these keys from others, whatever names they bear."""
    return frozenset(f"{key['kid']} {thumbprint(key)}" for key in jwks)


def require_same_instance(connection: Connection, snapshot: NodeSnapshot) -> None:
    """Raise DestinationIncompatible where the node now stands for another instance than was agreed on."""
    now_at = snapshot.metadata.parley_instance.url
    if connection.destination_url is not None and not is_same_place(connection.destination_url, now_at):
        upstream = {"reason": "wrong_node", "host": snapshot.issuer}
        raise DestinationIncompatible(
            "The node there now stands for another instance than this connection is with.",
            fix="Ask the other side for the node URL of the right instance, and create a new connection.",
            upstream=upstream,
        )


def is_same_place(one: str, other: str) -> bool:
    """True where both URLs are spellings of one place."""
    try:
        return normalise(one).url == normalise(other).url
    except UnusableUrl:
        return one == other


def is_verified(connection: Connection) -> bool:
    """True where the other side's URL is what its node said, and not what a client claimed of itself."""
    return connection.peer is not None and connection.destination_node_url == connection.peer["issuer"]
