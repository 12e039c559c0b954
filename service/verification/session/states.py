"""May X happen in state Y? The life of one attempt to prove admin access."""

from enum import StrEnum

from service.values.state_machine import StateMachine


class VerificationState(StrEnum):
    """Where the attempt is; the last four are its ends."""

    CREATED = "created"
    STARTED = "started"
    AWAITING_DECISION = "awaiting_decision"
    CODE_RECEIVED = "code_received"
    VERIFIED = "verified"
    DENIED = "denied"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class VerificationEvent(StrEnum):
    """What may happen to an attempt."""

    START = "start"
    PUSH = "push"
    RECEIVE_CODE = "receive_code"
    VERIFY = "verify"
    DENY = "deny"
    FAIL = "fail"
    EXPIRE = "expire"
    CANCEL = "cancel"


_S, _E = VerificationState, VerificationEvent
_BEFORE_CALLBACK = (_S.CREATED, _S.STARTED, _S.AWAITING_DECISION)
_OPEN = (*_BEFORE_CALLBACK, _S.CODE_RECEIVED, _S.VERIFIED)

MACHINE = StateMachine(
    name="verification_session",
    initial=_S.CREATED,
    table={
        (_S.CREATED, _E.START): _S.STARTED,
        (_S.STARTED, _E.PUSH): _S.AWAITING_DECISION,
        (_S.AWAITING_DECISION, _E.RECEIVE_CODE): _S.CODE_RECEIVED,
        (_S.CODE_RECEIVED, _E.VERIFY): _S.VERIFIED,
        (_S.AWAITING_DECISION, _E.DENY): _S.DENIED,
        **{(state, _E.FAIL): _S.FAILED for state in _OPEN[1:]},
        **{(state, _E.EXPIRE): _S.EXPIRED for state in _BEFORE_CALLBACK},
        **{(state, _E.CANCEL): _S.CANCELLED for state in _OPEN},
    },
)

OPEN = frozenset(_OPEN)
UNDER_WAY = OPEN - {_S.CREATED}
BEFORE_CALLBACK = frozenset(_BEFORE_CALLBACK)
