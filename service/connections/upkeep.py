"""What may be done with a connection that both sides have agreed on."""

from collections.abc import Mapping
from enum import StrEnum

from service.connections.setup import Access, SetUp, Step, allowed_steps
from service.connections.states import ConnectionState
from service.words import DestinationType, Mode


class Upkeep(StrEnum):
    """What is done with a running connection, beside using it."""

    PAUSE = "pause"
    RESUME = "resume"
    CHECK = "check"
    RECONNECT = "reconnect"
    UPGRADE = "upgrade"
    SEND = "send"


class UpkeepRefused(Exception):
    """This cannot be done with the connection now; `why` and `fix` are told where it is not for its state."""

    def __init__(self, upkeep: Upkeep, why: str | None = None, fix: str | None = None) -> None:
        self.upkeep = upkeep
        self.why = why
        self.fix = fix
        super().__init__(f"It is not possible now to {upkeep} the connection.")


ONE_IS_PRIVATE = (
    "It cannot be verified anew: that needs two sides that reach each other, and one of these is private."
)
INVITE_ANEW = "Close it, and let the public side invite the other one again, in the mode that both want."
ALLOWED: Mapping[ConnectionState, tuple[Upkeep, ...]] = {
    ConnectionState.ACTIVE: (Upkeep.PAUSE, Upkeep.CHECK),
    ConnectionState.DEACTIVATED: (Upkeep.RESUME, Upkeep.CHECK),
}


def allowed_upkeep(setup: SetUp) -> tuple[Upkeep, ...]:
    """Return what may be done now, nothing where it is not established.

    Verifying anew needs two sides that reach each other, and waits while the two nodes finish what an admin accepted.
    """
    allowed = () if setup.is_paused_here else ALLOWED.get(setup.state, ())
    if allowed and Step.MODE in allowed_steps(setup):
        return (*allowed, Upkeep.UPGRADE)
    if not allowed or not _reach_each_other(setup) or setup.renewal is Access.FINISHING:
        return allowed
    return (*allowed, Upkeep.RECONNECT, *((Upkeep.UPGRADE,) if setup.mode is Mode.BASIC else ()))


def require_upkeep(setup: SetUp, upkeep: Upkeep) -> None:
    """Raise UpkeepRefused unless this may be done now."""
    if upkeep in allowed_upkeep(setup):
        return
    is_between_two = setup.state in ALLOWED and setup.type is not DestinationType.LOCAL
    if upkeep is Upkeep.RECONNECT and is_between_two and not _reach_each_other(setup):
        raise UpkeepRefused(upkeep, ONE_IS_PRIVATE, INVITE_ANEW)
    raise UpkeepRefused(upkeep)


def _reach_each_other(setup: SetUp) -> bool:
    return setup.can_be_asked and not setup.is_private_here
