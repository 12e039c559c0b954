"""What this process has counted: cheap, bounded, and forgotten at the end (guesses are in the database)."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

from service.limits.table import Limit, Standing, too_often

MOST_SUBJECTS = 10_000
Windows = OrderedDict[str, Standing]
_noted: ContextVar[list[Standing] | None] = ContextVar("noted", default=None)


@dataclass(slots=True)
class Counts:
    """The open windows of each limit, the oldest first, and how large tables were when they were last measured.

    Whoever is pushed out by too many others begins anew: for that, many more had to come than the limit lets guess.
    """

    enabled: bool = True
    windows: dict[str, Windows] = field(default_factory=dict)
    measured: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    def spend(self, now: datetime, *shares: tuple[Limit, str]) -> None:
        """One more is counted for each of these subjects; raises RateLimited, and then for none of them."""
        if not self.enabled:
            return
        standings = [self._next(limit, subject, now) for limit, subject in shares]
        note(*standings)
        for standing in standings:
            if standing.is_over:
                raise too_often(standing, now)
        for (limit, subject), standing in zip(shares, standings, strict=True):
            self.windows[limit.name][subject] = standing

    def _next(self, limit: Limit, subject: str, now: datetime) -> Standing:
        """Return how the subject stands with one more; a window that is over is forgotten."""
        windows = self.windows.setdefault(limit.name, OrderedDict())
        while windows and (len(windows) > MOST_SUBJECTS or next(iter(windows.values())).ends_at <= now):
            windows.popitem(last=False)
        latest = now + limit.window
        present = windows.get(subject)
        if present is None or present.ends_at > latest:  # the clock was set back
            present = Standing(limit, 0, latest)
        return Standing(limit, present.count + 1, present.ends_at)


def note(*standings: Standing) -> None:
    """The answer to the present request tells of these."""
    noted = _noted.get()
    if noted is not None:
        noted.extend(standings)


@contextmanager
def noting() -> Iterator[list[Standing]]:
    """Give the list of what is counted for the request that is served inside the block."""
    noted: list[Standing] = []
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)
