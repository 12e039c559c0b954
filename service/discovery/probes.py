"""The answer to "what is at this URL?": what was found, in words for the person and facts for the wizard."""

from dataclasses import dataclass
from enum import StrEnum

from service.discovery.modes import ModeOption, Side, mode_options
from service.discovery.names import Names, name_of_host, suggest
from service.discovery.node_metadata import NodeSnapshot
from service.discovery.reasons import FIXES, ProbeReason
from service.discovery.search import (
    Finding,
    LobbyFound,
    NodeFound,
    NothingFound,
    OtherVersion,
    OwnInstance,
    TrackerFound,
)
from service.egress.web_addresses import WebAddress, normalise
from service.instances.identity import known_version
from service.instances.models import Instance
from service.platforms.description import PlatformDescription
from service.platforms.interface import Fingerprint
from service.platforms.recognition import link_to_paste, no_instance
from service.platforms.registry import SANDBOX, Registry
from service.protocol.messages import InstanceFacts
from service.values.moments import clock_obstacle
from service.words import DestinationType

ASK_FOR_NODE_URL = (
    "Ask the partner for the node URL that their Parley shows, or choose that you don't have a URL."
)
LISTED_BUT_SILENT = "A node is known for this tracker, but it cannot be used now:"


class Outcome(StrEnum):
    """What is at the URL."""

    NODE_FOUND = "node_found"
    NODE_UNKNOWN = "node_unknown"
    NOTHING_THERE = "nothing_there"
    BLOCKED = "blocked"
    OWN_INSTANCE = "own_instance"


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks about which URL."""

    instance: Instance
    platforms: Registry
    url: str
    address: WebAddress

    @property
    def side(self) -> Side:
        """The asking instance's part in what is possible."""
        return own_side(self.instance, self.platforms.get(self.instance.platform).description)


@dataclass(frozen=True, slots=True)
class Probe:
    """What is at a URL, for one instance. `snapshot` is there exactly when a usable node was read."""

    url: str
    normalised_url: str
    display_url: str
    outcome: Outcome
    detail: str
    names: Names
    modes: tuple[ModeOption, ...]
    reason: ProbeReason | None = None
    fix: str | None = None
    type: DestinationType | None = None
    issuer: str | None = None
    platform: str | None = None
    version: str | None = None
    instance_name: str | None = None
    tracker_url: str | None = None
    tracker_url_confirmed: bool = False
    clock_skew_seconds: float | None = None
    snapshot: NodeSnapshot | None = None


def own_side(instance: Instance, description: PlatformDescription) -> Side:
    """Return what decides about modes on the side of this node's own instance."""
    return Side(
        platform_label=description.label,
        modes=frozenset(description.modes),
        network=instance.network,
        sandbox=description.name == SANDBOX,
        local_why_not=None if description.local else description.local_why_not,
        too_old=description.too_old(known_version(instance)),
    )


def describe(asking: Asking, finding: Finding) -> Probe:
    """Return the finding as an answer."""
    match finding:
        case OwnInstance():
            return _own(asking)
        case NodeFound():
            return _node(asking, finding)
        case OtherVersion():
            return _other_version(asking, finding)
        case TrackerFound():
            return _tracker(asking, finding)
        case LobbyFound():
            return _lobby(asking, finding)
        case NothingFound():
            return _nothing(asking, finding)


def _own(asking: Asking) -> Probe:
    instance = asking.instance
    return Probe(
        url=asking.url,
        normalised_url=asking.address.url,
        display_url=asking.address.display_url,
        outcome=Outcome.OWN_INSTANCE,
        detail="This is the instance itself: the connection will be local, between two of its own projects.",
        names=suggest(instance.name, instance.name),
        modes=mode_options(DestinationType.LOCAL, asking.side),
        type=DestinationType.LOCAL,
        platform=instance.platform,
        instance_name=instance.name,
        tracker_url=instance.url,
        tracker_url_confirmed=True,
    )


