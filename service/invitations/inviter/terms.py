"""What an invitation of this connection may offer, and to whom."""

from service.connections.models import Connection
from service.connections.setup import SetUp, Way, WayRefused, invitable_modes
from service.egress.web_addresses import UnusableUrl, normalise
from service.instances.faults import not_valid
from service.instances.models import Instance
from service.problems.tree import BothSidesPrivate, InstancePrivate
from service.words import DestinationType, Mode, Network


def require_public(instance: Instance, connection: Connection) -> None:
    """Raise the problem of a private instance: the other node could not reach it."""
    if instance.network is not Network.PRIVATE:
        return
    if connection.type is DestinationType.PRIVATE:
        raise BothSidesPrivate("Neither this instance nor the destination can be reached by the other.")
    raise InstancePrivate(
        "The partner's node could not reach {instance_name}.",
        instance_name=instance.name,
        fix="Ask the partner to invite you, or make this instance public.",
    )


def choose_mode(setup: SetUp, wanted: Mode | None) -> Mode:
    """Return the mode that the invitation sets up; raises WayRefused where none is left."""
    possible = invitable_modes(setup)
    mode = wanted or setup.mode
    if mode is None or mode not in possible:
        names = " or ".join(possible) or "none"
        why = f"Send the mode that the invitation sets up; possible here: {names}."
        raise WayRefused(Way.INVITE, why)
    return mode


def read_partner(connection: Connection, wanted: str | None, own_issuer: str) -> str | None:
    """Return the only issuer that may claim; a destination that was found is always the one expected."""
    known = connection.destination_node_url if connection.type is DestinationType.PUBLIC else None
    if wanted is None:
        return known
    try:
        given = normalise(wanted).url
    except UnusableUrl as unusable:
        raise not_valid("/expected_partner", "url", unusable.detail) from None
    if given == own_issuer:
        raise not_valid("/expected_partner", "own_instance", "This is the node URL of the inviter itself.")
    if known is not None and given != known:
        raise not_valid(
            "/expected_partner", "other_destination", "The connection's destination is another one."
        )
    return given
