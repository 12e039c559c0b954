"""Every commit of a set-up, an invitation and what follows, on both sides: the process dies before it, or after it."""

from dataclasses import dataclass

from tests.faults.arrows import ENDS, A, B, Outcome, Scene


@dataclass(frozen=True)
class Commit:
    """One row: on which side, where in the code, and what holds from this commit on.

    `fatal` says that a crash here ends the attempt on both sides, and that the person starts a new one.
    """

    side: str
    place: str
    what: str
    scene: Scene = Scene.SET_UP
    fatal: bool = False

    @property
    def id(self) -> str:
        """The row's name in the tests."""
        return f"{self.side} {self.place} ({self.scene.name.lower()})"

    @property
    def outcome(self) -> Outcome:
        """How both nodes end."""
        return Outcome.NEITHER if self.fatal else ENDS.get(self.scene, Outcome.ACTIVE)


AWAY, CANCEL, ABANDON, PROBE = Scene.BROWSER_AWAY, Scene.CANCEL, Scene.ABANDON, Scene.PROBE
CLOSE = Scene.CLOSE_BY_A

INVITE, REJECT, INVITED = Scene.INVITE, Scene.REJECT, Scene.CLOSE_BY_INVITED
TOKEN, CLOSED = "authorization/connection_tokens: token_for_connection", "authorization/records: close"

