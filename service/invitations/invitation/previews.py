"""What a preview of an invitation shows."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from service.invitations.invitation.schemas import InviterOut


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
