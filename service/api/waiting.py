"""`Prefer: wait=20` (RFC 7240): the answer comes when something has changed, and after so many seconds at the latest.

Nothing is held meanwhile but the socket: no connection to the database, no thread, no place among the busy requests.
A commit of this process rings; for what another replica or the worker beside commits, the waiting one looks again.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import Depends, Header, Request, Response
from pydantic.json_schema import SkipJsonSchema
from sqlmodel.ext.asyncio.session import AsyncSession

from service.access.principals import require_still
from service.api.etags import IfNoneMatch, Shown, etag_of, is_known, unless_known
from service.database.sessions import SessionDep
from service.http.busy_limit import BUSY_LIMIT
from service.http.server import BELL, STOPPING
from service.node import Node, NodeDep

LONGEST_SECONDS = 30
LOOK_AGAIN_SECONDS = 2.0
_WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*\"?([0-9]{1,6})\"?\s*(?=[,;]|$)", re.IGNORECASE)
log = structlog.get_logger(__name__)
Look = Callable[[], Awaitable[Shown]]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads one resource: which version they have, and how long they would wait for another one."""

    request: Request
    response: Response
    node: Node
    session: AsyncSession
    known: str | None
    seconds: int

    async def read(self, subject: str | None, look: Look[Shown]) -> Shown | Response:
        """Return what is there, 304 where the reader has it; `subject` is what rings when it changes."""
        if self.seconds and subject is not None:
            shown = await self._read_patiently(subject, look)
        else:
            shown = await look()
        return unless_known(shown, self.known, self.response)

    async def _read_patiently(self, subject: str, look: Look[Shown]) -> Shown:
        """Return another version than the reader has, or the last one that was seen when the time is over.

        The bell is watched before the first look, so that no change falls in between.
        """
        await self.request.body()
        with self.node.database.changes.watching(subject) as bell:
            self.request.scope[BELL] = bell
            shown = await look()
            tag = etag_of(shown)
            if self.known is not None and not is_known(tag, self.known):
                return shown
            with self.request.scope[BUSY_LIMIT].rest() as may_wait:
                if not may_wait:
                    return shown
                log.debug("waits_for_a_change", of=subject, seconds=self.seconds)
                self.response.headers["Preference-Applied"] = f"wait={self.seconds}"
                clock = asyncio.get_running_loop().time
                deadline = clock() + self.seconds
                while etag_of(shown) == tag and clock() < deadline and not await self._is_left():
                    await self.session.close()
                    await _rings(bell, min(deadline - clock(), LOOK_AGAIN_SECONDS))
                    await require_still(self.request, self.node, self.session)
                    shown = await look()
        return shown

    async def _is_left(self) -> bool:
        """True where nobody waits any more, or nobody may."""
        return STOPPING in self.request.scope or await self.request.is_disconnected()


async def get_reader(
    request: Request,
    response: Response,
    node: NodeDep,
    session: SessionDep,
    if_none_match: IfNoneMatch = None,
    prefer: Annotated[
        str | SkipJsonSchema[None],
        Header(
            description=(
                "`wait=20`: with the ETag that you have in `If-None-Match`, the answer comes as soon as something "
                "has changed, and after 20 seconds (30 at most) in any case. `Preference-Applied` says that it "
                "was waited for; a busy node answers at once (RFC 7240)."
            )
        ),
    ] = None,
) -> Reader:
    """Return who reads; a class as a dependency would be made in another thread, for each request."""
    return Reader(request, response, node, session, if_none_match, _seconds(prefer))


ReaderDep = Annotated[Reader, Depends(get_reader)]


async def _rings(bell: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await bell.wait()
    except TimeoutError:
        return
    bell.clear()


def _seconds(prefer: str | None) -> int:
    """Return how long the reader would wait; what cannot be understood is no preference (RFC 7240, 2)."""
    found = _WAIT.search(prefer or "")
    return min(int(found.group(1)), LONGEST_SECONDS) if found else 0
