"""SQLite without a thread for each connection: to hand each statement over and back is a quarter of what a case costs.

Statements still take turns with everything else that the event loop does, so what happens at the same time is mixed.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

Work = tuple[asyncio.Future[Any] | None, Callable[[], Any]]


class NextTurn:
    """Takes the place of the queue that a thread empties: the event loop does the work in its next turn."""

    def put_nowait(self, work: Work) -> None:
        """Somebody who waits for the answer gets it soon."""
        future, do = work
        if future is None:
            do()
        else:
            future.get_loop().call_soon(_answer, future, do)


class NoThread:
    """Takes the place of the thread."""

    daemon = True

    def __init__(self, **_: object) -> None:
        """There is nothing to do for it."""

    def start(self) -> None:
        """There is nothing to start."""


@contextmanager
def sqlite_without_threads() -> Iterator[None]:
    """Connections to SQLite that are opened meanwhile have no threads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aiosqlite.core.SimpleQueue", NextTurn)
        patch.setattr("aiosqlite.core.Thread", NoThread)
        yield


def _answer(future: asyncio.Future[Any], do: Callable[[], Any]) -> None:
    try:
        found = do()
    except Exception as error:  # noqa: BLE001 - whoever waits gets every error
        if not future.done():
            future.set_exception(error)
    else:
        if not future.done():
            future.set_result(found)
