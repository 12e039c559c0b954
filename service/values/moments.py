"""A moment on the wire: RFC 3339 with its offset, and nothing that a lenient parser would also take for one."""

import re
from datetime import UTC, datetime
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
