"""May X happen in state Y? The life of a connection, as both of its sides see it."""

from enum import StrEnum

from service.values.state_machine import StateMachine


class ConnectionState(StrEnum):
    """Who must act: nobody but you in a draft, the other side while pending. A deactivated one is paused."""

    DRAFT = "draft"
    PENDING = "pending"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    CLOSED = "closed"


class ConnectionEvent(StrEnum):
    """What may happen to a connection."""

    START = "start"
    RETURN_TO_DRAFT = "return_to_draft"
    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"
    RESUME = "resume"
    CLOSE = "close"


class CloseReason(StrEnum):
    """Why a connection is over."""

    CLOSED_HERE = "closed_here"
    CLOSED_BY_PEER = "closed_by_peer"
    UNKNOWN_THERE = "unknown_there"
    ATTEMPT_ENDED = "attempt_ended"
    ATTEMPT_EXPIRED = "attempt_expired"
    COPIED = "copied"


_S, _E = ConnectionState, ConnectionEvent

MACHINE = StateMachine(
    name="connection",
    initial=_S.DRAFT,
    table={
        (_S.DRAFT, _E.START): _S.PENDING,
        (_S.DRAFT, _E.ACTIVATE): _S.ACTIVE,
        (_S.DRAFT, _E.CLOSE): _S.CLOSED,
        (_S.PENDING, _E.RETURN_TO_DRAFT): _S.DRAFT,
        (_S.PENDING, _E.ACTIVATE): _S.ACTIVE,
        (_S.PENDING, _E.CLOSE): _S.CLOSED,
        (_S.ACTIVE, _E.DEACTIVATE): _S.DEACTIVATED,
        (_S.ACTIVE, _E.CLOSE): _S.CLOSED,
        (_S.DEACTIVATED, _E.RESUME): _S.ACTIVE,
        (_S.DEACTIVATED, _E.CLOSE): _S.CLOSED,
    },
)

# Both sides agreed, and neither has closed it.
ESTABLISHED = frozenset({_S.ACTIVE, _S.DEACTIVATED})
