"""How an adapter calls: with one credential, to one server, and each answer is judged before it is read."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from service.egress.client import Answer, Egress, EgressFailure, Reason
from service.platforms.answers import ask, json_of, read_json, require_accepted

Row = TypeVar("Row")
# A list of projects with their descriptions outgrows what other answers need.
MAX_BYTES = 4 * 1024 * 1024
# More than a person chooses from, and the end of a server that never ends.
MAX_PAGES = 20
OUT_OF_SIGHT = frozenset({403, 404, 410})


@dataclass(frozen=True, slots=True)
class Access:
    """A server and a credential to show there; the repr holds no secret.

    `own_challenge` is what the platform's own WWW-Authenticate looks like: another one is a proxy's. `instance_url`
    is there for platforms whose API stands elsewhere than the URL of the instance says.
    """

    egress: Egress
    label: str
    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    basic_auth: tuple[str, str] | None = field(default=None, repr=False)
    open_headers: Mapping[str, str] = field(default_factory=dict)
    own_challenge: re.Pattern[str] | None = None
    instance_url: str = ""

    def as_stranger(self) -> "Access":
        """Return the same server without the credential."""
        return replace(self, headers={}, basic_auth=None)

    async def ask(
        self,
        path: str,
        query: Mapping[str, str | int] | None = None,
        *,
        method: str = "GET",
        json: Any = None,
    ) -> Answer:
        """Return the answer, whatever it says; overload and silence are a SignInFailure. Nothing is asked twice."""
        url = f"{self.base_url}{path}" + (f"?{urlencode(query)}" if query else "")
        return await ask(
            self.egress,
            self.label,
            url,
            headers={"Accept": "application/json", **self.open_headers, **self.headers},
            basic_auth=self.basic_auth,
            max_bytes=MAX_BYTES,
            method=method,
            json=json,
        )

    async def read(
        self,
        path: str,
        query: Mapping[str, str | int] | None = None,
        *,
        method: str = "GET",
        json: Any = None,
    ) -> Any:
        """Return the JSON of a plain 200 to an accepted account; everything else is a SignInFailure."""
        answer = await self.ask(path, query, method=method, json=json)
        require_accepted(self.label, answer, self.own_challenge)
        return read_json(self.label, answer)

    async def find(self, path: str, query: Mapping[str, str | int] | None = None) -> Any:
        """Return the JSON like `read`, None for what is missing or out of this account's sight."""
        answer = await self.ask(path, query)
        if answer.status in OUT_OF_SIGHT:
            return None
        require_accepted(self.label, answer, self.own_challenge)
        return read_json(self.label, answer)


async def glance(egress: Egress, url: str, headers: Mapping[str, str] | None = None) -> tuple[Answer, Any]:
    """Return the answer to a stranger, and its JSON or None; EgressFailure where nothing answers at all."""
    try:
        answer = await egress.request("GET", url, headers={"Accept": "application/json", **(headers or {})})
    except EgressFailure as failure:
        if failure.reason in {Reason.TOO_LARGE, Reason.NOT_JSON}:
            return Answer(200, {}, b""), None
        raise
    return answer, json_of(answer)


async def every_page(
    read: Callable[[int], Awaitable[Sequence[Row]]], *, size: int, key: Callable[[Row], str]
) -> tuple[Row, ...]:
    """Return the rows of pages 0, 1, 2 …, each once: a short, an empty or a repeated page is the last.

    Pages are counted, never followed: a link in an answer may lead to another host.
    """
    found: dict[str, Row] = {}
    for number in range(MAX_PAGES):
        rows = await read(number)
        known = len(found)
        found.update({key(row): row for row in rows})
        if len(rows) < size or len(found) == known:
            break
    return tuple(found.values())


def origin(url: str) -> str:
    """Return scheme, host and port of an instance's URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def path_parts(url: str) -> tuple[str, ...]:
    """Return the parts of the path of an instance's URL."""
    return tuple(part for part in urlsplit(url).path.split("/") if part)
