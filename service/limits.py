"""How often things may be done: every limit in one table, and the refusal that says when again (ADR 0024)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from service.problems import RateLimited

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` in a `window`, which begins with the first; `sentence` is told to who did more."""

    name: str
    most: int
    window: timedelta
    sentence: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How often somebody did what a limit counts, and when their window ends."""

    limit: Limit
    count: int
    ends_at: datetime

    @property
    def is_over(self) -> bool:
        """True where the last one was one too many."""
        return self.count > self.limit.most

    @property
    def remaining(self) -> int:
        """How many more are possible until the window ends."""
        return max(0, self.limit.most - self.count)

    def seconds_left(self, now: datetime) -> int:
        """How long the window lasts, in whole seconds, and never none."""
        return max(1, ceil((self.ends_at - now).total_seconds()))


# Guesses are counted in the database: for all replicas together, and over restarts.
WRONG_SIGN_INS_BY_SOURCE = Limit(
    "wrong-sign-ins-by-source", 30, QUARTER, "There were too many wrong sign-ins from your network."
)
WRONG_SIGN_INS_BY_SOURCE_AND_ACCOUNT = Limit(
    "wrong-sign-ins-by-source-and-account",
    5,
    QUARTER,
    "This account was tried too often with a wrong password from your network.",
)
WRONG_SIGN_INS_BY_ACCOUNT = Limit(
    "wrong-sign-ins-by-account", 20, HOUR, "This account was tried too often with a wrong password."
)
WRONG_CODES_BY_SOURCE = Limit(
    "wrong-codes-by-source", 20, QUARTER, "There were too many wrong codes from your network."
)
GUESSES = (
    WRONG_SIGN_INS_BY_SOURCE,
    WRONG_SIGN_INS_BY_SOURCE_AND_ACCOUNT,
    WRONG_SIGN_INS_BY_ACCOUNT,
    WRONG_CODES_BY_SOURCE,
)


def too_often(standing: Standing, now: datetime) -> RateLimited:
    """Return the refusal; it names the limit, and the moment from which on it works again."""
    retry_at = f"{standing.ends_at:%Y-%m-%dT%H:%M:%SZ}"
    return RateLimited(
        standing.limit.sentence + " Try again at {retry_at}.",
        retry_at=retry_at,
        limit=standing.limit.name,
        fix=f"Wait until {standing.ends_at:%H:%M:%S} UTC, then try again. Nothing else is needed.",
        headers={"Retry-After": str(standing.seconds_left(now))},
    )
