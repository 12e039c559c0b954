"""A connection's ETag is its revision: readers save a transfer, writers notice each other (RFC 9110, 13.1)."""

import re
from typing import Annotated

from fastapi import Depends, Header
from pydantic.json_schema import SkipJsonSchema

from service.connections.models import Connection

_OURS = re.compile(r'(?:W/)?"r([0-9]{1,9})"', re.ASCII)
NEVER = -1


def etag_of(connection: Connection) -> str:
    """Return the entity tag of this revision."""
    return f'"r{connection.revision}"'


def read_if_match(
    if_match: Annotated[
        str | SkipJsonSchema[None],
        Header(description="The ETag that was read; the change is refused when somebody was faster."),
    ] = None,
) -> int | None:
    """Return the revision that the caller read, or None where any will do; no other tag ever matches."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _OURS.fullmatch(if_match.strip())
    return NEVER if found is None else int(found.group(1))


IfMatchDep = Annotated[int | None, Depends(read_if_match)]


def is_unchanged(connection: Connection, if_none_match: str | None) -> bool:
    """True where the reader has this revision already."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag_of(connection) in tags or "*" in tags
