"""Which URLs an instance may have: its own, and those that people are sent back to."""

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from service.egress.client import EgressFailure, EgressPolicy, check_url
from service.egress.policy import secured
from service.egress.web_addresses import UnusableUrl, normalise
from service.platforms.description import PlatformDescription
from service.platforms.recognition import (
    link_to_paste,
    lobby_of,
    narrowed,
    no_instance,
    read_pasted,
    recognise,
)
from service.problems.tree import UrlNotAllowed, literal, not_valid
from service.settings import Settings, is_loopback_host

MAX_RETURN_URLS = 20
# A parser drops some of these in silence, and another reads the host differently.
_NEVER_IN_A_URL = re.compile(r"[\x00-\x20\x7f\\]")


def egress_policy(settings: Settings) -> EgressPolicy:
    """Return what this node may call; http between loopback addresses only where it is on loopback itself."""
    own_host = urlsplit(settings.public_url).hostname or ""
    return EgressPolicy(
        development=settings.is_development and is_loopback_host(own_host),
        allow_cidrs=settings.egress_allow_cidrs,
        ports=settings.egress_ports,
        ca_file=settings.egress_ca_file,
        proxy=settings.egress_proxy.get_secret_value(),
        proxy_hosts=settings.egress_proxy_hosts,
    )


def check_instance_url(url: str, settings: Settings) -> str:
    """Return the URL in its one spelling; raises UrlNotAllowed where this node would never call it."""
    try:
        normalised = normalise(url).url
    except UnusableUrl as unusable:
        raise UrlNotAllowed(literal(unusable.detail)) from None
    try:
        check_url(normalised, egress_policy(settings))
    except EgressFailure:
        raise UrlNotAllowed("This node does not call the URL {url}.", url=normalised) from None
    return normalised


def read_instance_url(
    url: str, descriptions: Iterable[PlatformDescription], platform: PlatformDescription, settings: Settings
) -> str:
    """Return the URL of the instance that a pasted link of this platform leads to; raises UrlNotAllowed."""
    everybody = tuple(descriptions)
    try:
        address = secured(read_pasted(url), egress_policy(settings))
    except UnusableUrl as unusable:
        raise UrlNotAllowed(literal(unusable.detail)) from None
    known = recognise(everybody, address)
    labels = {each.name: each.label for each in everybody}
    if known is not None and known.certain and known.platform != platform.name:
        raise UrlNotAllowed(
            "This is a link of {label}, and not of {platform_label}.",
            label=labels[known.platform],
            platform_label=platform.label,
            fix=f"Choose the platform {known.platform}, or paste a link of your {platform.label}.",
        )
    if (home := lobby_of(everybody, address)) is not None:
        raise UrlNotAllowed(literal(no_instance(home)), fix=link_to_paste(home))
    return check_instance_url(narrowed(platform, address), settings)


def check_return_urls(urls: list[str], settings: Settings) -> list[str]:
    """Return the URLs, each once; raises ValidationFailed that points at one nobody may be sent to."""
    for index, url in enumerate(urls):
        if not _may_return_to(url, settings):
            detail = "A return URL is https, with a host, without user name, fragment and spaces."
            raise not_valid(f"/return_urls/{index}", "return_url", detail)
    return list(dict.fromkeys(urls))


def _may_return_to(url: str, settings: Settings) -> bool:
    try:
        parts = _split(url)
    except ValueError:
        return False
    local = settings.is_development and is_loopback_host(parts.hostname or "")
    return "#" not in url and url.isascii() and (parts.scheme == "https" or local)


def _split(url: str) -> SplitResult:
    """Return the parts of an http or https URL that names a host and no user; raises ValueError."""
    parts = urlsplit(url)
    named = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    if not named or _NEVER_IN_A_URL.search(url) or parts.port == 0:
        raise ValueError(url)
    return parts
