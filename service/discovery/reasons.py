"""Why a URL is of no use for a connection, as one word of a closed list, and what to do about it."""

import re
from collections.abc import Mapping
from enum import StrEnum

from service.egress.client import Reason


class ProbeReason(StrEnum):
    """What stands in the way, by name."""

    DNS = "dns"
    REFUSED = "refused"
    TLS = "tls"
    TIMEOUT = "timeout"
    NOT_A_NODE = "not_a_node"
    VERSION = "version"
    CLOCK_SKEW = "clock_skew"
    BLOCKED_ADDRESS = "blocked_address"
    PROXY = "proxy"


FROM_EGRESS: Mapping[Reason, ProbeReason] = {
    Reason.DNS: ProbeReason.DNS,
    Reason.REFUSED: ProbeReason.REFUSED,
    Reason.TLS: ProbeReason.TLS,
    Reason.TIMEOUT: ProbeReason.TIMEOUT,
    Reason.BLOCKED_ADDRESS: ProbeReason.BLOCKED_ADDRESS,
    Reason.CONNECTION_LOST: ProbeReason.REFUSED,
    Reason.PROXY: ProbeReason.PROXY,
    Reason.TOO_LARGE: ProbeReason.NOT_A_NODE,
    Reason.NOT_JSON: ProbeReason.NOT_A_NODE,
}

DETAILS: Mapping[ProbeReason, str] = {
    ProbeReason.DNS: "The host name cannot be found.",
    ProbeReason.REFUSED: "The host is there, but nothing answers at this address now.",
    ProbeReason.TLS: "The certificate of the host is not valid.",
    ProbeReason.TIMEOUT: "The host did not answer in time.",
    ProbeReason.NOT_A_NODE: "Something answers there, but it is not a Parley node.",
    ProbeReason.VERSION: "The other node speaks another version of the protocol than this one.",
    ProbeReason.CLOCK_SKEW: "The clocks of the two nodes are too far apart.",
    ProbeReason.BLOCKED_ADDRESS: "This node does not call this address.",
    ProbeReason.PROXY: "The proxy that this node calls the host through did not open the way.",
}

FIXES: Mapping[ProbeReason, str] = {
    ProbeReason.DNS: (
        "Check the spelling. If the host is on a network that this node does not reach, choose that you "
        "don't have a URL."
    ),
    ProbeReason.REFUSED: "Check the URL and its port, ask the partner whether the server is up, try again.",
    ProbeReason.TLS: "Ask whoever operates the other side to renew the certificate.",
    ProbeReason.TIMEOUT: "Try again in a moment, and ask the partner whether this node may reach the server.",
    ProbeReason.NOT_A_NODE: "Ask the partner for the node URL that their Parley shows on the instance.",
    ProbeReason.VERSION: "Ask the partner, or the operator of this node, to update the older one.",
    ProbeReason.CLOCK_SKEW: "Have the clock of the wrong one set by a time server.",
    ProbeReason.BLOCKED_ADDRESS: (
        "Use an https URL of a public host. The operator of this node may open private networks with "
        "PARLEY_EGRESS_ALLOW_CIDRS and ports with PARLEY_EGRESS_PORTS."
    ),
    ProbeReason.PROXY: (
        "The operator of this node can check PARLEY_EGRESS_PROXY, and whether the proxy lets it call this host."
    ),
}


def other_version(theirs: str, ours: str) -> str:
    """Return which of the two nodes is the older one; what is no number says nothing about that."""
    if not re.fullmatch(r"[0-9]{1,4}", theirs, re.ASCII) or theirs == ours:
        return DETAILS[ProbeReason.VERSION]
    older = "the other one" if int(theirs) < int(ours) else "this one"
    return f"The other node speaks version {int(theirs)} of the protocol and this one version {ours}: {older} is older."