def _node(asking: Asking, found: NodeFound) -> Probe:
    snapshot = found.snapshot
    facts = snapshot.metadata.parley_instance
    obstacle = clock_obstacle(snapshot.clock_skew_seconds)
    there = side_of_other(asking.platforms, facts)
    return Probe(
        url=asking.url,
        normalised_url=asking.address.url,
        display_url=asking.address.display_url,
        outcome=Outcome.NODE_FOUND,
        detail=obstacle or "A Parley node answers for this URL.",
        names=suggest(asking.instance.name, facts.name),
        modes=mode_options(DestinationType.PUBLIC, asking.side, there, obstacle=obstacle),
        reason=ProbeReason.CLOCK_SKEW if obstacle else None,
        fix=FIXES[ProbeReason.CLOCK_SKEW] if obstacle else None,
        type=DestinationType.PUBLIC,
        issuer=snapshot.issuer,
        platform=facts.platform,
        version=facts.version,
        instance_name=facts.name,
        tracker_url=normalise(facts.url).url,
        tracker_url_confirmed=found.confirmed,
        clock_skew_seconds=round(snapshot.clock_skew_seconds, 1),
        snapshot=snapshot,
    )


def side_of_other(platforms: Registry, facts: InstanceFacts) -> Side:
    """Return the other side's part; its own words never get into our sentences."""
    known = next((each for each in platforms.descriptions() if each.name == facts.platform), None)
    return Side(
        platform_label="The other side's platform" if known is None else known.label,
        modes=frozenset(facts.modes),
        network=facts.network,
        sandbox=facts.sandbox,
        too_old=None if known is None else known.too_old(facts.version),
    )


def _other_version(asking: Asking, found: OtherVersion) -> Probe:
    return _without_node(
        asking,
        Outcome.NODE_FOUND,
        detail=found.detail,
        fix=FIXES[ProbeReason.VERSION],
        reason=ProbeReason.VERSION,
        issuer=found.issuer,
    )


def _tracker(asking: Asking, found: TrackerFound) -> Probe:
    label = asking.platforms.get(found.fingerprint.platform).description.label
    return _without_node(
        asking,
        Outcome.NODE_UNKNOWN,
        detail=f"This is {label}, and where its Parley node is cannot be seen from there.",
        fix=ASK_FOR_NODE_URL,
        seen=found.fingerprint,
    )


def _lobby(asking: Asking, found: LobbyFound) -> Probe:
    home = asking.platforms.get(found.platform).description
    return _without_node(
        asking,
        Outcome.NOTHING_THERE,
        detail=no_instance(home),
        fix=f"{link_to_paste(home)}, or the node URL that the partner's Parley shows.",
        reason=ProbeReason.NOT_A_NODE,
    )


def _nothing(asking: Asking, found: NothingFound) -> Probe:
    if found.issuer is not None:
        detail, fix = f"{LISTED_BUT_SILENT} {found.detail}", ASK_FOR_NODE_URL
    else:
        detail, fix = found.detail, FIXES[found.reason]
    is_blocked = found.reason is ProbeReason.BLOCKED_ADDRESS
    outcome = Outcome.BLOCKED if is_blocked else Outcome.NOTHING_THERE
    return _without_node(asking, outcome, detail=detail, fix=fix, reason=found.reason, issuer=found.issuer)


def _without_node(
    asking: Asking,
    outcome: Outcome,
    *,
    detail: str,
    fix: str,
    reason: ProbeReason | None = None,
    issuer: str | None = None,
    seen: Fingerprint | None = None,
) -> Probe:
    """Return the answer that every mode has the same obstacle, with the way out."""
    return Probe(
        url=asking.url,
        normalised_url=asking.address.url,
        display_url=asking.address.display_url,
        outcome=outcome,
        detail=detail,
        names=suggest(asking.instance.name, name_of_host(asking.address.display_host)),
        modes=mode_options(DestinationType.PUBLIC, asking.side, obstacle=f"{detail} {fix}"),
        reason=reason,
        fix=fix,
        issuer=issuer,
        platform=seen.platform if seen else None,
        version=seen.version if seen else None,
        instance_name=seen.title if seen else None,
        tracker_url=seen.base_url if seen else None,
    )
