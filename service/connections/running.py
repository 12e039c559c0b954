"""What may be done with a connection that both sides have agreed on."""

from collections.abc import Mapping
from enum import StrEnum

from service.connections.setup import SetUp
from service.connections.states import ConnectionState


class Upkeep(StrEnum):
    """What is done with a running connection, beside using it."""

    PAUSE = "pause"
    RESUME = "resume"


ALLOWED: Mapping[ConnectionState, tuple[Upkeep, ...]] = {
    ConnectionState.ACTIVE: (Upkeep.PAUSE,),
    ConnectionState.DEACTIVATED: (Upkeep.RESUME,),
}


def allowed_upkeep(setup: SetUp) -> tuple[Upkeep, ...]:
    """Return what may be done now, nothing where it is not established."""
    return ALLOWED.get(setup.state, ())
