"""The URL of a PostgreSQL, as libpq reads it and as managed databases give it (PostgreSQL's manual, 34.1.1.2)."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

SCHEMES = ("postgresql", "postgres", "postgresql+asyncpg")
_PARTS = re.compile(
    r"(?:(?P<user>[^:@/]*)(?::(?P<password>[^@/]*))?@)?"
    r"(?P<hosts>[^/?]*)(?:/(?P<dbname>[^?]*))?(?:\?(?P<query>.*))?",
    re.DOTALL,
)
_HOST = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>[^:]*))?")
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,9}")

FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile")
SYSTEM = "system"  # as sslrootcert: whom this machine trusts
TLS_VERSIONS = frozenset({"TLSv1.2", "TLSv1.3"})
CHOICES: Mapping[str, frozenset[str]] = {
    "sslmode": frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}),
    "sslnegotiation": frozenset({"postgres", "direct"}),
    "ssl_min_protocol_version": TLS_VERSIONS,
    "ssl_max_protocol_version": TLS_VERSIONS,
    "target_session_attrs": frozenset(
        {"any", "read-write", "read-only", "primary", "standby", "prefer-standby"}
    ),
    # What the driver does not do may be asked for only as far as that is how it is anyway.
    "channel_binding": frozenset({"prefer", "disable"}),
    "gssencmode": frozenset({"prefer", "disable"}),
    "client_encoding": frozenset({"auto", "utf8", "UTF8", "utf-8", "UTF-8"}),
}
KEYWORDS = frozenset(
    {
        *CHOICES,
        *FILES,
        *("host", "port", "user", "password", "dbname", "connect_timeout", "application_name"),
        *("fallback_application_name", "options", "sslpassword"),
    }
)
ENCODING = "Write special characters of a name or password percent-encoded: @ as %40, : as %3A, / as %2F."


def libpq_keywords(url: str) -> dict[str, str]:
    """Return what the URL says, by libpq's keywords; raises ValueError.

    A refusal repeats nothing that could be a part of a password, wherever a wrong character has put it.
    """
    scheme, colon, rest = url.partition("://")
    parts = _PARTS.fullmatch(rest)
    if not colon or scheme not in SCHEMES or parts is None:
        raise ValueError("Write postgresql://user:password@host/name, or leave it empty for SQLite.")
    if "@" in parts["hosts"]:
        raise ValueError(f"There is more than one @. {ENCODING}")
    found = _hosts(parts["hosts"])
    for name in ("user", "password", "dbname"):
        found[name] = _decoded(parts[name] or "")
    found |= _asked(parts["query"] or "")
    found = {name: value for name, value in found.items() if value}
    _check(found)
    return found


def hosts_of(keywords: Mapping[str, str]) -> list[str]:
    """Return every host that may have the database, in the order in which they are tried; none means here."""
    return _listed(keywords.get("host", ""))


def ports_of(keywords: Mapping[str, str]) -> list[int]:
    """Return the port of each host, or one for all of them; none means the usual one."""
    return [int(port or "5432") for port in _listed(keywords.get("port", ""))]


def _listed(value: str) -> list[str]:
    return value.split(",") if value else []


def _hosts(authority: str) -> dict[str, str]:
    """Return the hosts and ports between the credentials and the path."""
    places = [_HOST.fullmatch(place) for place in authority.split(",")]
    if not all(places):
        raise ValueError(f"A host cannot be read. {ENCODING} An IPv6 address stands in brackets.")
    hosts = [_decoded(place["host"].strip("[]")) for place in places if place]
    ports = [place["port"] or "" for place in places if place]
    return {"host": ",".join(hosts), "port": ",".join(ports) if any(ports) else ""}


def _asked(query: str) -> dict[str, str]:
    """Return the keywords behind the question mark; of one that is named twice, the last."""
    found: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        name, equals, value = pair.partition("=")
        name, value = _decoded(name), _decoded(value)
        if name == "ssl":  # libpq's for JDBC's sake, and what the driver calls it
            name, value = "sslmode", "require" if value == "true" else value
        if name not in KEYWORDS or not equals:
            raise ValueError(f"A keyword after the ? is not possible here. Possible are {_told(KEYWORDS)}.")
        found[name] = value
    return found


def _decoded(text: str) -> str:
    if _PERCENT.search(text):
        raise ValueError("A % begins a percent-encoded character. Write a % itself as %25.")
    decoded = unquote(text)
    if _CONTROL.search(decoded) or "\ufffd" in decoded:
        raise ValueError("There is a character that neither a name nor a password can have.")
    return decoded


def _check(found: Mapping[str, str]) -> None:
    for name, choices in CHOICES.items():
        if name in found and found[name] not in choices:
            raise ValueError(f"{name} can be {_told(choices)}.")
    if not _WHOLE_NUMBER.fullmatch(found.get("connect_timeout", "0")):
        raise ValueError("connect_timeout is a whole number of seconds.")
    hosts, ports = _listed(found.get("host", "")), _listed(found.get("port", ""))
    if not all(_is_port(port) for port in ports if port):
        raise ValueError(f"A port is a number from 1 to 65535. {ENCODING}")
    if len(ports) > 1 and len(ports) != len(hosts):
        raise ValueError("Give each host its port, or one port to all of them.")
    if len(hosts) > 1 and not all(hosts):
        raise ValueError("A host between the commas is missing.")
    if any(not host.startswith("/") and (".." in host or " " in host) for host in hosts):
        raise ValueError("A host is a name, an address, or the folder of a Unix socket.")
    if found.get("sslrootcert") == SYSTEM and (
        found.get("sslmode", "verify-full") != "verify-full" or {"sslcert", "sslcrl"} & set(found)
    ):
        raise ValueError("sslrootcert=system goes with sslmode=verify-full, and without sslcert.")


def _is_port(text: str) -> bool:
    return bool(_WHOLE_NUMBER.fullmatch(text)) and 0 < int(text) < 2**16


def _told(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
