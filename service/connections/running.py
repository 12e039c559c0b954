"""What may be done with a connection that both sides have agreed on."""

from collections.abc import Mapping
from enum import StrEnum

from service.connections.setup import Access, SetUp, Step, allowed_steps
from service.connections.states import ConnectionState
from service.words import Mode


class Upkeep(StrEnum):
    """What is done with a running connection, beside using it."""

    PAUSE = "pause"
    RESUME = "resume"
    CHECK = "check"
    RECONNECT = "reconnect"
    UPGRADE = "upgrade"


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
    """Return what may be done now, nothing where it is not established.

    Verifying anew needs two sides that reach each other, and waits while the two nodes finish what an admin accepted.
    """
    allowed = ALLOWED.get(setup.state, ())
    if allowed and Step.MODE in allowed_steps(setup):
        return (*allowed, Upkeep.UPGRADE)
    reachable = setup.can_be_asked and not setup.is_private_here
    if not allowed or not reachable or setup.renewal is Access.FINISHING:
        return allowed
    return (*allowed, Upkeep.RECONNECT, *((Upkeep.UPGRADE,) if setup.mode is Mode.BASIC else ()))


def require_upkeep(setup: SetUp, upkeep: Upkeep) -> None:
    """Raise UpkeepRefused unless this may be done now."""
    if upkeep not in allowed_upkeep(setup):
        raise UpkeepRefused(upkeep)
