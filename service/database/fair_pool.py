"""Connections to the database are given out first come, first served: in a crowd nobody is passed over for long."""

import asyncio

from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.util import await_only
from sqlalchemy.util.queue import AsyncAdaptedQueue, Empty


class _FairQueue(AsyncAdaptedQueue[ConnectionPoolEntry]):
    """As its parent, which gives a free connection to whoever asks at that moment, before those who wait for one."""

    def __init__(self, maxsize: int = 0, use_lifo: bool = False) -> None:  # noqa: FBT001, FBT002 - its parent's
        super().__init__(maxsize, use_lifo)
        self._turn = asyncio.Lock()

    def get(self, block: bool = True, timeout: float | None = None) -> ConnectionPoolEntry:  # noqa: FBT001, FBT002
        """Return a connection, after everybody who asked earlier got theirs; raises Empty after `timeout`."""
        if not block:
            return self.get_nowait()
        if not self._turn.locked() and not self.empty():
            return self.get_nowait()  # nobody waits who would be passed over
        try:
            return await_only(self._next(timeout))
        except TimeoutError as late:
            raise Empty from late

    async def _next(self, seconds: float | None) -> ConnectionPoolEntry:
        async with asyncio.timeout(seconds), self._turn:  # a lock keeps the order of those who wait for it
            return await self._queue.get()


class FairPool(AsyncAdaptedQueuePool):
    """A pool whose waiters are served in their order."""

    _queue_class = _FairQueue
