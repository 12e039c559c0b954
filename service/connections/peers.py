"""Who we are to the other side, and where it is called: what every call to another node begins with."""

from typing import Any

from service.connections.models import Connection
from service.connections.states import ESTABLISHED
from service.database.sessions import reading
from service.discovery.node_metadata import NodeUnreadable, read_node
from service.instance_keys.operations import public_keys, signing_key
from service.instances.identity import require_running
from service.instances.operations import get_instance, issuer_of
from service.node import Node
from service.protocol.client import Caller, Peer, PeerUnavailable
from service.protocol.messages import CLIENT_DOCUMENT_PATH


def can_be_asked(connection: Connection) -> bool:
    """True for an established connection whose other side can be reached."""
    known = connection.peer is not None and connection.peer["issuer"] is not None
    return connection.state in ESTABLISHED and connection.shared_id is not None and known


async def caller_of(node: Node, instance_id: str, registered_as: str | None = None) -> Caller:
    """Return us as other nodes know us: the instance's issuer and its key, or as one of them registered us.

    Raises InstancePaused: an instance that may be a copy speaks to nobody.
    """
    async with reading(node.database) as session:
        instance = await get_instance(session, instance_id)
        require_running(node.settings, instance)
        key = await signing_key(session, node.sealer, instance_id)
        own = frozenset(each["kid"] for each in await public_keys(session, instance_id))
    issuer = issuer_of(node.settings, instance.slug)
    return Caller(issuer, key, own, node.egress, node.clock.now(), registered_as)


async def read_peer(node: Node, issuer: str) -> Peer:
    """Return where the other node is called, as its metadata says now; raises PeerUnavailable."""
    try:
        snapshot = await read_node(node.egress, issuer, now=node.clock.now())
    except NodeUnreadable as failure:
        raise PeerUnavailable(failure.reason) from failure
    return peer_of(snapshot.to_json())


def peer_record(issuer: str, snapshot: dict[str, Any], **known_as: str | None) -> dict[str, Any]:
    """Return what stays of the other side once both agree: who it is, its keys, and as whom it knows us."""
    return {
        "issuer": issuer,
        "client_id": issuer + CLIENT_DOCUMENT_PATH,
        "jwks": snapshot["jwks"],
        **known_as,
    }


def peer_of(snapshot: dict[str, object]) -> Peer:
    """Return where the other node is called, from a stored snapshot of its metadata."""
    metadata = snapshot["metadata"]
    assert isinstance(metadata, dict)  # noqa: S101 - the shape of our own snapshot
    return Peer(
        issuer=metadata["issuer"],
        authorization_endpoint=metadata["authorization_endpoint"],
        token_endpoint=metadata["token_endpoint"],
        par_endpoint=metadata["pushed_authorization_request_endpoint"],
        registration_endpoint=metadata.get("registration_endpoint") or f"{metadata['issuer']}/oauth/register",
    )
