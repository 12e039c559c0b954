"""What is on the wire about connections: requests are strict, answers are flat and complete."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints, WithJsonSchema

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
LABEL_NAME, LONGEST_LABEL, MOST_LABELS = r"^[A-Za-z0-9_.-]{1,40}$", 500, 20
Metadata = Annotated[
    dict[
        Annotated[str, StringConstraints(pattern=LABEL_NAME)],
        Annotated[str, StringConstraints(max_length=LONGEST_LABEL, pattern=STORABLE)],
    ],
    Field(max_length=MOST_LABELS),
    # The framework would write `patternProperties`, which generators of clients drop without a word.
    WithJsonSchema(
        {
            "type": "object",
            "description": "Your own labels: at most 20, names of 40 and values of 500 characters.",
            "maxProperties": MOST_LABELS,
            "propertyNames": {"pattern": LABEL_NAME},
            "additionalProperties": {"type": "string", "maxLength": LONGEST_LABEL, "pattern": STORABLE},
        }
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

    short_name: str | None = Field(
        description="What scripts call this side; null until the details are answered."
    )
    platform: str = Field(description="The kind of work-management system, as in `GET /v1/platforms`.")
    url: str = Field(description="Where people work with this side's instance.")
    state: str = Field(description="This side's state; a pause on one side does not pause the other.")


class DestinationSide(BaseModel):
    """The other side, as far as it is known."""

    short_name: str | None = Field(
        description="What scripts call the other side; null until the details are answered."
    )
    platform: str | None = Field(
        description="Its kind of system, as it says itself; null while that is unknown."
    )
    url: str | None = Field(description="Where people work with its instance, as it says itself.")
    node_url: str | None = Field(
        description="Its node, which this one calls; null for a side that only dials out."
    )
    state: str | None = Field(description="What it last said of itself, at `last_seen_at`.")
    last_seen_at: datetime | None = Field(
        description="When it last proved itself: with its keys, not by its address."
    )


class StepOut(BaseModel):
    """One step of the set-up."""

    id: str = Field(description="Names the step; `current_step` and `allowed_steps` refer to it.")
    label: str = Field(description="The step in English, for a progress display.")
    label_key: str = Field(description="The key of your own translation of `label`.")
    status: str = Field(description="`done`, `current`, `upcoming` or `failed`; more may be added.")


class ChoiceOut(BaseModel):
    """One value of a field with options."""

    value: str = Field(description="What to send.")
    label: str = Field(description="What to show, in English.")
    label_key: str = Field(description="The key of your own translation of `label`.")
    disabled: bool = Field(
        description="True where it is not possible here; show it all the same, with `why`."
    )
    why: str | None = Field(description="The sentence that says why it is not possible; null where it is.")


class FieldOut(BaseModel):
    """One input of an action, enough to draw a form without knowing what it is for.

    The body of the request is one JSON object with `name: value` for each field that is visible and has a value. A
    field that `visible_when` hides is left out, also if it has a value.
    """

    name: str = Field(description="The member of the request body.")
    label: str = Field(description="What to show beside the input, in English.")
    label_key: str = Field(
        description="The key of your own translation of `label`, and with `.help` of `help`."
    )
    type: str = Field(
        description="How to draw it: `text`, `textarea`, `url`, `choice` (one of `options`), `moment` (date and time, "
        "RFC 3339) or `hidden` (send `value`, show nothing). More may be added: draw what you do not know as `text`.",
        examples=["choice"],
    )
    required: bool = Field(description="True where the request is refused without it, while it is visible.")
    options: list[ChoiceOut] = Field(description="The values of a `choice`; empty for any other type.")
    value: str | None = Field(description="What is stored or suggested now: fill it in.")
    help: str | None = Field(description="One sentence for whoever does not know what to enter.")
    pattern: str | None = Field(description="A regular expression (ECMA 262) that the whole value matches.")
    max_length: int | None = Field(description="The longest value, in characters.")
    visible_when: dict[str, str] | None = Field(
        description="Show it only while each named field has this value; null for always."
    )


class ActionOut(BaseModel):
    """What can be done or waited for now; perform the primary one and read the connection again."""

    id: str = Field(description="Names the action; a client need not know it.")
    kind: str = Field(
        description="What performing it means. `submit`: send `method` to `href` with the `fields`. `open_url`: send "
        "the person's browser to `url`. `share`: give `url`, or what `reveals` names, to the partner. `wait`: read "
        "again after `poll_after_ms`, or with `Prefer: wait`. More may be added: show what you do not know as a hint, "
        "and read again."
    )
    primary: bool = Field(
        description="True for the one that leads on; a client that performs it each time arrives."
    )
    actor: str = Field(description="Who has to act: `you`, `other_side` or `system`.")
    label: str = Field(description="What to write on the button, in English.")
    label_key: str = Field(
        description="The key of your own translation of `label`, and with `.help` of `description`."
    )
    description: str = Field(description="One or two sentences for the person who decides.")
    operation_id: str | None = Field(
        description="The operation of this description that `href` calls; null for none."
    )
    method: str | None = Field(description="The HTTP method of a `submit`.")
    href: str | None = Field(description="Where to send it, from the root of this node.")
    fields: list[FieldOut] = Field(description="The inputs of a `submit`, in the order to show them.")
    url: str | None = Field(description="The address of an `open_url` or a `share`.")
    expires_at: datetime | None = Field(description="Until when it is possible; show the time that is left.")
    poll_after_ms: int | None = Field(description="How long to wait before the next read, in milliseconds.")
    required_scope: str | None = Field(description="The scope that the token needs for it; null for none.")
    comparison_code: str | None = Field(
        description="Both sides show it while they decide about each other; people compare it, and no program should."
    )
    reveals: list[str] = Field(
        description="Members of the answer that are shown only this once, for example `code`: keep them, or show them."
    )


class ConnectionSummary(BaseModel):
    """A connection as lists show it."""

    id: str = Field(description="Names the connection on this side only.")
    object: Literal["connection"] = "connection"
    shared_id: str | None = Field(
        description="The id under which both sides know it; null before its first attempt."
    )
    instance: str = Field(description="The instance of this side.")
    role: str = Field(description="`initiator` where it was begun here, else `responder`.")
    type: str | None = Field(
        description="`public`, `private` or `local`, after where the other side is; null until answered."
    )
    state: str = Field(
        description="`draft` (you act), `pending` (others act), `active`, `deactivated` or `closed`."
    )
    reason: str | None = Field(description="Why it was closed, in one word; null in any other state.")
    current_step: str | None = Field(description="The step to answer next; null where none is left.")
    steps: list[StepOut] = Field(description="Every step of this kind of set-up, in its order.")
    allowed_steps: list[str] = Field(description="The steps that may be answered now, also again.")
    mode: str | None = Field(
        description="How it is configured once it is active: `visual`, `script` or `basic`."
    )
    scope: list[str] = Field(description="What the connection's user may do on either side.")
    local: LocalSide = Field(description="This side.")
    destination: DestinationSide = Field(description="The other side.")
    name: str | None = Field(
        description="What this side calls it; unique among the open ones of its instance."
    )
    description: str = Field(description="Notes for people of this side; never sent to the other.")
    last_error: dict[str, Any] | None = Field(
        description="The problem that ended the last attempt, with `fix` and `at`; null where none did."
    )
    verification_session: str | None = Field(description="The attempt that is shown now, by its id.")
    invitation: str | None = Field(description="The invitation that it came from or that is open, by its id.")
    return_url: str | None = Field(
        description="Where a person is sent after the last page; the instance lists it."
    )
    metadata: dict[str, str] = Field(description="Your own labels; Parley reads none of them.")
    revision: int = Field(description="Grows with each change; part of the ETag.")
    created_at: datetime = Field(description="When the draft was made.")
    updated_at: datetime = Field(description="When anything of it last changed.")
    expires_at: datetime | None = Field(description="Until when what is pending may be finished; else null.")
    activated_at: datetime | None = Field(description="When both sides agreed.")
    verified_at: datetime | None = Field(
        description="When an admin of the asked side was last verified there."
    )
    verified_by: str | None = Field(description="Who that was.")


class ConnectionOut(ConnectionSummary):
    """A connection: both sides, how its set-up stands, and what to do next."""

    next_actions: list[ActionOut] = Field(
        description="What can be done now. While it is neither active nor closed exactly one is `primary`."
    )


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
    detail: str = Field(description="What was found, in a sentence.")
    fix: str = Field(description="What to do about it, and who can.")


class ConnectionCheckOut(BaseModel):
    """How the connection works right now; `causes` is empty exactly where `ok` is true."""

    object: Literal["connection_check"] = "connection_check"
    connection: str = Field(description="The connection that was tested.")
    ok: bool = Field(description="True where messages can flow now.")
    causes: list[CauseOut] = Field(description="What stands in the way, the cause of the others first.")
    state: str = Field(description="This side's state after the check.")
    destination: DestinationSide = Field(description="What the other side says of itself now.")
    checked_at: datetime = Field(description="When it was asked.")
