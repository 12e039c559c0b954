"""What a search ends with: exactly one of these."""

from dataclasses import dataclass

from service.discovery.node_metadata import NodeSnapshot
from service.discovery.reasons import ProbeReason
from service.platforms.interface import Fingerprint


@dataclass(frozen=True, slots=True)
class OwnInstance:
    """The URL is the asking instance's own."""


@dataclass(frozen=True, slots=True)
class NodeFound:
    """A node answers for the URL; `confirmed` says that the tracker's own host names it (RFC 9728)."""

    snapshot: NodeSnapshot
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class OtherVersion:
    """A node is there, and speaks another version of the protocol."""

    issuer: str


@dataclass(frozen=True, slots=True)
class TrackerFound:
    """A tracker is there, and nothing tells where its node is."""

    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class NothingFound:
    """Nothing that can be connected to; `issuer` is a node that is on a list but does not answer."""

    reason: ProbeReason
    detail: str
    issuer: str | None = None


Finding = OwnInstance | NodeFound | OtherVersion | TrackerFound | NothingFound
