"""Which URLs an instance may have: its own, and those that people are sent back to."""

import re
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit, urlunsplit

import idna

from service.egress import EgressFailure, EgressPolicy, check_url
from service.instances.faults import not_valid
from service.problems import UrlNotAllowed
from service.settings import Settings, is_loopback_host

DEFAULT_PORTS = {"https": 443, "http": 80}
MAX_RETURN_URLS = 20
# A parser drops some of these in silence, and another reads the host differently.
_NEVER_IN_A_URL = re.compile(r"[\x00-\x20\x7f\\]")
# Paths that every reader spells alike: no empty segment, no segment of dots, nothing left to encode.
_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)*", re.ASCII)


def egress_policy(settings: Settings) -> EgressPolicy:
    """Return what this node may call; http between loopback addresses only where it is on loopback itself."""
    own_host = urlsplit(settings.public_url).hostname or ""
    return EgressPolicy(
        development=settings.is_development and is_loopback_host(own_host),
        allow_cidrs=settings.egress_allow_cidrs,
        ports=settings.egress_ports,
    )


def normalise_url(url: str) -> str:
    """Return the one spelling under which a tracker's or node's URL is stored and compared.

    Scheme and host are lower-case and ASCII; default port, trailing slash, query and fragment are gone.
    Raises ValueError for what is no URL of a host, carries a user name, or has a path of many spellings.
    """
    parts = _split(url.strip())
    host = _ascii_host(parts.hostname or "")
    port = parts.port
    shown = f"[{IPv6Address(host).compressed}]" if ":" in host else host
    if port is not None and port != DEFAULT_PORTS[parts.scheme]:
        shown = f"{shown}:{port}"
    path = parts.path.rstrip("/")
    if not _PATH.fullmatch(path):
        raise ValueError(url)
    return urlunsplit((parts.scheme, shown, path, "", ""))


def check_instance_url(url: str, settings: Settings) -> str:
    """Return the URL normalised; raises UrlNotAllowed where this node would never call it."""
    try:
        normalised = normalise_url(url)
        check_url(normalised, egress_policy(settings))
    except (ValueError, EgressFailure):
        raise UrlNotAllowed("This node does not call the URL {url}.", url=url) from None
    return normalised


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
    named = parts.scheme in DEFAULT_PORTS and parts.hostname and "@" not in parts.netloc
    if not named or _NEVER_IN_A_URL.search(url) or parts.port == 0:
        raise ValueError(url)
    return parts


def _ascii_host(host: str) -> str:
    """Return the host as DNS knows it (RFC 5891); raises ValueError."""
    return host.lower() if host.isascii() else idna.encode(host, uts46=True).decode()
