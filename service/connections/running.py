"""What may be done with a connection that both sides have agreed on."""

from collections.abc import Mapping
from enum import StrEnum

from service.connections.setup import SetUp
from service.connections.states import ConnectionState


class Upkeep(StrEnum):
    """What is done with a running connection, beside using it."""

    PAUSE = "pause"
    RESUME = "resume"
    CHECK = "check"


class UpkeepRefused(Exception):
    """This cannot be done with the connection now."""

    def __init__(self, upkeep: Upkeep) -> None:
        self.upkeep = upkeep
        super().__init__(f"It is not possible now to {upkeep} the connection.")


ALLOWED: Mapping[ConnectionState, tuple[Upkeep, ...]] = {
    ConnectionState.ACTIVE: (Upkeep.PAUSE, Upkeep.CHECK),
    ConnectionState.DEACTIVATED: (Upkeep.RESUME, Upkeep.CHECK),
}


def allowed_upkeep(setup: SetUp) -> tuple[Upkeep, ...]:
    """Return what may be done now, nothing where it is not established."""
    return ALLOWED.get(setup.state, ())


def require_upkeep(setup: SetUp, upkeep: Upkeep) -> None:
    """Raise UpkeepRefused unless this may be done now."""
    if upkeep not in allowed_upkeep(setup):
        raise UpkeepRefused(upkeep)
