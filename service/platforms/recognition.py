"""Which platform a pasted link belongs to, and to which instance: by its host or path, before any call."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from service.egress.web_addresses import UnusableUrl, WebAddress, normalise
from service.platforms.description import Link, PlatformDescription

# What `git clone` and `git remote -v` show: git@host:owner/name.git, and the same with its scheme.
_GIT_ADDRESS = re.compile(
    r"(?:ssh://)?[a-z0-9_-]+@(?P<host>[a-z0-9.-]+)(?::[0-9]+/|[:/])(?P<path>[^\s:]+)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Recognised:
    """A link that looks like one of this platform; `certain` where its host belongs to that platform alone."""

    platform: str
    instance_url: str
    certain: bool


def read_pasted(text: str) -> WebAddress:
    """Return the address of a pasted link, one that git uses included; raises UnusableUrl."""
    git = _GIT_ADDRESS.fullmatch(text.strip())
    return normalise(f"https://{git['host']}/{git['path'].removesuffix('.git')}" if git else text)


def recognise(descriptions: Iterable[PlatformDescription], address: WebAddress) -> Recognised | None:
    """Return whose link this is, None where nothing tells; a host that is known counts before any path."""
    return next(candidates(descriptions, address), None)


def candidates(descriptions: Iterable[PlatformDescription], address: WebAddress) -> Iterator[Recognised]:
    """Yield whose link this may be, the likeliest first; after a certain one there is no other."""
    known = [(description, link) for description in descriptions for link in description.links]
    for certain in (True, False):
        for description, link in known:
            if (link.host is not None) is certain and (instance := _match(link, address)) is not None:
                yield Recognised(description.name, instance, certain)
                if certain:
                    return


def lobby_of(descriptions: Iterable[PlatformDescription], address: WebAddress) -> PlatformDescription | None:
    """Return whose host this is, where the link says nothing about which instance there; None otherwise."""
    everybody = tuple(descriptions)
    known = recognise(everybody, address)
    if known is not None and known.certain:
        return None
    return next((each for each in everybody if _is_at_home(each, address)), None)


def no_instance(home: PlatformDescription) -> str:
    """Return what a link to the vendor's own pages is, as a sentence."""
    return f"This link is one of {home.label}, and does not say which instance there."


def link_to_paste(home: PlatformDescription) -> str:
    """Return the way out of `no_instance`."""
    return f"Paste a link from inside the instance, such as {home.links[0].example}"


def _is_at_home(description: PlatformDescription, address: WebAddress) -> bool:
    hosts = (description.lobby, *(link.host for link in description.links))
    return any(host is not None and _fits(host, address.host) for host in hosts)


def narrowed(description: PlatformDescription, address: WebAddress) -> str:
    """Return the instance of this platform that a pasted link is of; what no link of it looks like stays as it is."""
    for link in description.links:
        if (
            link.narrower is not None
            and _match(link, address) is not None
            and _fits(link.narrower, address.path)
        ):
            return address.url
    found = next(candidates((description,), address), None)
    return address.url if found is None else found.instance_url


def _fits(pattern: str, part: str) -> re.Match[str] | None:
    return re.fullmatch(pattern, part, re.ASCII | re.IGNORECASE | re.DOTALL)


def stands_anywhere(description: PlatformDescription) -> bool:
    """True where companies run it under hosts of their own, so that no host tells."""
    return not description.links or any(link.host is None for link in description.links)


def _match(link: Link, address: WebAddress) -> str | None:
    """Return the URL of the instance that the link leads to, None where it is a link of another kind."""
    names: dict[str, str] = {"origin": address.origin}
    for pattern, part in _pairs(link, address):
        match = _fits(pattern, part)
        if match is None:
            return None
        names |= {name: value or "" for name, value in match.groupdict().items()}
    try:
        return normalise(link.instance.format_map(names)).url
    except UnusableUrl:
        return None


def _pairs(link: Link, address: WebAddress) -> Iterator[tuple[str, str]]:
    if link.host is not None:
        yield link.host, address.host
    yield link.path, address.path or "/"
