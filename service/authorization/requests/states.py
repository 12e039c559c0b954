"""May X happen in state Y? The responder's record of one attempt, from the pushed request to its end."""

from enum import StrEnum

from service.values.state_machine import StateMachine


class AuthorizationState(StrEnum):
    """What the responder knows of the attempt; `active` is the commit of the whole handshake."""

    REQUESTED = "requested"
    CONSENTED = "consented"
    REDEEMED = "redeemed"
    ACTIVE = "active"
    CLOSED = "closed"
    DENIED = "denied"
    EXPIRED = "expired"


class AuthorizationEvent(StrEnum):
    """What may happen to the attempt on the responder's side."""

    CONSENT = "consent"
    DENY = "deny"
    REDEEM = "redeem"
    ACTIVATE = "activate"
    EXPIRE = "expire"
    CLOSE = "close"


_S, _E = AuthorizationState, AuthorizationEvent

MACHINE = StateMachine(
    name="authorization_request",
    initial=_S.REQUESTED,
    table={
        (_S.REQUESTED, _E.CONSENT): _S.CONSENTED,
        (_S.REQUESTED, _E.DENY): _S.DENIED,
        (_S.REQUESTED, _E.EXPIRE): _S.EXPIRED,
        (_S.REQUESTED, _E.CLOSE): _S.CLOSED,
        (_S.CONSENTED, _E.REDEEM): _S.REDEEMED,
        (_S.CONSENTED, _E.EXPIRE): _S.EXPIRED,
        (_S.CONSENTED, _E.CLOSE): _S.CLOSED,
        (_S.REDEEMED, _E.ACTIVATE): _S.ACTIVE,
        (_S.REDEEMED, _E.EXPIRE): _S.EXPIRED,
        (_S.REDEEMED, _E.CLOSE): _S.CLOSED,
        (_S.ACTIVE, _E.CLOSE): _S.CLOSED,
    },
)
