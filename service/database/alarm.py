"""When there is work next: whoever stores some says so with the commit, and this process's worker sleeps until then."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime

# Those who commit without a worker of their own tell the workers of other processes, where the database can.
CHANNEL = "parley_work"


class Alarm:
    """One worker sleeps by it; without one, nobody is woken here."""

    def __init__(self) -> None:
        self.has_sleeper = False
        self._next: datetime | None = None
        self._is_now = False
        self._moved = asyncio.Event()

    def ring(self) -> None:
        """Whoever sleeps looks at once."""
        self._is_now = True
        self._moved.set()

    def ring_at(self, moment: datetime) -> None:
        """Whoever sleeps looks at this moment, or before."""
        if self._next is None or moment < self._next:
            self._next = moment
            self._moved.set()

    async def wait(self, now: Callable[[], datetime], longest: float) -> None:
        """Return when it rings, and after so many seconds at the latest; what rang is over then."""
        clock = asyncio.get_running_loop().time
        end = clock() + longest
        while not self._is_now:
            self._moved.clear()
            seconds = end - clock()
            if self._next is not None:
                seconds = min(seconds, (self._next - now()).total_seconds())
            if seconds <= 0:
                break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._moved.wait()
        self._is_now, self._next = False, None
