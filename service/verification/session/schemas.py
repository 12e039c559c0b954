"""What is on the wire about verification sessions."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from service.values.texts import RequestBody
from service.verification.session.models import Purpose
from service.words import Mode


class AdminOut(BaseModel):
    """The admin of the other side whose access was checked there, live."""

    display_name: str
    checked_at: datetime


class VerificationSessionOut(BaseModel):
    """One attempt to prove admin access on the destination. Open `start_url` in the admin's browser."""

    id: str
    object: Literal["verification_session"] = "verification_session"
    connection: str
    purpose: str = Field(description="set_up or reconnect.")
    mode: str | None = Field(description="What a basic connection becomes; null where the mode stays.")
    state: str = Field(
        description="created, started, awaiting_decision, code_received, verified, denied, failed, expired, cancelled."
    )
    start_url: str
    comparison_code: str = Field(description="Shown on both sides; the two must be the same.")
    requested_scope: list[str]
    admin: AdminOut | None
    last_error: dict[str, Any] | None
    completed_at: datetime | None = Field(description="When both sides were done with it.")
    expires_at: datetime
    created_at: datetime


class VerificationSessionCreate(RequestBody):
    """What is to be verified; left out, it is the set-up of a draft."""

    purpose: Purpose = Field(
        default=Purpose.SET_UP,
        description="`reconnect` verifies an active connection anew; it stays active meanwhile.",
    )
    mode: Mode | None = Field(default=None, description="With `reconnect`: what a basic connection becomes.")
