"""May X happen in state Y? The life of a key, from its publication until nothing that it signed counts."""

from enum import StrEnum

from service.values.state_machine import StateMachine


class KeyState(StrEnum):
    """All but the refused ones are published; the current one signs."""

    NEXT = "next"
    CURRENT = "current"
    RETIRED = "retired"
    REFUSED = "refused"


class KeyEvent(StrEnum):
    """What may happen to a key."""

    PROMOTE = "promote"
    RETIRE = "retire"
    REFUSE = "refuse"


_S, _E = KeyState, KeyEvent

MACHINE = StateMachine(
    name="instance_key",
    initial=_S.NEXT,
    table={
        (_S.NEXT, _E.PROMOTE): _S.CURRENT,
        (_S.NEXT, _E.REFUSE): _S.REFUSED,
        (_S.CURRENT, _E.RETIRE): _S.RETIRED,
        (_S.CURRENT, _E.REFUSE): _S.REFUSED,
        (_S.RETIRED, _E.REFUSE): _S.REFUSED,
    },
)
