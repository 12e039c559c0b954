"""What others wrote, made inert: plain, short, in reading order, with nothing hidden in it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import urlsplit

import idna

CLAIM_LENGTH = 120
ADDRESS_LENGTH = 300
_LONGEST_HOST = 260
_LONGEST_READ = 2_000
_MOST_ACCENTS = 3

# They draw nothing, so two names that differ in them look the same; leaving them out harms no reader.
_INVISIBLE = frozenset("\u00ad\u034f\u115f\u1160\u17b4\u17b5\u200b\u200c\u200d\u2060\u2800\u3164\ufeff\uffa0")
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
_HOST_AND_PORT = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(?P<port>:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Spelling:
    """An address in plain letters as computers read it, and as people would, if that differs."""

    ascii: str
    letters: str | None


def claim(unverified_text: str, limit: int = CLAIM_LENGTH) -> str:
    """Return one short line of text: control and direction characters are visible marks, the rest is cut.

    Without the marks a right-to-left override turns "moc.live" into a trusted name on the decision page.
    """
    text = unicodedata.normalize("NFC", " ".join(unverified_text[:_LONGEST_READ].split()))
    shown = "".join(_visible(text)).strip()
    if len(shown) > limit or len(unverified_text) > _LONGEST_READ:
        shown = shown[: limit - 1].rstrip() + "…"
    return shown or "(empty)"


def host_spelling(unverified_host: str) -> Spelling:
    """Return a host and its port, never cut at the end: the end of a host says whose it is."""
    host = claim(unverified_host, _LONGEST_READ).lower()
    if len(host) > _LONGEST_HOST:
        host = "…" + host[1 - _LONGEST_HOST :]
    parts = _HOST_AND_PORT.fullmatch(host)
    if parts is None:
        return Spelling(_marked(host), None)
    name, port = parts["name"], parts["port"] or ""
    try:
        ascii_name = name if name.isascii() else idna.encode(name, uts46=True).decode("ascii")
        letters = idna.decode(ascii_name) if "xn--" in ascii_name else ascii_name
    except (idna.IDNAError, UnicodeError):
        return Spelling(_marked(host), None)
    return Spelling(ascii_name + port, None if letters == ascii_name else claim(letters + port))


def url_spelling(unverified_url: str) -> Spelling:
    """Return a URL to read, not to follow, with its host spelled out when it has letters beyond ASCII."""
    url = claim(unverified_url, ADDRESS_LENGTH)
    try:
        network_location = urlsplit(url).netloc
    except ValueError:
        network_location = ""
    if not network_location or "@" in network_location:
        return Spelling(_marked(url), None)
    host = host_spelling(network_location)
    return Spelling(url.replace(network_location, host.ascii, 1), host.letters)


def _marked(address: str) -> str:
    """Return what is no proper address with a mark for each letter that may look like another."""
    return "".join(
        character if character.isascii() or character == "…" else f"[U+{ord(character):04X}]"
        for character in address
    )


def _visible(text: str) -> list[str]:
    shown: list[str] = []
    accents = 0
    for character in text:
        category = unicodedata.category(character)
        accents = accents + 1 if category in {"Mn", "Me"} else 0
        if character in _INVISIBLE or ord(character) in _VARIATION_SELECTORS or accents > _MOST_ACCENTS:
            continue
        shown.append(f"[U+{ord(character):04X}]" if category.startswith("C") else character)
    return shown
