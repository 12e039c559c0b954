"""How far two clocks may differ: what signed messages allow for, and the sentence for more than that."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# What `signatures.verify` accepts: a probe that promised more would be broken by the first signed message.
MAX_SECONDS = 10
_AGE = re.compile(r"[0-9]{1,9}", re.ASCII)


def seconds_ahead(headers: Mapping[str, str], now: datetime) -> float:
    """Return how many seconds the answering clock is ahead, 0 where it does not tell; a cache adds `Age`."""
    try:
        moment = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return 0.0
    age = headers.get("age", "0").strip()
    seconds = int(age) if _AGE.fullmatch(age) else 0
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - now + timedelta(seconds=seconds)).total_seconds()


def clock_obstacle(seconds: float) -> str | None:
    """Return the sentence for clocks that are further apart than signed messages live, None for good ones."""
    if abs(seconds) <= MAX_SECONDS:
        return None
    direction = "ahead of" if seconds > 0 else "behind"
    return (
        f"The clock of the other node is {abs(seconds):.0f} seconds {direction} the one here, and signed "
        f"messages allow for {MAX_SECONDS}: have the wrong clock set by a time server."
    )
