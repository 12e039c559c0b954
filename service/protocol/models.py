"""What is stored so that a message works once: the ids of single-use JWTs, until they have expired anyway."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class SeenToken(SQLModel, table=True):
    """A single-use JWT that was accepted; `fingerprint` covers its purpose, its issuer and its `jti`."""

    __tablename__ = "seen_token"

    fingerprint: str = Field(primary_key=True, max_length=64)
    expires_at: datetime = Field(index=True)


class CachedDocument(SQLModel, table=True):
    """A client document or key set of another node that proved to hold its key, kept for at most an hour."""

    __tablename__ = "cached_document"

    url: str = Field(primary_key=True, max_length=2048)
    document: str
    fetched_at: datetime = Field(index=True)
