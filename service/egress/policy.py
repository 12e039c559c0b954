"""What may be called: schemes, ports, hosts and addresses, decided before any packet is sent."""

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from service.egress.addresses import is_loopback_host, is_public_address
from service.egress.web_addresses import WebAddress

MAX_URL_LENGTH = 4096
LOOPBACK = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
# One grammar instead of parsers that may disagree: no user, backslash, control character, zone or escape.
_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?:\[(?P<literal>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?"
    r"(?:[/?#][^\x00-\x20\x7f\\]*)?",
    re.ASCII | re.IGNORECASE,
)
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*", re.ASCII)
# The WHATWG URL standard: a name whose last label is a number is an IPv4 address, in whatever notation.
_NUMBER_AT_END = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)


class Reason(StrEnum):
    """Why a call brought no answer."""

    DNS = "dns"
    REFUSED = "refused"
    TLS = "tls"
    TIMEOUT = "timeout"
    BLOCKED_ADDRESS = "blocked_address"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    CONNECTION_LOST = "connection_lost"
    PROXY = "proxy"


class EgressFailure(Exception):
    """The call brought no usable answer; `reason` says why, and nothing of the other side is told."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.value)


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """What the operator allows; `development` only where our own public host is loopback too.

    `ca_file` holds certificates that count beside the public ones. `proxy` is asked for `proxy_hosts` only, and only
    after the same checks as for every other host.
    """

    development: bool = False
    allow_cidrs: tuple[IPv4Network | IPv6Network, ...] = ()
    ports: frozenset[int] = frozenset({443, 8443})
    timeout_seconds: float = 5.0
    max_bytes: int = 65_536
    ca_file: str = ""
    proxy: str = field(default="", repr=False)
    proxy_hosts: frozenset[str] = frozenset()

    def goes_by_proxy(self, host: str) -> bool:
        """True for the hosts that the operator listed, and for none below them."""
        return bool(self.proxy) and host.lower() in self.proxy_hosts


def check_url(url: str, policy: EgressPolicy) -> None:
    """The scheme, host and port of the URL may be called; raises EgressFailure otherwise."""
    match = _URL.fullmatch(url) if len(url) <= MAX_URL_LENGTH else None
    if match is None:
        raise EgressFailure(Reason.BLOCKED_ADDRESS)
    address, host = _read_host(match["literal"], (match["name"] or "").lower())
    known = (address,) if address else LOOPBACK if is_loopback_host(host) else ()
    if known and not any(may_dial(host, candidate, policy) for candidate in known):
        raise EgressFailure(Reason.BLOCKED_ADDRESS)
    if policy.development and is_loopback_host(host):
        return
    secure = match["scheme"].lower() == "https"
    if not secure or int(match["port"] or 443) not in policy.ports:
        raise EgressFailure(Reason.BLOCKED_ADDRESS)


def secured(address: WebAddress, policy: EgressPolicy) -> WebAddress:
    """Return the address by https where this node does not call it by http.

    People paste what an old bookmark says, and whoever runs the server leads them on to https; no call follows there.
    """
    if address.scheme == "https" or address.port is not None:
        return address
    try:
        check_url(address.url, policy)
    except EgressFailure:
        return replace(address, scheme="https")
    return address


def may_dial(host: str, address: IPv4Address | IPv6Address, policy: EgressPolicy) -> bool:
    """True where this address may be dialled for this host; loopback only for a host that says so itself.

    A public name that resolves to loopback is DNS rebinding, in development too.
    """
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return False
    if any(address in network for network in policy.allow_cidrs):
        return True
    if is_loopback_host(host):
        return policy.development and address.is_loopback and not _is_mapped(address)
    return is_public_address(address)


def _read_host(literal: str | None, name: str) -> tuple[IPv4Address | IPv6Address | None, str]:
    """Return the address that the host is, if it is one, and the host in its plain form."""
    try:
        if literal is not None:
            address: IPv4Address | IPv6Address = IPv6Address(literal)
        elif _NUMBER_AT_END.fullmatch(name):
            address = IPv4Address(name)
        elif _HOST_NAME.fullmatch(name):
            return None, name
        else:
            raise EgressFailure(Reason.BLOCKED_ADDRESS)
    except AddressValueError:
        raise EgressFailure(Reason.BLOCKED_ADDRESS) from None
    return address, str(address)


def _is_mapped(address: IPv4Address | IPv6Address) -> bool:
    return isinstance(address, IPv6Address) and address.ipv4_mapped is not None


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a resolver or a socket named, None where it is none."""
    try:
        return ip_address(text)
    except ValueError:
        return None
