"""How often strangers may make this node call others: a pushed request names the host that is called."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from service.protocol.errors import ServerNotReady

WINDOW = timedelta(minutes=1)
PER_SOURCE = 30
PER_HOST = 60
MAX_NAMES = 10_000


@dataclass(slots=True)
class FetchLimits:
    """The moments of the last fetches by name: who asked (`source …`), and who was called (`host …`)."""

    moments: dict[str, deque[datetime]] = field(default_factory=dict)

    def spend(self, source: str, host: str, now: datetime) -> None:
        """One more fetch is counted; raises ServerNotReady where this source or this host had its share."""
        names = {f"source {source}": PER_SOURCE, f"host {host}": PER_HOST}
        for name, most in names.items():
            if len(self._recent(name, now)) >= most:
                raise ServerNotReady("Too many client documents are being asked for; try again in a minute.")
        for name in names:
            self._recent(name, now).append(now)

    def _recent(self, name: str, now: datetime) -> deque[datetime]:
        if len(self.moments) > MAX_NAMES:
            self.moments = {
                key: seen for key, seen in self.moments.items() if seen and seen[-1] > now - WINDOW
            }
        seen = self.moments.setdefault(name, deque())
        while seen and seen[0] <= now - WINDOW:
            seen.popleft()
        return seen


def get_fetch_limits(connection: HTTPConnection) -> FetchLimits:
    """Return the counts of this process."""
    state = connection.app.state
    if not hasattr(state, "fetch_limits"):
        state.fetch_limits = FetchLimits()
    limits: FetchLimits = state.fetch_limits
    return limits


FetchLimitsDep = Annotated[FetchLimits, Depends(get_fetch_limits)]
