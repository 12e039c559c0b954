"""May X happen in state Y? One invitation, as the inviter's node keeps it and as the invited node keeps it.

`claiming` is the invited side's own: it has accepted, and the inviter's node has not answered yet.
"""

from enum import StrEnum

from service.values.state_machine import StateMachine


class InvitationState(StrEnum):
    """How far the partner has come; the inviter decides, and the invited side copies."""

    OPEN = "open"
    CLAIMING = "claiming"
    CLAIMED = "claimed"
    CONFIRMED = "confirmed"
    ACTIVE = "active"
    REJECTED = "rejected"
    REVOKED = "revoked"
    EXPIRED = "expired"
    LOCKED = "locked"


class InvitationEvent(StrEnum):
    """What may happen to an invitation."""

    ACCEPT = "accept"
    CLAIM = "claim"
    CONFIRM = "confirm"
    ACTIVATE = "activate"
    REJECT = "reject"
    REVOKE = "revoke"
    EXPIRE = "expire"
    LOCK = "lock"


_S, _E = InvitationState, InvitationEvent

WAITING = (_S.OPEN, _S.CLAIMING, _S.CLAIMED, _S.CONFIRMED)
UNUSABLE = frozenset({_S.REJECTED, _S.REVOKED, _S.EXPIRED, _S.LOCKED})

MACHINE = StateMachine(
    name="invitation",
    initial=_S.OPEN,
    table={
        (_S.OPEN, _E.ACCEPT): _S.CLAIMING,
        (_S.OPEN, _E.CLAIM): _S.CLAIMED,
        (_S.CLAIMING, _E.CLAIM): _S.CLAIMED,
        (_S.CLAIMED, _E.CONFIRM): _S.CONFIRMED,
        (_S.CONFIRMED, _E.ACTIVATE): _S.ACTIVE,
        **{(state, _E.REJECT): _S.REJECTED for state in WAITING},
        **{(state, _E.REVOKE): _S.REVOKED for state in WAITING},
        **{(state, _E.EXPIRE): _S.EXPIRED for state in WAITING},
        (_S.OPEN, _E.LOCK): _S.LOCKED,
        (_S.CLAIMING, _E.LOCK): _S.LOCKED,
    },
)
ENDED_BY = {
    _S.REJECTED: _E.REJECT,
    _S.REVOKED: _E.REVOKE,
    _S.EXPIRED: _E.EXPIRE,
    _S.LOCKED: _E.LOCK,
}
