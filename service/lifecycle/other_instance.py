"""Is it still the instance that was agreed on? Its node may stand for another one by now."""

from service.connections.models import Connection
from service.discovery.node_metadata import NodeSnapshot
from service.egress.web_addresses import UnusableUrl, normalise
from service.problems.tree import DestinationIncompatible


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
