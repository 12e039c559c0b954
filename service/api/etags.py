"""Entity tags (RFC 9110, 13.1): readers save a transfer, and writers notice each other.

A connection's tag begins with its revision, which alone decides whether a writer is too late: that the other side was
seen again makes no answer of the wizard stale. Every other tag is a hash of what is shown.
"""

import hashlib
import re
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Response
from pydantic import BaseModel
from pydantic.json_schema import SkipJsonSchema

from service.connections.schemas import ConnectionOut
from service.problems.tree import StaleRevision

_REVISION = re.compile(r'(?:W/)?"r([0-9]{1,9})(?:\.[0-9a-f]{16})?"', re.ASCII)
NEVER = -1
UNCHANGED: dict[str, Any] = {
    "description": "Nothing has changed since the answer whose ETag is in If-None-Match."
}
Shown = TypeVar("Shown", bound=BaseModel)
IfMatch = Annotated[
    str | SkipJsonSchema[None],
    Header(description="The ETag that was read; the change is refused when somebody was faster."),
]
IfNoneMatch = Annotated[
    str | SkipJsonSchema[None],
    Header(description="The ETag that the reader has; the answer is 304 while nothing has changed."),
]


def etag_of(shown: BaseModel) -> str:
    """Return the entity tag of what is shown; when a token was last used is no change of it."""
    digest = hashlib.sha256(shown.model_dump_json(exclude={"last_used_at"}).encode()).hexdigest()[:16]
    return f'"r{shown.revision}.{digest}"' if isinstance(shown, ConnectionOut) else f'"{digest}"'


async def read_revision(if_match: IfMatch = None) -> int | None:
    """Return the revision that the caller read, or None where any will do; no other tag ever matches."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _REVISION.fullmatch(if_match.strip())
    return NEVER if found is None else int(found.group(1))


async def read_tag(if_match: IfMatch = None) -> str | None:
    """Return the tags that the caller read, or None where any will do."""
    return None if if_match is None or if_match.strip() == "*" else if_match


IfMatchDep = Annotated[int | None, Depends(read_revision)]
IfMatchTagDep = Annotated[str | None, Depends(read_tag)]


def require_match(shown: BaseModel, if_match: str | None) -> None:
    """Raise StaleRevision where what the caller read is not what is there now."""
    if if_match is not None and not is_known(etag_of(shown), if_match):
        raise StaleRevision("It is not what you read any more.")


def is_known(tag: str, tags: str | None) -> bool:
    """True where the reader has what this tag stands for already."""
    if tags is None:
        return False
    known = [each.strip().removeprefix("W/") for each in tags.split(",")]
    return tag in known or "*" in known


def unless_known(shown: Shown, tags: str | None, response: Response) -> Shown | Response:
    """Return what is shown, with its tag, or 304 where the reader has it."""
    response.headers["ETag"] = etag_of(shown)
    if is_known(response.headers["ETag"], tags):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=response.headers)
    return shown


def tagged(shown: Shown, response: Response) -> Shown:
    """Return what is shown, with its tag."""
    response.headers["ETag"] = etag_of(shown)
    return shown
