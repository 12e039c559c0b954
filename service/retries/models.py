"""What is kept of a request that was answered, so that its retry gets the same answer."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class AnsweredRequest(SQLModel, table=True):
    """One key of one caller. Its id is a hash of both, and `fingerprint` one of the request that came with it.

    `answer_sealed` holds status, headers and body: some answers have a secret in them. It is written in the transaction
    of the effect, so nobody ever sees a row without it.
    """

    __tablename__ = "answered_request"

    id: str = Field(primary_key=True, max_length=64)
    fingerprint: str = Field(max_length=64)
    answer_sealed: str | None = None
    expires_at: datetime = Field(index=True)
