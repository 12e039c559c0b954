"""What time it is: the only reader of the system clock, so that tests can move it."""

from datetime import UTC, datetime


class Clock:
    """The system's time; a test passes a subclass that it moves by hand."""

    def now(self) -> datetime:
        """Return the present moment, aware and in UTC."""
        return datetime.now(UTC)
