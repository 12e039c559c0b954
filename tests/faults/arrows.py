"""What may happen to each arrow of the handshake, and how both nodes end: one row per arrow, one column per fault."""

import re
from dataclasses import dataclass
from enum import StrEnum

import httpx

A, B, BROWSER = "A", "B", "browser"
MOVED = "moved"
"""The host at which A is after it moved."""


class Outcome(StrEnum):
    """How both nodes end. Nothing in between is allowed."""

    ACTIVE = "active"
    NEITHER = "neither"
    CLOSED = "closed"
    PAUSED = "deactivated"


class Scene(StrEnum):
    """What goes on while the arrow flies; tests/faults/scenes.py plays it."""

    SET_UP = "a person verifies admin access"
    ANSWER_LOST = "a person verifies admin access, and the answer to the code is lost"
    BROWSER_AWAY = "a person accepts, and the browser never comes back"
    ABANDON = "nobody decides"
    CANCEL = "the initiator cancels while the person decides"
    PROBE = "an active connection looks after itself for an hour"
    CLOSE_BY_A = "the initiator closes an active connection"
    CLOSE_BY_B = "the responder closes an active connection"
    INVITE = "a partner accepts an invitation"
    CONFIRM = "an admin confirms who accepted an invitation"
    REFUSE = "an admin refuses who accepted an invitation"
    REVOKE = "an admin revokes an invitation that was accepted"
    LAPSE = "nobody confirms who accepted an invitation"
    REJECT = "a partner rejects an invitation"
    WITHDRAW = "a partner withdraws from an invitation that it accepted"
    CLOSE_BY_INVITER = "the inviter closes an active connection"
    CLOSE_BY_INVITED = "the invited side closes an active connection"
    PAUSE = "the inviter pauses an active connection"
    RESUME = "the invited side pauses an active connection and resumes it"
    MOVE = "the initiator of an active connection has moved"
    CARRY = "both sides of an active connection send a message"


ENDS = {
    Scene.BROWSER_AWAY: Outcome.NEITHER,
    Scene.ABANDON: Outcome.NEITHER,
    Scene.CANCEL: Outcome.NEITHER,
    Scene.CLOSE_BY_A: Outcome.CLOSED,
    Scene.CLOSE_BY_B: Outcome.CLOSED,
    **dict.fromkeys((Scene.REFUSE, Scene.REVOKE, Scene.LAPSE, Scene.REJECT, Scene.WITHDRAW), Outcome.NEITHER),
    Scene.CLOSE_BY_INVITER: Outcome.CLOSED,
    Scene.CLOSE_BY_INVITED: Outcome.CLOSED,
    Scene.PAUSE: Outcome.PAUSED,
}


class Fault(StrEnum):
    """What the network does to the first request of an arrow, or to all of them for twenty minutes."""

    REQUEST_LOST = "request lost"
    REPLY_LOST = "reply lost"
    REQUESTS_LOST = "20 min of requests lost"
    REPLIES_LOST = "20 min of replies lost"
    DOUBLED = "doubled"
    SECOND_REPLY = "second reply"
    LATE = "late"
    REORDERED = "reordered"
    STALE = "stale"


MEANINGS = {
    Fault.REQUEST_LOST: "the first request does not arrive",
    Fault.REPLY_LOST: "the first request arrives, its answer does not",
    Fault.REQUESTS_LOST: "none arrives for 20 minutes",
    Fault.REPLIES_LOST: "all arrive, and no answer comes back for 20 minutes",
    Fault.DOUBLED: "it arrives twice at the same time, and the better answer comes back",
    Fault.SECOND_REPLY: "it arrives twice, one after the other, and only the second answer comes back",
    Fault.LATE: "the caller gives up and tries again; then the first one arrives, too",
    Fault.REORDERED: "the caller gives up; it arrives after the request that came next",
    Fault.STALE: "the caller gives up; it arrives when everything is long over",
}
LASTING = frozenset({Fault.REQUESTS_LOST, Fault.REPLIES_LOST})
ONCE_MORE = frozenset({Fault.DOUBLED, Fault.SECOND_REPLY})
UNANSWERED = frozenset(Fault) - ONCE_MORE


@dataclass(frozen=True)
class Arrow:
    """One row. `path` is a regular expression over the path; `holds` stands in the form that is sent.

    `fatal` names the faults after which the attempt is over on both sides, and the person starts a new one.
    """

    id: str
    what: str
    source: str
    target: str
    method: str
    path: str
    scene: Scene = Scene.SET_UP
    holds: str = ""
    fatal: frozenset[Fault] = frozenset()

    def is_this(self, request: httpx.Request) -> bool:
        """True for a request of this arrow."""
        return (
            request.method == self.method
            and request.url.host == f"{self.target.lower()}.test"
            and ("text/html" in request.headers.get("accept", "")) == (self.source == BROWSER)
            and re.search(self.path, request.url.path) is not None
            and self.holds.encode() in request.content
        )

    def outcome(self, fault: Fault) -> Outcome:
        """Return how both nodes end."""
        return Outcome.NEITHER if fault in self.fatal else ENDS.get(self.scene, Outcome.ACTIVE)


