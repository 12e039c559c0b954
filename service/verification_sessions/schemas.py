"""What is on the wire about verification sessions."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field


class AdminOut(BaseModel):
    """The admin of the other side whose access was checked there, live."""

    display_name: str
    checked_at: datetime


class VerificationSessionOut(BaseModel):
    """One attempt to prove admin access on the destination. Open `start_url` in the admin's browser."""

    id: str
    object: Literal["verification_session"] = "verification_session"
    connection: str
    purpose: str
    state: str = Field(
        description="created, started, awaiting_decision, code_received, verified, denied, failed, expired, cancelled."
    )
    start_url: str
    comparison_code: str = Field(description="Shown on both sides; the two must be the same.")
    requested_scope: list[str]
    admin: AdminOut | None
    last_error: dict[str, Any] | None
    expires_at: datetime
    created_at: datetime
