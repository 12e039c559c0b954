"""What a platform says of itself, as data: for the API, the pages, the documents, and for recognising links."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from service.words import Mode, Scope

_NUMBERS = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6}){0,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PermissionNeed:
    """A right that a scope needs on the platform, in the platform's own name and in plain words."""

    scope: Scope
    permission: str
    label: str
    reason: str
    where_to_grant: str


@dataclass(frozen=True, slots=True)
class SignInField:
    """One input of a sign-in form; a secret one is never shown, logged or kept."""

    name: str
    label: str
    secret: bool
    help: str


@dataclass(frozen=True, slots=True)
class OAuthScope:
    """A scope that a person is asked to agree to on the platform's page, and why."""

    name: str
    reason: str


class ClientAuthentication(StrEnum):
    """How a token endpoint is told which client asks (RFC 6749, section 2.3.1)."""

    POST = "client_secret_post"
    BASIC = "client_secret_basic"


class RefreshTokens(StrEnum):
    """What becomes of a refresh token when it is used."""

    NONE = "none"
    STAY = "stay"
    ROTATE = "rotate"


def instance_itself(instance_url: str) -> str:
    """Return the URL of the instance: its sign-in pages stand below it."""
    return instance_url.rstrip("/")


@dataclass(frozen=True, slots=True)
class OAuth:
    """OAuth 2 with PKCE at the platform. `{server}` in a URL is what `server` makes of the instance's URL.

    The credential that comes of it has the method's id and one value, `access_token`. With `scopes` a person signs
    in; `user_scopes` are what the connection's user is asked for, empty where it cannot be connected in this way.
    """

    authorize_url: str
    token_url: str
    scopes: tuple[OAuthScope, ...]
    where_to_register: str
    user_scopes: tuple[OAuthScope, ...] = ()
    client_authentication: ClientAuthentication = ClientAuthentication.POST
    refresh_tokens: RefreshTokens = RefreshTokens.NONE
    extra_parameters: tuple[tuple[str, str], ...] = ()
    server: Callable[[str], str] = instance_itself


@dataclass(frozen=True, slots=True)
class SignInMethod:
    """One way in which a person proves an account: a form on our page, or the platform's own page (`oauth`)."""

    id: str
    label: str
    fields: tuple[SignInField, ...] = ()
    oauth: OAuth | None = None


class Proof(StrEnum):
    """What an adapter was tried against; the documents and `GET /v1/platforms` say it plainly."""

    LIVE_SERVER = "live_server"
    EMULATOR = "emulator"
    VENDORS_DESCRIPTION = "vendors_description"
    FIXTURES = "fixtures"


@dataclass(frozen=True, slots=True)
class Link:
    """A kind of link that people paste, and the instance that it leads to; decided before any call.

    `host` and `path` are regular expressions that match the whole of each, ASCII and in any case. `instance`
    is filled with their named groups and with `origin`. Without a `host` the path alone decides, which is a
    guess: it is believed only where no other platform knows the host. `narrower` are paths that are an instance
    themselves, such as one repository of an owner: a partner is found by the owner, and who adds the repository
    means it alone.
    """

    example: str
    instance: str
    host: str | None = None
    path: str = ".*"
    narrower: str | None = None


@dataclass(frozen=True, slots=True)
class PlatformDescription:
    """Everything the API and the pages say about a platform, as data.

    `lobby` are the vendor's hosts that everybody enters by, a regular expression: no instance is at any of them.
    """

    name: str
    label: str
    modes: frozenset[Mode]
    local: bool
    local_why_not: str | None
    sign_in: tuple[SignInMethod, ...]
    permissions: tuple[PermissionNeed, ...]
    minimum_version: str | None
    tested_with: str
    admin_right: str
    proved: Proof
    links: tuple[Link, ...] = ()
    lobby: str | None = None

    def too_old(self, version: str | None) -> str | None:
        """Return why a system of this version does not work, as a sentence; None for a fit or an unknown one."""
        found, least = _NUMBERS.match(version or ""), _NUMBERS.match(self.minimum_version or "")
        if found is None or least is None or _parts(found[0]) >= _parts(least[0]):
            return None
        return f"{self.label} {found[0]} is too old: {least[0]} is the oldest that works."


def _parts(numbers: str) -> list[int]:
    """Return the numbers without zeros at the end: 5 and 5.0 are one version."""
    return [int(part) for part in re.sub(r"(?:\.0+)+\Z", "", numbers).split(".")]
