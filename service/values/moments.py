"""What time it is (the only reader of the system clock), how a moment is written, and how far two clocks may differ."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

_RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def _only_rfc_3339(value: object) -> object:
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise ValueError("is no moment such as 2030-01-02T03:04:05Z (RFC 3339)")
    return value


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is beyond the calendar") from None


UtcMoment = Annotated[AwareDatetime, AfterValidator(_to_utc)]
Moment = Annotated[AwareDatetime, BeforeValidator(_only_rfc_3339), AfterValidator(_to_utc)]


class Clock:
    """The system's time; a test passes a subclass that it moves by hand."""

    def now(self) -> datetime:
        """Return the present moment, aware and in UTC."""
        return datetime.now(UTC)


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
