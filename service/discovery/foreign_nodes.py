"""A node that holds keys of its own: whoever publishes one of ours would turn our signatures against us."""

from service.database.sessions import reading
from service.discovery.node_metadata import NodeSnapshot, NodeUnreadable, read_node
from service.discovery.reasons import ProbeReason
from service.instances.operations import issuers_of_keys
from service.node import Node
from service.trust.signatures import thumbprint


async def read_foreign_node(node: Node, issuer: str) -> NodeSnapshot:
    """Return the node at this issuer, none of whose keys is another's of this node; raises NodeUnreadable.

    Another instance of this node may be the one at the issuer: then its keys are its own there.
    """
    snapshot = await read_node(node.egress, issuer, now=node.clock.now())
    async with reading(node.database) as session:
        kids = [thumbprint(key) for key in snapshot.jwks]
        owners = await issuers_of_keys(session, node.settings, kids)
    if not owners <= {issuer}:
        raise NodeUnreadable(ProbeReason.NOT_A_NODE, "The node publishes a key of this very node as its own.")
    return snapshot
