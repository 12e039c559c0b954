"""Moments from outside: one spelling, one zone, and no number that happens to parse."""

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from service.values.moments import Moment

MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


@pytest.mark.parametrize(
    "text", ["2030-01-02T03:04:05Z", "2030-01-02t05:04:05+02:00", "2030-01-02T03:04:05.000Z"]
)
def test_one_moment_in_any_zone_is_the_same_moment(text: str) -> None:
    assert MOMENT.validate_python(text) == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


NONE = (
    *(0, 0.5, None, True, "", "0", "0.5", "1893553445"),
    *("2030-01-02", "2030-01-02T03:04:05", "2030-01-02 03:04:05Z", "2030-13-02T03:04:05Z"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "\u0662\u0660\u0663\u0660-01-02T03:04:05Z"),
)


@pytest.mark.parametrize("value", NONE, ids=ascii)
def test_everything_else_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        MOMENT.validate_python(value)
