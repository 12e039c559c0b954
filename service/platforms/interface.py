"""The few calls that each platform answers, and what it answers with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from service.egress.client import Egress
from service.platforms.description import PlatformDescription
from service.words import Scope


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What an anonymous look says is at a URL: a claim of the answering server, not a proof."""

    platform: str
    base_url: str
    version: str | None
    title: str | None


@dataclass(frozen=True, slots=True)
class Credential:
    """What a person typed for one sign-in method; its repr shows no value."""

    method: str
    values: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """An account that the platform itself just confirmed; `missing` is None exactly for an admin."""

    account_id: str
    login: str
    display_name: str
    is_admin: bool
    missing: str | None


@dataclass(frozen=True, slots=True)
class Right:
    """Whether the connection's user has a permission; unmeasured ones are declared only, granted None."""

    scope: Scope
    permission: str
    granted: bool | None
    measured: bool
    where_to_grant: str


@dataclass(frozen=True, slots=True)
class Project:
    """A container of items on the platform."""

    id: str
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class ItemType:
    """A kind of item that a project knows."""

    id: str
    name: str


class FieldKind(StrEnum):
    """What a field holds, in words that every platform's own types come to."""

    LINE = "line"
    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "moment"
    DURATION = "duration"
    CHOICE = "choice"
    CHOICES = "choices"
    PERSON = "person"
    PEOPLE = "people"
    ITEM = "item"
    LABELS = "labels"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a project's items; `options` is empty unless the values are a closed set.

    `type` is the platform's own word for what it holds, `kind` is ours.
    """

    id: str
    name: str
    type: str
    required: bool
    options: tuple[str, ...]
    kind: FieldKind


class SignInReason(StrEnum):
    """Why a sign-in, or a call with a credential, did not succeed."""

    WRONG_CREDENTIALS = "wrong_credentials"
    API_SWITCHED_OFF = "api_switched_off"
    PASSWORD_CHANGE_DUE = "password_change_due"  # noqa: S105 - a reason, not a password
    LOCKED_OUT = "locked_out"
    CLIENT_REFUSED = "client_refused"
    RIGHT_MISSING = "right_missing"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    UNEXPECTED_ANSWER = "unexpected_answer"


class SignInFailure(Exception):
    """Nobody is signed in. `detail` says in plain words what to do, and holds no secret and no body.

    `retry_after` is there where the platform said for how many seconds it is not to be asked, `cause` where one word
    says what became of the call: `timeout`, `tls`, `server_error` …
    """

    def __init__(
        self, reason: SignInReason, detail: str, *, retry_after: int | None = None, cause: str | None = None
    ) -> None:
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after
        self.cause = cause
        super().__init__(detail)


class ProjectNotVisible(Exception):
    """There is no such project, or this account does not see it; platforms rarely tell which."""


class Platform(Protocol):
    """One work-management system; each call but `fingerprint` raises SignInFailure when it cannot answer.

    A credential is proven again by each call, for there are platforms that give public data to a wrong one.
    """

    @property
    def description(self) -> PlatformDescription:
        """What the platform can do, and what it asks for."""

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        """Return what is at the URL, None for another platform; raises EgressFailure for no answer."""

    async def sign_in(self, egress: Egress, base_url: str, credential: Credential) -> Person:
        """Return the account that the platform confirms right now, and whether it is an admin."""

    async def rights(
        self, egress: Egress, base_url: str, credential: Credential | None, project_id: str | None = None
    ) -> tuple[Right, ...]:
        """Return each permission that a scope needs: measured with a credential, else declared only.

        Without a project, granted means in at least one project.
        """

    async def projects(self, egress: Egress, base_url: str, credential: Credential) -> tuple[Project, ...]:
        """Return the projects that this account sees, up to the adapter's limit."""

    async def item_types(
        self, egress: Egress, base_url: str, credential: Credential, project_id: str
    ) -> tuple[ItemType, ...]:
        """Return the kinds of items of this project; raises ProjectNotVisible."""

    async def fields(
        self, egress: Egress, base_url: str, credential: Credential, project_id: str
    ) -> tuple[Field, ...]:
        """Return the fields of this project's items, the platform's own first; raises ProjectNotVisible."""
