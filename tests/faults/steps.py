"""Where a set-up stands when its time is over or somebody ends it, and how both nodes end then: one row per step."""

from collections.abc import Mapping
from enum import StrEnum

from tests.faults.arrows import Outcome


class Step(StrEnum):
    """How far the set-up is, in the order of a walk."""

    CREATED = "an attempt waits for a browser"
    SIGNED_IN = "the person is signed in at A"
    PUSHED = "the browser is at B"
    ASKED = "the person is signed in at B and decides"
    ACCEPTED = "the code is on its way back"
    RETURNED = "the code is stored at A"
    REDEEMED = "the code is redeemed, its answer lost"
    VERIFIED = "the admin is verified, the activation lost"
    COMMITTED = "B is active, its answer lost"
    ACTIVE = "both are active"


class Event(StrEnum):
    """What happens at this step; then everybody goes on as if nothing had happened."""

    TIME = "20 minutes pass"
    CANCEL = "A cancels the attempt"
    CLOSE_A = "A closes the connection"
    DENY = "the person denies"
    CLOSE_B = "B closes the connection"


_S, _E = Step, Event
_LISTED_AT_B = (_S.ACCEPTED, _S.RETURNED, _S.REDEEMED, _S.VERIFIED, _S.COMMITTED)

ENDS: Mapping[tuple[Step, Event], Outcome] = {
    **{(step, _E.TIME): Outcome.NEITHER for step in Step},
    (_S.COMMITTED, _E.TIME): Outcome.ACTIVE,
    (_S.ACTIVE, _E.TIME): Outcome.ACTIVE,
    **{(step, _E.CANCEL): Outcome.NEITHER for step in Step},
    (_S.ACTIVE, _E.CANCEL): Outcome.ACTIVE,
    **{(step, _E.CLOSE_A): Outcome.CLOSED for step in Step},
    (_S.ASKED, _E.DENY): Outcome.NEITHER,
    **{(step, _E.CLOSE_B): Outcome.NEITHER for step in _LISTED_AT_B},
    (_S.ACTIVE, _E.CLOSE_B): Outcome.CLOSED,
}
"""What is not there is not possible: B lists nothing before somebody accepted, and then nobody can deny any more."""
