"""What is on the wire about invitations: requests are strict, answers are flat and complete."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from service.database.pagination import PageOut
from service.invitations.invitation.codes import LONGEST_CODE
from service.values.moments import Moment
from service.values.texts import STORABLE, RequestBody
from service.words import Mode, Scope


def one_paragraph(text: str) -> str:
    """Return the text without line breaks and tabs, and with single spaces between its words."""
    return " ".join(text.split())


CodeText = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_CODE + 2_048, pattern=STORABLE)]
InstanceName = Annotated[str, StringConstraints(max_length=2_048, pattern=STORABLE)]
# One paragraph: line breaks mean nothing in it, and no other control character stands in any text.
ReasonText = Annotated[
    str,
    StringConstraints(max_length=500, pattern=r"^[^\x00-\x08\x0e-\x1f\x7f]*$"),
    AfterValidator(one_paragraph),
]


class InvitationCreate(RequestBody):
    """How the partner may join. What is left out follows from the connection."""

    mode: Mode | None = Field(default=None, description="Switches the connection to script or basic first.")
    scope: Annotated[list[Scope], Field(min_length=1, max_length=6)] | None = Field(
        default=None, description="What the partner's side may do at most; everything, if it is left out."
    )
    expected_partner: (
        Annotated[str, StringConstraints(min_length=1, max_length=2_048, pattern=STORABLE)] | None
    ) = Field(
        default=None, description="The only node URL that may accept. A known destination is always expected."
    )
    expires_at: Moment | None = Field(
        default=None, description="72 hours from now by default, 14 days at most."
    )
    confirmation_required: bool = Field(
        default=True, description="Whether an admin here confirms who claimed it, before it becomes active."
    )


class Decision(StrEnum):
    """What the inviter's admin says of who claimed the invitation."""

    CONFIRM = "confirm"
    REJECT = "reject"


class ConfirmationIn(RequestBody):
    """The decision on who claimed; rejecting is final, and the other side reads the reason."""

    decision: Decision = Field(description="Whether this is the partner that was invited.")
    comparison_code: Annotated[str, StringConstraints(max_length=20)] | None = Field(
        default=None,
        description="What the partner read as its comparison code. With another one than is shown here the "
        "confirmation is refused, and nothing has changed.",
    )
    reason: ReasonText = Field(default="", description="What the other side reads where it is rejected.")


class InvitationCode(RequestBody):
    """An invitation's code, or its whole link, as the partner sent it."""

    code: CodeText = Field(description="The code, or the link with the code behind its #.")
    instance: InstanceName | None = Field(
        default=None, description="Id, slug or node URL; may be left out where the caller has exactly one."
    )


class InvitationRejection(InvitationCode):
    """A no to an invitation; the inviter reads the reason."""

    reason: ReasonText = ""


class ClaimantOut(BaseModel):
    """Who claimed the invitation. Unless `verified`, everything but the fingerprint is its own word."""

    host: str | None = Field(description="The verified host, null for a private side.")
    verified: bool
    fingerprint: str = Field(description="The thumbprint of the key that claimed it (RFC 7638).")
    name: str
    platform: str
    url: str


class InviterOut(BaseModel):
    """Who invites: the host is verified, for the code was signed there."""

    host: str
    node_url: str


class InvitationOut(BaseModel):
    """An invitation, sent or received, without its code."""

    id: str
    object: Literal["invitation"] = "invitation"
    instance: str
    connection: str | None
    direction: str = Field(description="sent or received.")
    state: str = Field(
        description="open, claiming, claimed, confirmed, active, rejected, revoked, expired or locked."
    )
    reason: str | None = Field(description="What whoever rejected it said.")
    mode: str
    scope: list[str]
    inviter: InviterOut
    expected_partner: str | None
    claimed_by: ClaimantOut | None
    confirmation_required: bool
    comparison_code: str | None = Field(description="Shown on both sides; the two must be the same.")
    last_error: dict[str, Any] | None
    expires_at: datetime
    created_at: datetime


class InvitationIssued(InvitationOut):
    """A fresh invitation. `code` and `url` are shown this once."""

    code: str
    url: str = Field(description="The same code as a link; it is behind the #, which no server sees.")


class InvitationList(PageOut[InvitationOut]):
    """One page of invitations, the newest first."""


class SuggestedNames(BaseModel):
    """Names to begin with; the partner's proposal, turned round."""

    local_short_name: str
    destination_short_name: str
    name: str


class PreviewOut(BaseModel):
    """What an invitation is, and whether this instance can use it. Nothing has changed on either side."""

    object: Literal["invitation_preview"] = "invitation_preview"
    instance: str
    usable: bool
    reason: str | None = Field(description="Why it cannot be used, in one word of an open list.")
    detail: str
    fix: str | None
    inviter: InviterOut | None
    inviter_instance: str | None = Field(description="What the inviter's node says its instance is called.")
    inviter_platform: str | None
    inviter_url: str | None
    mode: str | None
    scope: list[str]
    confirmation_required: bool | None
    suggested: SuggestedNames | None
    expires_at: datetime | None
