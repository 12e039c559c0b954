"""The search for the node behind a URL: most authoritative source first, limited in time and calls.

What it ends with is exactly one of the findings.
"""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from service.discovery.node_metadata import FRESH, NodeSnapshot, NodeUnreadable, read_node
from service.discovery.reasons import DETAILS, ProbeReason
from service.egress.client import Answer, Egress, EgressFailure, Reason
from service.egress.web_addresses import (
    UnusableUrl,
    WebAddress,
    issuer_of_page,
    normalise,
    prefixes,
    well_known,
)
from service.platforms.interface import Fingerprint, Platform
from service.platforms.recognition import candidates, stands_anywhere
from service.platforms.registry import Registry
from service.protocol.messages import WELL_KNOWN_PROTECTED_RESOURCE, ProtectedResourceMetadata
from service.values.moments import Clock

SEARCH_SECONDS = 7.0
CONFIRM_SECONDS = 3.0
MAX_CALLS = 60
MAX_BASES = 4
MAX_NAMED_ISSUERS = 2
MAX_LISTED = 3
# No other path on that host would be answered either.
HOST_IS_OUT = frozenset(
    {ProbeReason.DNS, ProbeReason.TLS, ProbeReason.TIMEOUT, ProbeReason.BLOCKED_ADDRESS, ProbeReason.PROXY}
)


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
    """A node is there, and speaks another version of the protocol; `detail` says which of the two is older."""

    issuer: str
    detail: str


@dataclass(frozen=True, slots=True)
class TrackerFound:
    """A tracker is there, and nothing tells where its node is. It may be known by its host alone."""

    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class LobbyFound:
    """The link is one of a vendor's own pages, and says nothing about which instance there; nothing was called."""

    platform: str


@dataclass(frozen=True, slots=True)
class NothingFound:
    """Nothing that can be connected to; `issuer` is a node that is on a list but does not answer."""

    reason: ProbeReason
    detail: str
    issuer: str | None = None


Finding = OwnInstance | NodeFound | OtherVersion | TrackerFound | LobbyFound | NothingFound


@dataclass(frozen=True, slots=True)
class Search:
    """Where to look, and with what; `listed` are node URLs that this node knows for the address."""

    egress: Egress
    platforms: Registry
    address: WebAddress
    listed: tuple[str, ...]
    own_thumbprints: frozenset[str]
    clock: Clock

    @property
    def bases(self) -> tuple[WebAddress, ...]:
        """Where the tracker of a deep link may be, the shortest first."""
        return prefixes(self.address)[:MAX_BASES]


class Allowance(Egress):
    """The same way out for a limited number of calls, so that one pasted link is no means to flood a host."""

    def __init__(self, way_out: Egress, calls: int) -> None:
        self._way_out = way_out
        self._calls_left = calls

    async def request(self, method: str, url: str, **options: Any) -> Answer:
        """Return the answer of the URL's host while calls are left; raises EgressFailure."""
        if self._calls_left <= 0:
            raise EgressFailure(Reason.TIMEOUT)
        self._calls_left -= 1
        return await self._way_out.request(method, url, **options)


async def look(search: Search) -> Finding:
    """Return what is at the address, after at most ten seconds and sixty calls."""
    limited = replace(search, egress=Allowance(search.egress, MAX_CALLS))
    try:
        async with asyncio.timeout(SEARCH_SECONDS):
            finding = await _look(limited)
    except TimeoutError:
        return NothingFound(ProbeReason.TIMEOUT, DETAILS[ProbeReason.TIMEOUT])
    if isinstance(finding, NodeFound) and not finding.confirmed:
        return replace(finding, confirmed=await _confirm(limited.egress, finding))
    return finding


async def _look(search: Search) -> Finding:
    first = await _read(search, issuer_of_page(search.address).url)
    if not isinstance(first, NothingFound):
        return first
    host_answers = first.reason not in HOST_IS_OUT
    if host_answers and (pointed := await _follow_host(search)) is not None:
        return pointed
    if (listed := await _follow_lists(search)) is not None:
        return listed
    if (fingerprint := await _recognise(search, host_answers=host_answers)) is not None:
        return TrackerFound(fingerprint)
    return replace(first, issuer=None)


