"""How much of a kind goes on at once in this process: one too many waits a little, and is refused then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

WAIT_SECONDS = 5.0


class Full(Exception):
    """All places are taken, and none became free in time."""


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
        try:
            yield
        finally:
            places.release()
