"""How much of a kind goes on at once in this process: one too many waits a little, and is refused then."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

WAIT_SECONDS = 5.0
_held: ContextVar["_Place | None"] = ContextVar("held", default=None)


class Full(Exception):
    """All places are taken, and none became free in time."""


@dataclass(slots=True)
class _Place:
    """One place that is taken, and by how much: the work itself, and what goes on in threads for it."""

    places: asyncio.Semaphore
    holders: int = 1

    def leave(self) -> None:
        self.holders -= 1
        if self.holders == 0:
            self.places.release()


def keep_place_until(ended: Future[Any]) -> None:
    """The place that is held here, if any, is taken until this has ended, too, whoever still waits for it."""
    place, loop = _held.get(), asyncio.get_running_loop()
    if place is None:
        return
    place.holders += 1

    def leave(_: object) -> None:
        with suppress(RuntimeError):  # the process has come to its end meanwhile
            loop.call_soon_threadsafe(place.leave)

    ended.add_done_callback(leave)


@dataclass(slots=True)
class AtOnce:
    """The places of each kind of work."""

    places: dict[str, asyncio.Semaphore] = field(default_factory=dict)

    @asynccontextmanager
    async def place(self, kind: str, most: int) -> AsyncIterator[None]:
        """Hold one of so many places for this kind of work inside the block; raises Full."""
        places = self.places.setdefault(kind, asyncio.Semaphore(most))
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await places.acquire()
        except TimeoutError:
            raise Full from None
        place = _Place(places)
        token = _held.set(place)
        try:
            yield
        finally:
            _held.reset(token)
            place.leave()
