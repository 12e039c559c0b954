"""What is on the wire about connections: requests are strict, answers are flat and complete."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from service.connections.actions.next import SHORT_NAME_PATTERN
from service.database.pagination import PageOut
from service.invitations.invitation.schemas import InvitationCode
from service.values.texts import STORABLE, RequestBody
from service.words import Mode

ShortName = Annotated[str, StringConstraints(pattern=SHORT_NAME_PATTERN)]
# Whoever reads a name sees all of it: no control or direction marks, and no space at its ends.
_UNSEEN = r"\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
_SPACES = r" \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
NAME_PATTERN = rf"^[^{_UNSEEN}{_SPACES}]([^{_UNSEEN}]*[^{_UNSEEN}{_SPACES}])?$"
Name = Annotated[str, StringConstraints(max_length=255, pattern=NAME_PATTERN)]
Description = Annotated[str, StringConstraints(max_length=2000, pattern=STORABLE)]
UrlText = Annotated[str, StringConstraints(min_length=1, max_length=2048, pattern=STORABLE)]
Metadata = Annotated[
    dict[
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")],
        Annotated[str, StringConstraints(max_length=500, pattern=STORABLE)],
    ],
    Field(
        max_length=20,
        description="Your own labels: at most 20, names of 40 and values of 500 characters.",
        json_schema_extra={"additionalProperties": False},  # the pattern of the names alone allows all others
    ),
]


RESULT = (
    "Gets `connection` (its id) and `result` added as query parameters: `active`, `denied`, `failed`, `expired` "
    "or `cancelled`, of an invitation also `rejected`, `revoked` or `locked`. Read the connection for what is true."
)


class PublicDestination(RequestBody):
    """The other side is on a network that this node can reach."""

    type: Literal["public"]
    url: UrlText = Field(description="A link of the other instance, or its node URL.")


class PrivateDestination(RequestBody):
    """I don't have a URL: the other side is unknown until it accepts."""

    type: Literal["private"]


class LocalDestination(RequestBody):
    """The destination is this same instance."""

    type: Literal["local"]


DestinationIn = Annotated[
    PublicDestination | PrivateDestination | LocalDestination, Field(discriminator="type")
]


class DetailsIn(RequestBody):
    """The names. Short names start with a letter and differ; the name defaults to both of them."""

    local_short_name: ShortName
    destination_short_name: ShortName
    name: Name | None = None
    description: Description = ""


class ModeIn(RequestBody):
    """How the connection is configured once it is active."""

    mode: Mode


class ConnectionCreate(RequestBody):
    """A new draft. Any of the wizard's answers may come along, in their order."""

    instance: str | None = Field(
        default=None,
        max_length=80,
        description="Id or slug; may be left out where the caller has exactly one.",
    )
    destination: DestinationIn | None = None
    details: DetailsIn | None = None
    mode: Mode | None = None
    return_url: UrlText | None = Field(
        default=None, description=f"Where the browser goes when it is done; on the instance's list. {RESULT}"
    )
    metadata: Metadata = Field(default_factory=dict)


class ConnectionPatch(RequestBody):
    """What may be changed at any time; what is left out stays. Names are never sent to the other side."""

    name: Name = Field(default_factory=str, description="How the connection is called here.")
    description: Description = Field(default_factory=str, description="What it is for.")
    local_short_name: ShortName = Field(default_factory=str, description="This side, in scripts.")
    destination_short_name: ShortName = Field(default_factory=str, description="The other side, in scripts.")
    return_url: UrlText | None = Field(
        default=None, description=f"Where the browser goes when it is done; null removes it. {RESULT}"
    )
    metadata: Metadata = Field(default_factory=dict)


class InvitationAcceptance(InvitationCode):
    """A yes to an invitation. Names that are left out are the inviter's proposal, turned round."""

    local_short_name: ShortName | None = None
    destination_short_name: ShortName | None = None
    name: Name | None = None
    description: Description = ""
    return_url: UrlText | None = Field(
        default=None, description=f"Where the browser goes when it is done; on the instance's list. {RESULT}"
    )
    metadata: Metadata = Field(default_factory=dict)


class LocalSide(BaseModel):
    """This side of the connection."""

    short_name: str | None
    platform: str
    url: str
    state: str


class DestinationSide(BaseModel):
    """The other side, as far as it is known; `state` is what it last said, at `last_seen_at`."""

    short_name: str | None
    platform: str | None
    url: str | None
    node_url: str | None
    state: str | None
    last_seen_at: datetime | None


class StepOut(BaseModel):
    """One step of the set-up: done, current, upcoming or failed."""

    id: str
    label: str
    status: str


class ChoiceOut(BaseModel):
    """One value of a field; a disabled one says why."""

    value: str
    label: str
    disabled: bool
    why: str | None


class FieldOut(BaseModel):
    """One input of an action, enough to draw a form."""

    name: str
    label: str
    type: str
    required: bool
    options: list[ChoiceOut]
    value: str | None
    help: str | None
    pattern: str | None
    max_length: int | None
    visible_when: dict[str, str] | None


class ActionOut(BaseModel):
    """What can be done or waited for now; perform the primary one and read the connection again."""

    id: str
    kind: str = Field(description="submit, open_url, share or wait; more kinds may be added.")
    primary: bool
    actor: str = Field(description="you, other_side or system.")
    label: str
    label_key: str
    description: str
    operation_id: str | None
    method: str | None
    href: str | None
    fields: list[FieldOut]
    url: str | None
    expires_at: datetime | None
    poll_after_ms: int | None
    required_scope: str | None
    reveals: list[str]


class ConnectionSummary(BaseModel):
    """A connection as lists show it."""

    id: str
    object: Literal["connection"] = "connection"
    shared_id: str | None
    instance: str
    role: str
    type: str | None
    state: str
    reason: str | None
    current_step: str | None
    steps: list[StepOut]
    allowed_steps: list[str]
    mode: str | None
    scope: list[str]
    local: LocalSide
    destination: DestinationSide
    name: str | None
    description: str
    last_error: dict[str, Any] | None
    verification_session: str | None
    invitation: str | None
    return_url: str | None
    metadata: dict[str, str]
    revision: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    activated_at: datetime | None
    verified_at: datetime | None = Field(
        description="When an admin of the asked side was last verified there."
    )
    verified_by: str | None = Field(description="Who that was.")


class ConnectionOut(ConnectionSummary):
    """A connection: both sides, how its set-up stands, and what to do next."""

    next_actions: list[ActionOut]


class ConnectionList(PageOut[ConnectionOut | ConnectionSummary]):
    """One page of connections; with `expand=next_actions` each says what to do next."""


class CauseOut(BaseModel):
    """One thing that stands in the way."""

    cause: str = Field(
        description=(
            "dns, refused, tls, timeout, blocked_address, wrong_node, version, clock, keys, auth, closed_there, "
            "paused_there, paused_here, disagree or silent; more may be added."
        )
    )
    detail: str
    fix: str


class ConnectionCheckOut(BaseModel):
    """How the connection works right now; `causes` is empty exactly where `ok` is true."""

    object: Literal["connection_check"] = "connection_check"
    connection: str
    ok: bool
    causes: list[CauseOut]
    state: str = Field(description="This side's state after the check.")
    destination: DestinationSide
    checked_at: datetime
