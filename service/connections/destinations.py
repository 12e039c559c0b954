"""From what a person answers to "where is the other side?" to what the connection stores of it."""

from collections.abc import Mapping

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.operations import DestinationAnswer
from service.connections.schemas import DestinationIn, LocalDestination, PublicDestination
from service.database.sessions import reading
from service.discovery.modes import mode_options, refusals
from service.discovery.operations import probe
from service.discovery.probes import Outcome, Probe, own_side
from service.discovery.reasons import FIXES, ProbeReason
from service.instances.models import Instance
from service.node import Node
from service.platforms.description import PlatformDescription
from service.platforms.registry import Registry
from service.problems.tree import (
    BothSidesPrivate,
    DestinationIncompatible,
    DestinationUnknown,
    DestinationUnreachable,
    OptionNotAvailable,
    Problem,
    UrlNotAllowed,
    literal,
)
from service.words import DestinationType, Network

INCOMPATIBLE = frozenset({ProbeReason.VERSION, ProbeReason.CLOCK_SKEW})
MOST_PARTNERS = 500


async def resolve_destination(
    node: Node, platforms: Registry, instance: Instance, wanted: DestinationIn
) -> DestinationAnswer:
    """Return the destination and the modes that it rules out; raises the problem that says what is wrong there.

    Call it outside of any transaction: it asks other hosts.
    """
    description = platforms.get(instance.platform).description
    if isinstance(wanted, LocalDestination):
        return _local(instance, description)
    if not isinstance(wanted, PublicDestination):
        if instance.network is Network.PRIVATE:
            raise BothSidesPrivate("Neither this instance nor a destination without a URL can be reached.")
        options = mode_options(DestinationType.PRIVATE, own_side(instance, description))
        return DestinationAnswer(DestinationType.PRIVATE, mode_refusals=refusals(options))
    async with reading(node.database) as session:
        partners = await past_partners(session, instance.id)
    found = await probe(node, platforms, instance, wanted.url, known_nodes=partners)
    if found.outcome is Outcome.OWN_INSTANCE:
        return _local(instance, description)
    if found.outcome is not Outcome.NODE_FOUND or found.snapshot is None or found.reason is not None:
        raise _not_usable(found)
    there = found.snapshot.metadata.parley_instance
    if instance.network is Network.PRIVATE and there.network is Network.PRIVATE:
        raise BothSidesPrivate("This instance and {host} are both private.", host=found.issuer)
    return DestinationAnswer(
        DestinationType.PUBLIC,
        url=found.tracker_url,
        node_url=found.issuer,
        platform=found.platform,
        mode_refusals=refusals(found.modes),
    )


def _local(instance: Instance, description: PlatformDescription) -> DestinationAnswer:
    """Return this same instance as the destination; raise OptionNotAvailable where its platform has no local."""
    if not description.local:
        why = description.local_why_not or ""
        local = DestinationType.LOCAL
        options = [
            {"value": kind, "label": kind, "disabled": kind is local, "why": why if kind is local else None}
            for kind in DestinationType
        ]
        detail = "A local connection is not possible: {why}"
        raise OptionNotAvailable(detail, option=local, why=why, options=options)
    return DestinationAnswer(
        DestinationType.LOCAL,
        url=instance.url,
        platform=instance.platform,
        mode_refusals=refusals(mode_options(DestinationType.LOCAL, own_side(instance, description))),
    )


def _not_usable(found: Probe) -> Problem:
    if found.outcome is Outcome.NODE_UNKNOWN:
        upstream = {"reason": "node_unknown", "host": found.normalised_url}
        return DestinationUnknown(literal(found.detail), upstream=upstream, platform=found.platform)
    return as_problem(found.reason or ProbeReason.NOT_A_NODE, found.detail, found.normalised_url)


def as_problem(reason: ProbeReason, detail: str, url: str) -> Problem:
    """Return why the other side cannot be used, under the problem that fits its reason."""
    kind: type[Problem] = DestinationUnreachable
    if reason is ProbeReason.BLOCKED_ADDRESS:
        kind = UrlNotAllowed
    elif reason in INCOMPATIBLE:
        kind = DestinationIncompatible
    return kind(literal(detail), fix=FIXES[reason], upstream={"reason": reason, "host": url})


async def past_partners(session: AsyncSession, instance_id: str) -> Mapping[str, str]:
    """Return the node URL of each tracker that this instance has been connected with, the newest of each."""
    statement = (
        select(Connection.destination_url, Connection.destination_node_url)
        .where(
            Connection.instance_id == instance_id,
            col(Connection.activated_at).is_not(None),
            col(Connection.destination_url).is_not(None),
            col(Connection.destination_node_url).is_not(None),
        )
        .order_by(col(Connection.activated_at).desc())
        .limit(MOST_PARTNERS)
    )
    partners: dict[str, str] = {}
    for tracker_url, node_url in (await session.exec(statement)).all():
        if tracker_url is not None and node_url is not None:
            partners.setdefault(tracker_url, node_url)
    return partners
