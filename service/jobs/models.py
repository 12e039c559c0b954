"""What is stored about work that goes on without a request."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, text
from sqlmodel import Field, SQLModel

from service.database.columns import JSON_COLUMN


class Job(SQLModel, table=True):
    """Work that is done at least once after `run_at`; a lease keeps two workers off the same job."""

    __tablename__ = "job"
    __table_args__ = (
        Index(
            "ix_job_due",
            "run_at",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        Index(
            "ix_job_set",
            "set_at",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        Index(
            "ix_job_lease",
            "lease_token",
            sqlite_where=text("lease_token IS NOT NULL"),
            postgresql_where=text("lease_token IS NOT NULL"),
        ),
        Index(
            "uq_job_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    id: str = Field(primary_key=True, max_length=40)
    kind: str = Field(max_length=60)
    subject: str = Field(
        max_length=80, description="What the job is about; one open job per kind and subject."
    )
    payload: dict[str, Any] = Field(sa_column=Column(JSON_COLUMN, nullable=False))
    run_at: datetime
    set_at: datetime = Field(description="When `run_at` was chosen, by the clock of that moment.")
    attempts: int = 0
    wanted: int = Field(
        default=1, description="How often it was asked for; what is asked for while it runs is done again."
    )
    lease_token: str | None = Field(default=None, max_length=40)
    lease_until: datetime | None = None
    done_at: datetime | None = Field(default=None, index=True)
    last_error: str | None = None
    created_at: datetime