OF_INVITATIONS = (
    Commit(A, "invitations/router: post_invitation", "an invitation waits for whoever has its code", INVITE),
    Commit(B, "access/principals: _note_use", "a service token was used", INVITE),
    Commit(B, "invitations/router: post_acceptance", "accepted, and a job will claim it", INVITE),
    Commit(A, "authorization/registration: _claim", "the invitation is this key's", INVITE),
    Commit(B, "connections/claiming: _register", "the claim is known here", INVITE),
    Commit(A, TOKEN, "a proof is used up for a token", INVITE),
    Commit(A, "authorization/records: activate", "**the commit of the invitation**: active at A", INVITE),
    Commit(B, "connections/claim_commit: copy_active", "active at the invited side", INVITE),
    Commit(A, "invitations/router: put_confirmation", "who accepted is confirmed", Scene.CONFIRM),
    Commit(B, "connections/claiming: _poll", "the confirmation is known here", Scene.CONFIRM),
    Commit(A, "invitations/router: put_confirmation", "refused, the draft is back", Scene.REFUSE),
    Commit(B, "connections/claim_endings: end", "the refusal is known here, closed", Scene.REFUSE),
    Commit(A, "invitations/router: delete_invitation", "revoked, the draft is back", Scene.REVOKE),
    Commit(A, "connections/inviting: expire", "the invitation has expired, the draft is back", Scene.LAPSE),
    Commit(B, "invitations/router: post_rejection", "rejected here, and a job will tell", REJECT),
    Commit(A, "connections/claimed: reject", "the rejection is known, the draft is back", REJECT),
    Commit(B, "connections/telling_rejection: tell_rejection", "the secret is forgotten", REJECT),
    Commit(B, "invitations/router: delete_invitation", "withdrawn, and a job will tell", Scene.WITHDRAW),
    Commit(A, CLOSED, "the withdrawal is known, the draft is back", Scene.WITHDRAW),
)
OF_A_RUNNING_CONNECTION = (
    Commit(B, "connections/router: delete_connection", "closed here, and a job will tell", INVITED),
    Commit(A, CLOSED, "closed here, too", INVITED),
    Commit(B, "connections/ending: _note_told", "the other side is known to know", INVITED),
    Commit(A, "connections/running_router: delete_activation", "paused, a job will tell", Scene.PAUSE),
    Commit(B, "authorization/records: take_status", "the other side's pause is known", Scene.PAUSE),
    Commit(A, "connections/probing: _store", "the other side is known to know", Scene.PAUSE),
    Commit(B, "connections/running_router: delete_activation", "paused, a job will tell", Scene.RESUME),
    Commit(B, "connections/running_router: post_activation", "resumed, a job will tell", Scene.RESUME),
    Commit(A, "authorization/records: take_status", "the other side's change is known", Scene.RESUME),
    Commit(A, "instances/moves_router: post_move", "known by the new node URL, jobs will tell", Scene.MOVE),
    Commit(B, "authorization/moves: learn_issuer", "the other side's new node URL is known", Scene.MOVE),
    Commit(A, "connections/moving: _note_told", "the other side is known to know", Scene.MOVE),
)
COMMITS = (
    Commit(A, "connections/router: post_verification_session", "an attempt waits for a browser"),
    Commit(A, "access/wrong_sign_ins: count_try", "a try to sign in is counted"),
    Commit(A, "access/wrong_sign_ins: accept_try", "the try was no wrong one"),
    Commit(A, "access/sign_in: sign_in", "the person is signed in"),
    Commit(A, "connections/pushing: _set_off", "the attempt is this person's, in this browser"),
    Commit(B, "authorization/pushed_requests: push", "what shall be asked is known", fatal=True),
    Commit(A, "connections/pushing: _push", "the pushed request is known here"),
    Commit(B, "access/wrong_sign_ins: count_try", "a try to sign in is counted"),
    Commit(B, "access/wrong_sign_ins: accept_try", "the try was no wrong one"),
    Commit(B, "access/sign_in: sign_in", "the person is signed in for this request"),
    Commit(B, "authorization/consent_router: take_decision", "the decision is made, and its code exists"),
    Commit(A, "pages/callback: _take", "the code is stored, and a job will redeem it"),
    Commit(A, "jobs/leases: claim", "the job is this worker's"),
    Commit(B, "authorization/tokens: _redeem", "the code is used up, and the attestation stored"),
    Commit(A, "connections/handshake: _store_verified", "the admin is verified"),
    Commit(B, "authorization/records: activate", "**the commit of the handshake**: active at the responder"),
    Commit(A, "connections/handshake: _store_active", "active at the initiator"),
    Commit(A, "jobs/worker: _settle", "the job is done"),
    Commit(B, "jobs/leases: claim", "the timer is this worker's", AWAY),
    Commit(B, "authorization/timers: expire_attempt", "the code and its attempt have expired", AWAY),
    Commit(B, "jobs/worker: _settle", "the timer is done", AWAY),
    Commit(
        B, "authorization/connection_tokens: token_for_connection", "a proof is used up for a token", AWAY
    ),
    Commit(B, "authorization/records: read_status", "a proof is used up for the status", AWAY),
    Commit(A, "connections/watching: watch", "the lost answer is noticed, the draft is back", AWAY),
    Commit(A, "connections/timers: expire_attempt", "the attempt has expired, the draft is back", ABANDON),
    Commit(A, "verification_sessions/router: delete_session", "the attempt is cancelled", CANCEL),
    Commit(B, "authorization/records: close", "the attempt is over here, too", CANCEL),
    Commit(A, "connections/ending: _note_told", "the other side is known to know", CANCEL),
    Commit(A, "connections/probing: _store", "what the other side says is stored", PROBE),
    Commit(
        A, "authorization/connection_tokens: token_for_connection", "a proof is used up for a token", PROBE
    ),
    Commit(A, "authorization/records: read_status", "a proof is used up for the status", PROBE),
    Commit(A, "authorization/sweeping: sweep", "what is of no use is gone", PROBE),
    Commit(B, "connections/probing: _store", "what the other side says is stored", PROBE),
    Commit(B, "authorization/sweeping: sweep", "what is of no use is gone", PROBE),
    Commit(A, "connections/router: delete_connection", "closed here, and a job will tell", CLOSE),
    Commit(B, "events/operations: record_refusal", "a refusal is in the history", Scene.ANSWER_LOST),
    *OF_INVITATIONS,
    *OF_A_RUNNING_CONNECTION,
)
SCENES = tuple(dict.fromkeys(commit.scene for commit in COMMITS))
