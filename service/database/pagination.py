"""Long lists in pages: by key, never by offset, so that page one thousand costs what page one does."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query
from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema
from sqlalchemy import literal, tuple_
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar
from starlette.requests import Request
from starlette.responses import Response

from service.problems.tree import InvalidPageToken
from service.values.texts import is_storable

DEFAULT_LIMIT = 50
MAX_LIMIT = 100
MAX_TOKEN_LENGTH = 2_000
LIST_DIGITS = 12
MAX_NUMBER = 2**63 - 1

Row = TypeVar("Row", bound=SQLModel)
Item = TypeVar("Item")
Value = str | int | datetime


class PageOut(BaseModel, Generic[Item]):
    """One page of a list; `next_page_token` is null on the last one."""

    object: Literal["list"] = "list"
    items: list[Item]
    next_page_token: str | None = Field(
        description="Send it as page_token for the next page; null on the last."
    )


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for: how many rows, and after which row."""

    limit: int = DEFAULT_LIMIT
    token: str | None = None


@dataclass(frozen=True)
class Page(Generic[Row]):
    """The rows of one page, and the token of the next one."""

    rows: Sequence[Row]
    next_page_token: str | None


@dataclass(frozen=True)
class Keyset(Generic[Row]):
    """The order of one list. The last of the columns is unique; `key` gives a row's values of all of them.

    A token belongs to the list that gave it: `name` and `filters` are part of it, as is the direction.
    """

    name: str
    columns: Sequence[Any]
    key: Callable[[Row], tuple[Value, ...]]
    descending: bool = False
    filters: dict[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Return what tells this list, with its filters and its order, from all others."""
        told = [self.name, self.descending, sorted(self.filters.items())]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:LIST_DIGITS]

    def token_after(self, row: Row) -> str:
        """Return the token of the page that begins after this row."""
        values = [value.isoformat() if isinstance(value, datetime) else value for value in self.key(row)]
        text = json.dumps([self.fingerprint, *values], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


async def read_page_request(
    limit: Annotated[
        int, Query(ge=1, le=MAX_LIMIT, description="How many items a page has at most.")
    ] = DEFAULT_LIMIT,
    page_token: Annotated[
        str | SkipJsonSchema[None],
        Query(description="The `next_page_token` of the page before, with the same filters and order."),
    ] = None,
) -> PageRequest:
    """Return what the query asks for."""
    return PageRequest(limit, page_token)


PageDep = Annotated[PageRequest, Depends(read_page_request)]


async def read_page(
    session: AsyncSession, statement: SelectOfScalar[Row], keyset: Keyset[Row], asked: PageRequest
) -> Page[Row]:
    """Return the rows after the token's, in the keyset's order; raises InvalidPageToken.

    One row more than asked for tells whether there is a next page.
    """
    if asked.token is not None:
        last_seen = tuple_(*_bound(keyset, _decode(asked.token, keyset)))
        here = tuple_(*keyset.columns)
        statement = statement.where(here < last_seen if keyset.descending else here > last_seen)
    order = [column.desc() if keyset.descending else column.asc() for column in keyset.columns]
    rows = (await session.exec(statement.order_by(*order).limit(asked.limit + 1))).all()
    shown = rows[: asked.limit]
    return Page(shown, keyset.token_after(shown[-1]) if len(rows) > asked.limit else None)


def link_next(request: Request, response: Response, next_page_token: str | None) -> None:
    """The answer points to its next page (RFC 8288), at the address under which this node is known."""
    if next_page_token is None:
        return
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "page_token"]
    query = urlencode([*kept, ("page_token", next_page_token)])
    root = request.app.state.settings.public_url
    response.headers["Link"] = f'<{root}{request.url.path}?{query}>; rel="next"'


def _decode(token: str, keyset: Keyset[Row]) -> list[object]:
    """Return the values that the token holds; nothing of them is believed yet."""
    try:
        if len(token) > MAX_TOKEN_LENGTH:
            raise _invalid()
        padded = token + "=" * (-len(token) % 4)
        content = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise _invalid() from None
    if not isinstance(content, list) or content[:1] != [keyset.fingerprint]:
        raise _invalid()
    return content[1:]


def _bound(keyset: Keyset[Row], unverified: list[object]) -> list[Any]:
    """Return the values as parameters of their columns' types; raises InvalidPageToken for any other type."""
    if len(unverified) != len(keyset.columns):
        raise _invalid()
    pairs = zip(keyset.columns, unverified, strict=True)
    try:
        return [literal(_READERS[_kind(column)](value), column.type) for column, value in pairs]
    except (ValueError, OverflowError):
        raise _invalid() from None


def _kind(column: Any) -> type:
    """Return what a value of the column is in Python; a type of our own stands on one of the library's."""
    stored: type = getattr(column.type, "impl_instance", column.type).python_type
    return stored


def _read_text(unverified: object) -> str:
    if not isinstance(unverified, str) or not is_storable(unverified):
        raise ValueError
    return unverified


def _read_number(unverified: object) -> int:
    if type(unverified) is not int or abs(unverified) > MAX_NUMBER:
        raise ValueError
    return unverified


def _read_moment(unverified: object) -> datetime:
    moment = datetime.fromisoformat(_read_text(unverified))
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC)


_READERS: dict[type, Callable[[object], Value]] = {
    str: _read_text,
    int: _read_number,
    datetime: _read_moment,
}


def _invalid() -> InvalidPageToken:
    return InvalidPageToken("This list did not give out this page token.")
