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


def stands_anywhere(description: PlatformDescription) -> bool:
    """True where companies run it under hosts of their own, so that no host tells."""
    return not description.links or any(link.host is None for link in description.links)


def _match(link: Link, address: WebAddress) -> str | None:
    """Return the URL of the instance that the link leads to, None where it is a link of another kind."""
    names: dict[str, str] = {"origin": address.origin}
    for pattern, part in _pairs(link, address):
        match = re.fullmatch(pattern, part, re.ASCII | re.IGNORECASE | re.DOTALL)
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
