"""The clock of a node whose time is not that of the other one."""

from datetime import datetime, timedelta

from tests.small_node import FrozenClock


class ClockBeside(FrozenClock):
    """Goes with another clock, `ahead` of it."""

    def __init__(self, other: FrozenClock) -> None:
        self.other = other
        self.ahead = 0.0

    def now(self) -> datetime:
        return self.other.now() + timedelta(seconds=self.ahead)
