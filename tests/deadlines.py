"""Waits for what another process does: looked at again and again, and no longer than a deadline allows."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_SECONDS = 30.0
PAUSE_SECONDS = 0.05
Found = TypeVar("Found")


def until(
    look: Callable[[], Found], *, within: float = PATIENCE_SECONDS, accept: Callable[[Found], object] = bool
) -> Found:
    """Return the first thing seen that is accepted; fails with the last one seen when the time is over."""
    deadline = time.monotonic() + within
    pause = threading.Event()
    while True:
        found = look()
        if accept(found):
            return found
        assert time.monotonic() < deadline, f"after {within:.0f} seconds it still is {found!r}"
        pause.wait(PAUSE_SECONDS)
