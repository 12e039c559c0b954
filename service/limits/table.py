"""How often things may be done: every limit in one table, and who is counted for what (ADR 0024)."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, ip_address
from math import ceil

from service.problems.tree import RateLimited

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` in a `window`, which begins with the first; `sentence` is told to who did more."""

    name: str
    most: int
    window: timedelta
    sentence: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How often somebody did what a limit counts, and when their window ends."""

    limit: Limit
    count: int
    ends_at: datetime

    @property
    def is_over(self) -> bool:
        """True where the last one was one too many."""
        return self.count > self.limit.most

    @property
    def remaining(self) -> int:
        """How many more are possible until the window ends."""
        return max(0, self.limit.most - self.count)

    def seconds_left(self, now: datetime) -> int:
        """How long the window lasts, in whole seconds, and never none."""
        return max(1, ceil((self.ends_at - now).total_seconds()))


# Guesses are counted in the database: for all replicas together, and over restarts.
WRONG_SIGN_INS_BY_SOURCE = Limit(
    "wrong-sign-ins-by-source", 30, QUARTER, "There were too many wrong sign-ins from your network."
)
WRONG_SIGN_INS_BY_SOURCE_AND_ACCOUNT = Limit(
    "wrong-sign-ins-by-source-and-account",
    5,
    QUARTER,
    "This account was tried too often with a wrong password from your network.",
)
WRONG_SIGN_INS_BY_ACCOUNT = Limit(
    "wrong-sign-ins-by-account", 20, HOUR, "This account was tried too often with a wrong password."
)
WRONG_CODES_BY_SOURCE = Limit(
    "wrong-codes-by-source", 20, QUARTER, "There were too many wrong codes from your network."
)
GUESSES = (
    WRONG_SIGN_INS_BY_SOURCE,
    WRONG_SIGN_INS_BY_SOURCE_AND_ACCOUNT,
    WRONG_SIGN_INS_BY_ACCOUNT,
    WRONG_CODES_BY_SOURCE,
)

# Floods are counted by each process for itself: they cost work, and give nothing away.
PROBES_BY_SOURCE = Limit("probes-by-source", 120, MINUTE, "Your network made this node look too often.")
PROBES_BY_CALLER = Limit("probes-by-caller", 60, MINUTE, "You made this node look too often.")
PROBES_BY_HOST = Limit("probes-by-host", 60, MINUTE, "This host was looked at too often.")
CHECKS_BY_SOURCE = Limit("checks-by-source", 30, MINUTE, "Your network made this node check too often.")
SIGN_INS_BY_SOURCE = Limit(
    "sign-ins-by-source", 30, MINUTE, "There were too many sign-ins from your network."
)
PAGES_BY_SOURCE = Limit("pages-by-source", 120, MINUTE, "Your network opened too many pages.")
PUSHES_BY_SOURCE = Limit("pushes-by-source", 60, MINUTE, "Your network pushed too many requests.")
PUSHES_BY_CLIENT = Limit("pushes-by-client", 30, MINUTE, "This client pushed too many requests.")
TOKENS_BY_SOURCE = Limit("tokens-by-source", 300, MINUTE, "Your network asked for too many tokens.")
TOKENS_BY_CLIENT = Limit("tokens-by-client", 300, MINUTE, "This client asked for too many tokens.")
PEERS_BY_SOURCE = Limit("peers-by-source", 300, MINUTE, "Your network asked about connections too often.")
FETCHES_BY_SOURCE = Limit(
    "fetches-by-source", 30, MINUTE, "Your network made this node read too many client documents."
)
FETCHES_BY_HOST = Limit("fetches-by-host", 60, MINUTE, "This host's client documents were read too often.")
FLOODS = (
    PROBES_BY_SOURCE,
    PROBES_BY_CALLER,
    PROBES_BY_HOST,
    CHECKS_BY_SOURCE,
    SIGN_INS_BY_SOURCE,
    PAGES_BY_SOURCE,
    PUSHES_BY_SOURCE,
    PUSHES_BY_CLIENT,
    TOKENS_BY_SOURCE,
    TOKENS_BY_CLIENT,
    PEERS_BY_SOURCE,
    FETCHES_BY_SOURCE,
    FETCHES_BY_HOST,
)


class Voice(StrEnum):
    """How an operation refuses: as a problem in the form that the client reads, as a page, or as in RFC 6749."""

    API = "api"
    PAGE = "page"
    PROTOCOL = "protocol"


@dataclass(frozen=True)
class LimitedOperation:
    """An operation that is counted by source before anything else of the request is looked at."""

    method: str
    template: str
    limit: Limit
    voice: Voice = Voice.API

    @cached_property
    def path(self) -> re.Pattern[str]:
        """What the paths of this operation look like."""
        return re.compile(re.sub(r"\{[a-z_]+\}", "[^/]+", self.template))


_START = "/v1/verification-sessions/{session_id}/start"
_DECISION = "/i/{slug}/oauth/authorize/{request_id}"
_PEER = "/i/{slug}/connections/{shared_id}"
_INVITE = "/i/{slug}/invite"
LIMITED = (
    LimitedOperation("POST", "/v1/destination-probes", PROBES_BY_SOURCE),
    LimitedOperation("POST", "/v1/connections", PROBES_BY_SOURCE),
    LimitedOperation("PUT", "/v1/connections/{connection_id}/destination", PROBES_BY_SOURCE),
    LimitedOperation("POST", "/v1/connections/{connection_id}/verification-sessions", PROBES_BY_SOURCE),
    LimitedOperation("POST", "/v1/invitation-previews", PROBES_BY_SOURCE),
    LimitedOperation("POST", "/v1/invitation-acceptances", PROBES_BY_SOURCE),
    LimitedOperation("POST", "/v1/invitation-rejections", PROBES_BY_SOURCE),
    LimitedOperation("POST", "/v1/instances/{instance_id}/checks", CHECKS_BY_SOURCE),
    LimitedOperation("POST", "/v1/connections/{connection_id}/checks", CHECKS_BY_SOURCE),
    LimitedOperation("POST", "/v1/sessions", SIGN_INS_BY_SOURCE),
    LimitedOperation("POST", "/i/{slug}/sign-in", SIGN_INS_BY_SOURCE, Voice.PAGE),
    LimitedOperation("GET", "/i/{slug}/sign-in", PAGES_BY_SOURCE, Voice.PAGE),
    LimitedOperation("GET", "/i/{slug}/sign-in/away/{method}", PAGES_BY_SOURCE, Voice.PAGE),
    LimitedOperation("GET", "/i/{slug}/sign-in/return", SIGN_INS_BY_SOURCE, Voice.PAGE),
    LimitedOperation("GET", "/i/{slug}/connection-user", PAGES_BY_SOURCE, Voice.PAGE),
    LimitedOperation("GET", _START, PAGES_BY_SOURCE),
    LimitedOperation("POST", _START, PAGES_BY_SOURCE),
    LimitedOperation("GET", "/i/{slug}/oauth/callback", PAGES_BY_SOURCE),
    LimitedOperation("GET", "/i/{slug}/oauth/authorize", PAGES_BY_SOURCE, Voice.PAGE),
    LimitedOperation("GET", _DECISION, PAGES_BY_SOURCE, Voice.PAGE),
    LimitedOperation("POST", _DECISION, PAGES_BY_SOURCE, Voice.PAGE),
    LimitedOperation("GET", _INVITE, PAGES_BY_SOURCE, Voice.PAGE),
    LimitedOperation("POST", _INVITE, PAGES_BY_SOURCE, Voice.PAGE),
    LimitedOperation("GET", _INVITE + "/{invitation_id}", PAGES_BY_SOURCE, Voice.PAGE),
    LimitedOperation("POST", "/i/{slug}/oauth/par", PUSHES_BY_SOURCE, Voice.PROTOCOL),
    LimitedOperation("POST", "/i/{slug}/oauth/token", TOKENS_BY_SOURCE, Voice.PROTOCOL),
    LimitedOperation("POST", "/i/{slug}/oauth/register", PUSHES_BY_SOURCE, Voice.PROTOCOL),
    LimitedOperation("POST", "/i/{slug}/invitations/status", PEERS_BY_SOURCE, Voice.PROTOCOL),
    LimitedOperation("POST", "/i/{slug}/invitations/rejection", PEERS_BY_SOURCE, Voice.PROTOCOL),
    LimitedOperation("GET", _PEER, PEERS_BY_SOURCE, Voice.PROTOCOL),
    LimitedOperation("PUT", _PEER + "/status", PEERS_BY_SOURCE, Voice.PROTOCOL),
    LimitedOperation("POST", _PEER + "/messages", PEERS_BY_SOURCE, Voice.PROTOCOL),
    LimitedOperation("PUT", _PEER + "/activation", PEERS_BY_SOURCE, Voice.PROTOCOL),
    LimitedOperation("PUT", _PEER + "/issuer", PEERS_BY_SOURCE, Voice.PROTOCOL),
    LimitedOperation("DELETE", _PEER, PEERS_BY_SOURCE, Voice.PROTOCOL),
)


def find_limited(method: str, path: str) -> LimitedOperation | None:
    """Return the limited operation that a request asks for, if it asks for one."""
    for operation in LIMITED:
        if operation.method == method and operation.path.fullmatch(path):
            return operation
    return None


def too_often(standing: Standing, now: datetime) -> RateLimited:
    """Return the refusal; it names the limit, and the moment from which on it works again."""
    # Told in whole seconds, and never too early.
    again = standing.ends_at + timedelta(microseconds=999_999)
    retry_at = f"{again:%Y-%m-%dT%H:%M:%SZ}"
    return RateLimited(
        standing.limit.sentence + " Try again at {retry_at}.",
        retry_at=retry_at,
        limit=standing.limit.name,
        fix=f"Wait until {again:%H:%M:%S} UTC, then try again. Nothing else is needed.",
        headers={"Retry-After": str(standing.seconds_left(now))},
    )


IPV6_PREFIX = 64
LONGEST = 64
UNKNOWN = "unknown"


def source_of(address: str | None) -> str:
    """Return the IPv4 address, or the /64 of an IPv6 one: whoever has one address of it has them all."""
    if not address:
        return UNKNOWN
    try:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:LONGEST]
    if isinstance(found, IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    host_bits = found.max_prefixlen - IPV6_PREFIX
    return f"{IPv6Address(int(found) >> host_bits << host_bits)}/{IPV6_PREFIX}"
