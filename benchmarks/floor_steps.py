"""What a public set-up cannot do without, request by request; written from the protocol, not from our code."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One request: who serves it, and what it needs; `calls` are numbers of steps at the other node."""

    at: str
    what: str
    reads: int = 1
    commits: int = 0
    signs: int = 0
    verifies: int = 0
    calls: tuple[int, ...] = ()


STEPS = (
    # What a program and a person's browser ask for, in this order.
    Step("A", "make the draft: the partner's metadata and keys are known", commits=1),
    Step("A", "begin a verification session", commits=1),
    Step("A", "the start page: nobody is signed in"),
    Step("A", "the sign-in page"),
    Step("A", "sign in", commits=1),
    Step("A", "the start page"),
    Step("A", "start: stored before it is pushed, and what came back (P4)", commits=2, signs=1, calls=(15,)),
    Step("B", "arrive with the pushed request"),
    Step("B", "the sign-in page"),
    Step("B", "sign in", commits=1),
    Step("B", "the decision page"),
    Step("B", "accept (P5)", commits=1),
    # Redeem (P7), check the attestation (P8), activate (P9): what is sent was stored before.
    Step("A", "callback (P6) and all that follows", commits=3, signs=3, verifies=1, calls=(16, 17)),
    Step("A", "the result page"),
    Step("A", "is it active?"),
    # What the other node is asked for.
    Step("B", "take a pushed request", commits=1, verifies=1),
    Step("B", "redeem a code: client and key proved, attestation signed", commits=1, signs=1, verifies=2),
    Step("B", "activate", commits=1, verifies=1),
)
OF_THE_BROWSER = range(15)
