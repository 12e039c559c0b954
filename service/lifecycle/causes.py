"""Why a connection does not work, as one word of an open list, with a sentence and a way out."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from service.discovery.node_metadata import NodeUnreadable
from service.discovery.reasons import ProbeReason
from service.protocol.client import ClocksDiffer, PeerRefused, PeerUnavailable


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
