"""What each page says, as data: one class, one template, no markup and no decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from service.platforms.description import SignInMethod
from service.words import Mode

ResultState = Literal["pending", "active", "failed", "over"]


@dataclass(frozen=True, slots=True)
class SignInView:
    """A person proves an account of the instance; what they type is in no view, so never shown again."""

    instance_name: str
    instance_url: str
    platform_label: str
    methods: tuple[SignInMethod, ...]
    chosen_method: str
    action: str
    hidden: Mapping[str, str]
    why: str
    error: str | None
    is_error_of_input: bool = True


@dataclass(frozen=True, slots=True)
class StartView:
    """An admin of this side sees what will happen before the browser goes to the other side."""

    connection_name: str
    local_name: str
    local_url: str
    local_platform: str
    destination_host: str
    destination_url: str
    destination_platform: str
    mode: Mode
    scopes: tuple[str, ...]
    comparison_code: str
    person: str
    action: str
    hidden: Mapping[str, str]
    expires_at: datetime
    is_renewal: bool = False


@dataclass(frozen=True, slots=True)
class PermissionLine:
    """One thing the connection's user may do, and the platform's own permission behind it; it may lack."""

    sentence: str
    permission: str
    note: str
    is_lacking: bool = False


@dataclass(frozen=True, slots=True)
class ConsentView:
    """An admin accepts or denies; only `asking_host` was verified, claims are the asking node's words.

    `renews` names the connection of this instance that is verified anew, `mode_before` the mode that it has.
    """

    asking_host: str
    claims: tuple[tuple[str, str], ...]
    instance_name: str
    instance_url: str
    mode: Mode
    permissions: tuple[PermissionLine, ...]
    not_measured: str | None
    comparison_code: str
    person: str
    action: str
    hidden: Mapping[str, str]
    expires_at: datetime
    renews: str | None = None
    mode_before: Mode | None = None


@dataclass(frozen=True, slots=True)
class NotAdminView:
    """The person signed in, but the instance does not call them an admin; the way back loses nothing.

    On the side that asks, `asking_host` is None: the person may sign in again there with another account.
    `is_invited` is for the side that an invitation is for, which asks nobody either.
    """

    instance_name: str
    person: str
    missing: str
    asking_host: str | None
    action: str
    hidden: Mapping[str, str]
    is_invited: bool = False


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why an invitation cannot be used, and the way out."""

    detail: str
    fix: str


@dataclass(frozen=True, slots=True)
class CodeView:
    """Somebody gives the code of an invitation; a script takes it from the address, which no server sees.

    `typed` is what was given before, and could not be used.
    """

    instance_name: str
    action: str
    obstacle: Obstacle | None
    typed: str = ""


@dataclass(frozen=True, slots=True)
class HandOverView:
    """At the inviter's node: what the invitation is, and the way to the node of the invited admin.

    `link` leads there once its node URL is known; `error` says what is wrong with the one that was typed.
    """

    instance_name: str
    instance_url: str
    platform_label: str
    connection_name: str
    mode: Mode
    scopes: tuple[str, ...]
    confirmation_required: bool
    expected_partner: str | None
    obstacle: Obstacle | None
    link: str | None
    link_host: str
    typed: str
    error: str | None
    action: str
    hidden: Mapping[str, str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class InvitedView:
    """An invited admin accepts or rejects; only `inviter_host` was verified, claims are the inviter's words."""

    inviter_host: str
    claims: tuple[tuple[str, str], ...]
    instance_name: str
    instance_url: str
    mode: Mode
    permissions: tuple[PermissionLine, ...]
    not_measured: str | None
    local_short_name: str
    destination_short_name: str
    reason: str
    confirmation_required: bool
    obstacle: Obstacle | None
    error: str | None
    person: str
    action: str
    hidden: Mapping[str, str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Again:
    """The way to start again from a page where it ended without success."""

    action: str
    hidden: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ResultView:
    """How it ended, or who must do what next; a pending page looks again by itself."""

    title: str
    state: ResultState
    sentences: tuple[str, ...]
    next_url: str | None
    next_label: str | None
    refresh_seconds: int | None
    comparison_code: str | None = None
    until: datetime | None = None
    again: Again | None = None


@dataclass(frozen=True, slots=True)
class ListedInstance:
    """A public instance that the operator lists: what it is called, and where."""

    name: str
    url: str
    node_url: str
    invitation_page: str


@dataclass(frozen=True, slots=True)
class WelcomeView:
    """What this node is, for whoever opens its bare address; `instances` only where the operator lists them."""

    version: str
    instances: tuple[ListedInstance, ...]


@dataclass(frozen=True, slots=True)
class ProblemView:
    """A refusal that a person can read, with the way out."""

    status: int
    title: str
    detail: str
    fix: str
    request_id: str


View = (
    SignInView
    | StartView
    | ConsentView
    | NotAdminView
    | CodeView
    | HandOverView
    | InvitedView
    | ResultView
    | WelcomeView
    | ProblemView
)