async def _read(search: Search, issuer: str) -> NodeFound | OtherVersion | NothingFound:
    try:
        return NodeFound(
            await read_node(
                search.egress, issuer, now=search.clock.now(), own_thumbprints=search.own_thumbprints
            )
        )
    except NodeUnreadable as unreadable:
        if unreadable.reason is ProbeReason.VERSION:
            return OtherVersion(issuer, unreadable.detail)
        return NothingFound(unreadable.reason, unreadable.detail, issuer)


async def _follow_host(search: Search) -> NodeFound | OtherVersion | None:
    """Return the node that the tracker's own host names; both have to name each other."""
    named = await asyncio.gather(*(_named_issuers(search.egress, base) for base in search.bases))
    pairs = [(base, issuer) for base, issuers in zip(search.bases, named, strict=True) for issuer in issuers]
    for base, issuer in reversed(pairs[-MAX_NAMED_ISSUERS:]):
        found = await _read(search, issuer)
        if isinstance(found, OtherVersion):
            return found
        if isinstance(found, NodeFound) and _tracker(found) == base.url:
            return replace(found, confirmed=True)
    return None


async def _named_issuers(egress: Egress, base: WebAddress) -> list[str]:
    """Return whom the host names for this very resource (RFC 9728, section 3.3)."""
    try:
        answer = await egress.request("GET", well_known(WELL_KNOWN_PROTECTED_RESOURCE, base), headers=FRESH)
        if answer.status != 200:  # noqa: PLR2004 - a redirect would let another host speak for this one
            return []
        document = ProtectedResourceMetadata.model_validate(answer.json())
        is_about_base = normalise(document.resource).url == base.url
    except (EgressFailure, ValidationError, UnusableUrl):
        return []
    return document.authorization_servers if is_about_base else []


async def _follow_lists(search: Search) -> NodeFound | OtherVersion | NothingFound | None:
    """Return the first listed node that answers, else what is wrong with the first; None without any."""
    failure = None
    for issuer in search.listed[:MAX_LISTED]:
        found = await _read(search, issuer)
        if not isinstance(found, NothingFound):
            return found
        failure = failure or found
    return failure


async def _recognise(search: Search, *, host_answers: bool) -> Fingerprint | None:
    """Return the tracker that the link is of: the one whose links look like it is asked first, then each other."""
    for known in candidates(search.platforms.descriptions(), search.address):
        there = normalise(known.instance_url)
        seen = (
            await _fingerprint(search.platforms.get(known.platform), search, there) if host_answers else None
        )
        if seen is not None or known.certain:
            return seen or Fingerprint(known.platform, there.url, None, None)
    return await _try_each(search) if host_answers else None


async def _try_each(search: Search) -> Fingerprint | None:
    """Return what answers at the address or above it, as the platforms see it without signing in."""
    anywhere = [platform for platform in search.platforms if stands_anywhere(platform.description)]
    for base in search.bases:
        seen = await asyncio.gather(*(_fingerprint(platform, search, base) for platform in anywhere))
        recognised = [fingerprint for fingerprint in seen if fingerprint is not None]
        if recognised:
            return recognised[0]
    return None


async def _fingerprint(platform: Platform, search: Search, base: WebAddress) -> Fingerprint | None:
    try:
        return await platform.fingerprint(search.egress, base.url)
    except EgressFailure:
        return None


async def _confirm(egress: Egress, found: NodeFound) -> bool:
    """True where the host of the tracker that the node claims names the node in turn."""
    base = normalise(found.snapshot.metadata.parley_instance.url)
    try:
        async with asyncio.timeout(CONFIRM_SECONDS):
            return found.snapshot.issuer in await _named_issuers(egress, base)
    except TimeoutError:
        return False


def _tracker(found: NodeFound) -> str:
    return normalise(found.snapshot.metadata.parley_instance.url).url
