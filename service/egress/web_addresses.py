"""What a pasted link means: one spelling for each place, or a refusal that says what to paste instead."""

import re
import unicodedata
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import quote

import idna

MAX_LENGTH = 2048
MAX_PORT = 65_535
DEFAULT_PORTS = {"http": 80, "https": 443}
# Copied along with a link by mail programs and chats, and never meant.
_AROUND = " \t\r\n\f\v\u00a0\u200b\u200c\u200d\u2060\ufeff"
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.ASCII | re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::([0-9]{0,5}))?", re.ASCII | re.IGNORECASE)
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*", re.ASCII)
_STRAY_PERCENT = re.compile(r"%(?![0-9a-f]{2})", re.ASCII | re.IGNORECASE)
_ESCAPED_DOT = re.compile(r"%2e", re.ASCII | re.IGNORECASE)
_UNTOUCHED_IN_PATH = "/%:@!$&'()*+,;=~"
_NODE_PATH = re.compile(r"(/i/[^/]+)(?:/.*)?")


class UnusableUrl(Exception):
    """This text names no place that a node could be at; `detail` says why, in words for the person."""

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A place on the web in its one spelling: the host in ASCII, no default port, no slash at the end."""

    scheme: str
    host: str
    port: int | None
    path: str

    @property
    def origin(self) -> str:
        """The address without its path."""
        return f"{self.scheme}://{self.host}" + (f":{self.port}" if self.port else "")

    @property
    def url(self) -> str:
        """The whole address; query and fragment are never part of it."""
        return self.origin + self.path

    @property
    def display_host(self) -> str:
        """The host with the letters that people read."""
        return _letters(self.host)

    @property
    def display_url(self) -> str:
        """The address with the letters that people read; show it beside `url`, never instead of it."""
        return self.url.replace(self.host, self.display_host, 1)


def normalise(unverified_text: str) -> WebAddress:
    """Return the address that was pasted; raises UnusableUrl. Its own `url` comes back unchanged."""
    text = unverified_text.strip(_AROUND)
    if not text:
        raise UnusableUrl("The URL is empty.")
    if len(text) > MAX_LENGTH:
        raise UnusableUrl(f"The URL is longer than {MAX_LENGTH} characters.")
    if "\\" in text or any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise UnusableUrl("The URL has a line break, a backslash or an invisible character. Copy it again.")
    scheme, rest = _split_scheme(text)
    authority, path = re.fullmatch(r"([^/?#]*)([^?#]*).*", rest, re.DOTALL).groups()  # type: ignore[union-attr]
    host, port = _read_authority(authority)
    address = WebAddress(scheme, host, None if port == DEFAULT_PORTS[scheme] else port, _read_path(path))
    if len(address.url) > MAX_LENGTH:
        raise UnusableUrl(f"The URL is longer than {MAX_LENGTH} characters.")
    return address


def is_below(address: WebAddress, base: WebAddress) -> bool:
    """True for the base itself and every page under it, by whole path segments."""
    return address.origin == base.origin and f"{address.path}/".startswith(f"{base.path}/")


def prefixes(address: WebAddress) -> tuple[WebAddress, ...]:
    """Return the address and its parent paths, the shortest first: a tracker is at one of them."""
    segments = address.path.split("/")[1:]
    paths = [""] + ["/" + "/".join(segments[: end + 1]) for end in range(len(segments))]
    return tuple(WebAddress(address.scheme, address.host, address.port, path) for path in paths)


def issuer_of_page(address: WebAddress) -> WebAddress:
    """Return the node URL that a page of a node lies under; any other address is its own candidate."""
    node_path = _NODE_PATH.fullmatch(address.path)
    path = node_path[1] if node_path else address.path
    return WebAddress(address.scheme, address.host, address.port, path)


def well_known(path: str, address: WebAddress) -> str:
    """Return where metadata of this address is: the well-known path goes before its own (RFC 8414, 9728)."""
    return address.origin + path + address.path


def _split_scheme(text: str) -> tuple[str, str]:
    match = _SCHEME.match(text)
    if match is None and text.lower().startswith(("http:", "https:")):
        raise UnusableUrl("The URL must start with https://, with both slashes.")
    if match is None:
        return "https", text.removeprefix("//")
    scheme = match[1].lower()
    if scheme not in DEFAULT_PORTS:
        raise UnusableUrl("The URL must start with https://.")
    return scheme, text[match.end() :]


def _read_authority(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise UnusableUrl("The URL has a user name in it. Leave out what stands before the @.")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise UnusableUrl("The URL names no host, such as acme.example.")
    port = int(match[2]) if match[2] else None
    if port is not None and not 0 < port <= MAX_PORT:
        raise UnusableUrl("The port in the URL is not a port number.")
    return _read_host(match[1]), port


def _read_host(host: str) -> str:
    """Return the host as it is dialled: IDNA turns letters beyond ASCII into an A-label (RFC 5891)."""
    try:
        if host.startswith("["):
            return f"[{IPv6Address(host[1:-1]).compressed}]"
        name = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except (AddressValueError, UnicodeError):
        raise UnusableUrl("The host in the URL is not one that exists on the web.") from None
    name = name.lower().removesuffix(".")
    if not _HOST_NAME.fullmatch(name):
        raise UnusableUrl("The host in the URL is not one that exists on the web.")
    return name


def _read_path(path: str) -> str:
    """Return the path without empty and dot segments, percent-encoded where a URL has to be."""
    kept: list[str] = []
    for segment in _ESCAPED_DOT.sub(".", path).split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(segment)
    joined = "".join(f"/{segment}" for segment in kept)
    return quote(_STRAY_PERCENT.sub("%25", joined), safe=_UNTOUCHED_IN_PATH)


def _letters(host: str) -> str:
    try:
        return idna.decode(host) if "xn--" in host else host
    except UnicodeError:
        return host