TWICE, CUT_OFF = frozenset({Fault.SECOND_REPLY}), frozenset({Fault.REQUESTS_LOST})
CODE, CLIENT = "grant_type=authorization_code", "grant_type=client_credentials"
TOKEN, CONNECTION, ACTIVATION = "/oauth/token$", r"/connections/[^/]+$", "/activation$"
STATUS, KEYS = "/status$", "/oauth/jwks$"
PAR, DOCUMENT, AUTHORIZE = "/oauth/par$", "/oauth/client.json$", "/oauth/authorize$"
DECISION, CALLBACK = "/oauth/authorize/", "/oauth/callback$"

ARROWS = (
    Arrow("P4", "pushes what shall be asked", A, B, "POST", PAR, fatal=UNANSWERED | TWICE),
    Arrow("P4 document", "reads who is asking", B, A, "GET", DOCUMENT, fatal=UNANSWERED),
    Arrow("P5 arrival", "comes with the pushed request", BROWSER, B, "GET", AUTHORIZE, fatal=LASTING),
    Arrow("P5 decision", "accepts", BROWSER, B, "POST", DECISION, fatal=LASTING),
    Arrow("P6", "comes back with the code", BROWSER, A, "GET", CALLBACK, fatal=CUT_OFF),
    Arrow("P7 code", "redeems the code", A, B, "POST", TOKEN, holds=CODE, fatal=LASTING),
    Arrow("P7 token", "asks for a token", A, B, "POST", TOKEN, Scene.ANSWER_LOST, CLIENT, LASTING | TWICE),
    Arrow("P7 status", "asks again", A, B, "GET", CONNECTION, Scene.ANSWER_LOST, fatal=LASTING | TWICE),
    Arrow("P7 watch", "asks how it stands", A, B, "GET", CONNECTION, Scene.BROWSER_AWAY),
    Arrow("P9", "activates", A, B, "PUT", ACTIVATION, fatal=CUT_OFF),
    Arrow("P10 cancel", "ends the attempt", A, B, "DELETE", CONNECTION, Scene.CANCEL),
    Arrow("P10 token", "asks for a token", A, B, "POST", TOKEN, Scene.CLOSE_BY_A, CLIENT),
    Arrow("P10 end", "ends the connection", A, B, "DELETE", CONNECTION, Scene.CLOSE_BY_A),
    Arrow("P10 end, back", "ends the connection", B, A, "DELETE", CONNECTION, Scene.CLOSE_BY_B),
    Arrow("P11 token", "asks for a token", A, B, "POST", TOKEN, Scene.PROBE, CLIENT),
    Arrow("P11 status", "asks how it stands", A, B, "GET", CONNECTION, Scene.PROBE),
    Arrow("P11 status, back", "asks how it stands", B, A, "GET", CONNECTION, Scene.PROBE),
    Arrow("P11 told", "tells that it paused", A, B, "PUT", STATUS, Scene.PAUSE),
    Arrow("P11 told, back", "tells that it paused", B, A, "PUT", STATUS, Scene.RESUME),
    Arrow("I4", "asks how it stands", B, A, "POST", "/invitations/status$", Scene.INVITE, fatal=LASTING),
    Arrow("I5", "claims it", B, A, "POST", "/oauth/register$", Scene.INVITE),
    Arrow("I6", "reads who claims it", A, B, "GET", KEYS, Scene.INVITE),
    Arrow("I8", "asks whether it is confirmed", B, A, "POST", "/invitations/status$", Scene.CONFIRM),
    Arrow("I8 refused", "asks whether it is confirmed", B, A, "POST", "/invitations/status$", Scene.REFUSE),
    Arrow("I8 rejection", "says no", B, A, "POST", "/invitations/rejection$", Scene.REJECT),
    Arrow("I9 token", "asks for a token", B, A, "POST", TOKEN, Scene.INVITE, CLIENT, TWICE),
    Arrow("I9", "activates", B, A, "PUT", ACTIVATION, Scene.INVITE),
    Arrow("P10 withdrawal", "ends what it accepted", B, A, "DELETE", CONNECTION, Scene.WITHDRAW),
    Arrow("P10 end, inviter", "ends the connection", A, B, "DELETE", CONNECTION, Scene.CLOSE_BY_INVITER),
    Arrow("P10 end, invited", "ends the connection", B, A, "DELETE", CONNECTION, Scene.CLOSE_BY_INVITED),
    Arrow("message token", "asks for a token", A, B, "POST", TOKEN, Scene.CARRY, CLIENT),
    Arrow("message", "gives its message and gets one", A, B, "POST", "/messages$", Scene.CARRY),
    Arrow("move token", "asks for a token", A, B, "POST", TOKEN, Scene.MOVE, CLIENT),
    Arrow("move", "tells its new node URL", A, B, "PUT", "/issuer$", Scene.MOVE),
    Arrow("move look", "reads who is there", B, MOVED, "GET", KEYS, Scene.MOVE),
)
