"""Names to begin with: short ones that scripts can use as they are, and one for the connection."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

MAX_SHORT_NAME = 30
SHORT_NAME_PATTERN = r"^[a-z][a-z0-9_]*$"
# As the first label of a host they say what runs there, not whose it is.
_SAYS_NOTHING = frozenset(
    {"www", "app", "apps", "web", "jira", "redmine", "tracker", "issues", "tickets", "support", "help"}
    | {"servicedesk", "gitlab", "parley", "node"}
)
_ALSO_LETTERS: Mapping[str, str] = {"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "þ": "th"}


@dataclass(frozen=True, slots=True)
class Names:
    """A suggestion that the person may change; the two short names always differ."""

    local_short_name: str
    destination_short_name: str
    name: str


def suggest(local: str, destination: str) -> Names:
    """Return names made from what both sides are called."""
    here = short_name(local) or "here"
    there = short_name(destination) or "there"
    if there == here:
        suffix = "_3" if here.endswith("_2") else "_2"
        there = there[: MAX_SHORT_NAME - len(suffix)] + suffix
    return Names(here, there, f"{here} to {there}")


def short_name(called: str) -> str:
    """Return the name as an identifier of at most 30 characters, empty where no Latin letter is in it."""
    lowered = "".join(_ALSO_LETTERS.get(letter, letter) for letter in called.lower())
    plain = unicodedata.normalize("NFKD", lowered).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    joined = "_".join(words).lstrip("0123456789_")
    return joined[:MAX_SHORT_NAME].rstrip("_")


def name_of_host(host: str) -> str:
    """Return what a host is called: acme for acme.atlassian.net, redmine acme for redmine.acme.example."""
    labels = host.split(".")
    if not any(letter.isalpha() for letter in labels[-1]) or len(labels) == 1:
        return host
    ends = 2 if labels[0] in _SAYS_NOTHING and len(labels) > 2 else 1  # noqa: PLR2004 - a label and its domain
    return " ".join(labels[:ends]).removeprefix("www ")
