"""The shape of an action: everything that a client needs to perform it, without knowing the state machine."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from service.connections.setup import SetUp
from service.words import Mode


class Kind(StrEnum):
    """What performing an action means."""

    SUBMIT = "submit"
    OPEN_URL = "open_url"
    SHARE = "share"
    WAIT = "wait"


class Actor(StrEnum):
    """Who must act."""

    YOU = "you"
    OTHER_SIDE = "other_side"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a field; a disabled one says why."""

    value: str
    label: str
    disabled: bool = False
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One input of an action."""

    name: str
    label: str
    type: str = "text"
    required: bool = False
    options: tuple[Choice, ...] = ()
    value: str | None = None
    help: str | None = None
    pattern: str | None = None
    max_length: int | None = None
    visible_when: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered so far and where it is reached, for forms that show the present values."""

    connection_id: str
    verification_session_id: str | None = None
    start_url: str | None = None
    expires_at: datetime | None = None
    url: str | None = None
    local_short_name: str | None = None
    destination_short_name: str | None = None
    name: str | None = None
    description: str = ""
    local_offered: bool = True
    local_why_not: str | None = None
    configuration_url: str | None = None
    invitation_id: str | None = None
    invitation_page: str | None = None
    claimed_by: str | None = None
    comparison_code: str | None = None
    instance_id: str | None = None
    why_paused: str | None = None
    about_here: str = ""


# Of each operation that an action names: its method, its path, and the scope that it needs.
OPERATIONS: Mapping[str, tuple[str, str, str]] = {
    "setDestination": ("PUT", "/v1/connections/{connection_id}/destination", "connections:write"),
    "setDetails": ("PUT", "/v1/connections/{connection_id}/details", "connections:write"),
    "setMode": ("PUT", "/v1/connections/{connection_id}/mode", "connections:write"),
    "activateConnection": ("POST", "/v1/connections/{connection_id}/activation", "connections:write"),
    "deactivateConnection": ("DELETE", "/v1/connections/{connection_id}/activation", "connections:write"),
    "checkConnection": ("POST", "/v1/connections/{connection_id}/checks", "connections:write"),
    "closeConnection": ("DELETE", "/v1/connections/{connection_id}", "connections:write"),
    "createVerificationSession": (
        "POST",
        "/v1/connections/{connection_id}/verification-sessions",
        "connections:write",
    ),
    "cancelVerificationSession": ("DELETE", "/v1/verification-sessions/{session_id}", "connections:write"),
    "createInvitation": ("POST", "/v1/connections/{connection_id}/invitations", "invitations:write"),
    "previewInvitation": ("POST", "/v1/invitation-previews", "invitations:write"),
    "confirmInvitation": ("PUT", "/v1/invitations/{invitation_id}/confirmation", "invitations:write"),
    "revokeInvitation": ("DELETE", "/v1/invitations/{invitation_id}", "invitations:write"),
    "moveInstance": ("POST", "/v1/instances/{instance_id}/moves", "instances:write"),
}


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done or waited for now."""

    id: str
    kind: Kind
    label: str
    description: str
    operation_id: str | None = None
    actor: Actor = Actor.YOU
    primary: bool = False
    method: str | None = None
    href: str | None = None
    fields: tuple[Field, ...] = ()
    url: str | None = None
    expires_at: datetime | None = None
    poll_after_ms: int | None = None
    required_scope: str | None = "connections:write"
    reveals: tuple[str, ...] = ()
    comparison_code: str | None = None

    @property
    def label_key(self) -> str:
        """The key under which a front end keeps its own translation of the label."""
        return f"connection.action.{self.id}"

    def at(self, answers: Answers) -> Self:
        """Return the action with the address of its operation, for this connection."""
        if self.operation_id is None:
            return self
        method, path, scope = OPERATIONS[self.operation_id]
        href = path.format(
            connection_id=answers.connection_id,
            session_id=answers.verification_session_id,
            invitation_id=answers.invitation_id,
            instance_id=answers.instance_id,
        )
        return replace(self, method=method, href=href, required_scope=scope)


LABELS: Mapping[Mode, str] = {
    Mode.VISUAL: "Visual: configure both sides in one place",
    Mode.SCRIPT: "Script: configure with sync rules only; visual is then not available",
    Mode.BASIC: "Basic: fixed rules; may later be upgraded",
}


def choices(setup: SetUp, modes: Iterable[Mode]) -> tuple[Choice, ...]:
    """Return these modes; one that the destination cannot have is disabled and says why."""
    refusals = setup.mode_refusals
    return tuple(
        Choice(mode, LABELS[mode], disabled=mode in refusals, why=refusals.get(mode)) for mode in modes
    )
