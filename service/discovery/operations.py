"""What is done to answer what is at a URL: this very instance, a node, a tracker, or nothing."""

from collections.abc import Iterable, Mapping

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.database.sessions import reading
from service.discovery.looks import looking
from service.discovery.probes import Asking, Probe, describe
from service.discovery.search import Finding, LobbyFound, OwnInstance, Search, look
from service.egress.client import Egress
from service.egress.lately import Remembering
from service.egress.policy import secured
from service.egress.web_addresses import UnusableUrl, WebAddress, is_below, normalise, prefixes
from service.instance_keys.operations import key_ids
from service.instances.addresses import egress_policy
from service.instances.models import Instance
from service.instances.operations import issuer_of, platform_of
from service.node import Node
from service.platforms.recognition import lobby_of, read_pasted, recognise
from service.platforms.registry import Registry
from service.problems.tree import UrlNotAllowed, fault
from service.settings import Settings
from service.words import Network

DEEPEST = 32
NO_PARTNERS: Mapping[str, str] = {}


async def probe(
    node: Node,
    platforms: Registry,
    instance: Instance,
    url: str,
    *,
    known_nodes: Mapping[str, str] = NO_PARTNERS,
    fresh: bool = False,
) -> Probe:
    """Return what is at the URL for this instance; raises UrlNotAllowed for what is no URL of a host, RateLimited.

    `known_nodes` are the asking instance's own past partners, tracker URL to node URL. Nothing is stored, and
    no transaction is open while others are called. What hosts answered within the last minute is not asked again,
    unless it has to be `fresh`.
    """
    platform_of(platforms, instance)
    try:
        address = secured(read_pasted(url), egress_policy(node.settings))
    except UnusableUrl as unusable:
        raise UrlNotAllowed(unusable.detail, errors=[fault("/url", "url", unusable.detail)]) from None
    way_out = Remembering(node.egress, node.lately, node.clock, fresh=fresh)
    finding = await _find(node, way_out, platforms, instance, address, known_nodes)
    found = describe(Asking(instance, platforms, url, address), finding)
    if found.reason is not None and found.issuer is not None:
        node.lately.forget(found.issuer)  # whoever sets it right wants to see that at once
    return found


async def _find(
    node: Node,
    way_out: Egress,
    platforms: Registry,
    instance: Instance,
    address: WebAddress,
    known_nodes: Mapping[str, str],
) -> Finding:
    places = _places(platforms, address)
    async with reading(node.database) as session:
        public = [found for place in places for found in await _public_instances(session, place)]
        own_keys = await key_ids(session, instance.id)
    if any(_is_own(node.settings, instance, place, public) for place in places):
        return OwnInstance()
    own_issuer = issuer_of(node.settings, instance.slug)
    listed = [
        *(issuer_of(node.settings, known.slug) for known in public),
        *(found for place in places for found in _lookup(place, known_nodes.items())),
        *(found for place in places for found in _lookup(place, node.settings.known_nodes)),
    ]
    if not listed and (home := lobby_of(platforms.descriptions(), address)) is not None:
        return LobbyFound(home.name)
    async with looking(node, instance, address.host):
        return await look(
            Search(
                egress=way_out,
                platforms=platforms,
                address=places[-1],
                listed=tuple(dict.fromkeys(issuer for issuer in listed if issuer != own_issuer)),
                own_thumbprints=own_keys,
                clock=node.clock,
            )
        )


def _places(platforms: Registry, address: WebAddress) -> tuple[WebAddress, ...]:
    """Return the address, and the instance that it leads to where its host tells it: people give either."""
    known = recognise(platforms.descriptions(), address)
    return (address, normalise(known.instance_url)) if known is not None and known.certain else (address,)


def _is_own(settings: Settings, instance: Instance, address: WebAddress, public: list[Instance]) -> bool:
    """True for the instance's node URL and its tracker, deep links included, unless a neighbour is nearer."""
    if is_below(address, normalise(issuer_of(settings, instance.slug))):
        return True
    if is_below(address, normalise(f"{settings.public_url}/i")):
        return False
    return is_below(address, normalise(instance.url)) and not any(
        len(other.url) > len(instance.url) for other in public
    )


async def _public_instances(session: AsyncSession, address: WebAddress) -> list[Instance]:
    """Return this node's instances at the address or above it, the nearest first.

    Private ones do not exist for a prober: whoever may ask about any URL could otherwise list them.
    """
    urls = [base.url for base in prefixes(address)[:DEEPEST]]
    statement = select(Instance).where(col(Instance.url).in_(urls), Instance.network == Network.PUBLIC)
    return sorted((await session.exec(statement)).all(), key=lambda found: (-len(found.url), found.slug))


def _lookup(address: WebAddress, pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Return the node URL that is listed for the longest tracker URL at the address or above it."""
    nearest, node_urls = -1, []
    for tracker_url, node_url in pairs:
        try:
            base = normalise(tracker_url)
        except UnusableUrl:
            continue
        if is_below(address, base) and len(base.path) > nearest:
            nearest, node_urls = len(base.path), [node_url]
    return node_urls
