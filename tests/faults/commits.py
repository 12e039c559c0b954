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
TOKEN, CLOSED = "authorization/tokens/exchange: _token_for_connection", "authorization/records: close"

OF_INVITATIONS = (
    Commit(A, "api/invitations: post_invitation", "an invitation waits for whoever has its code", INVITE),
    Commit(B, "access/principals: _note_use", "a service token was used", INVITE),
    Commit(B, "api/invitations: post_acceptance", "accepted, and a job will claim it", INVITE),
    Commit(A, "authorization/registration/endpoint: _claim", "the invitation is this key's", INVITE),
    Commit(B, "invitations/invited/claiming: _register", "the claim is known here", INVITE),
    Commit(A, TOKEN, "a proof is used up for a token", INVITE),
    Commit(A, "authorization/records: activate", "**the commit of the invitation**: active at A", INVITE),
    Commit(B, "invitations/invited/outcome: copy_active", "active at the invited side", INVITE),
    Commit(A, "api/invitations: put_confirmation", "who accepted is confirmed", Scene.CONFIRM),
    Commit(B, "invitations/invited/claiming: _poll", "the confirmation is known here", Scene.CONFIRM),
    Commit(A, "api/invitations: put_confirmation", "refused, the draft is back", Scene.REFUSE),
    Commit(B, "invitations/invited/outcome: end", "the refusal is known here, closed", Scene.REFUSE),
    Commit(A, "api/invitations: delete_invitation", "revoked, the draft is back", Scene.REVOKE),
    Commit(A, "connections/pending: expire", "the invitation has expired, the draft is back", Scene.LAPSE),
    Commit(B, "api/invitations: post_rejection", "rejected here, and a job will tell", REJECT),
    Commit(A, "invitations/inviter/claims: reject", "the rejection is known, the draft is back", REJECT),
    Commit(B, "invitations/invited/rejection: tell_rejection", "the secret is forgotten", REJECT),
    Commit(B, "api/invitations: delete_invitation", "withdrawn, and a job will tell", Scene.WITHDRAW),
    Commit(A, CLOSED, "the withdrawal is known, the draft is back", Scene.WITHDRAW),
)
OF_A_RUNNING_CONNECTION = (
    Commit(B, "api/connections: delete_connection", "closed here, and a job will tell", INVITED),
    Commit(A, CLOSED, "closed here, too", INVITED),
    Commit(B, "connections/telling: _note_told", "the other side is known to know", INVITED),
    Commit(A, "api/activations: delete_activation", "paused, a job will tell", Scene.PAUSE),
    Commit(B, "authorization/records: take_status", "the other side's pause is known", Scene.PAUSE),
    Commit(A, "lifecycle/probing: _store", "the other side is known to know", Scene.PAUSE),
    Commit(B, "api/activations: delete_activation", "paused, a job will tell", Scene.RESUME),
    Commit(B, "api/activations: post_activation", "resumed, a job will tell", Scene.RESUME),
    Commit(A, "authorization/records: take_status", "the other side's change is known", Scene.RESUME),
    Commit(B, "api/messages: post_message", "the message waits, and a job will send it", Scene.CARRY),
    Commit(A, "api/messages: post_message", "the message waits, and a job will send it", Scene.CARRY),
    Commit(A, "channel/exchanging: _speak", "what is about to leave is noted", Scene.CARRY),
    Commit(B, "authorization/messages: take_messages", "the message is at the other side", Scene.CARRY),
    Commit(A, "channel/exchanging: _hear", "the other side's message is here", Scene.CARRY),
    Commit(B, "channel/exchanging: _speak", "what is about to leave is noted", Scene.CARRY),
    Commit(A, "authorization/messages: take_messages", "the acknowledgement is here", Scene.CARRY),
    Commit(B, "channel/exchanging: _hear", "the other side is known to have all", Scene.CARRY),
    Commit(A, "api/instances/moves: post_move", "known by the new node URL, jobs will tell", Scene.MOVE),
    Commit(B, "authorization/moves: learn_issuer", "the other side's new node URL is known", Scene.MOVE),
    Commit(A, "lifecycle/moving: _note_told", "the other side is known to know", Scene.MOVE),
)
COMMITS = (
    Commit(A, "api/connections: post_verification_session", "an attempt waits for a browser"),
    Commit(A, "access/wrong_sign_ins: count_try", "a try to sign in is counted"),
    Commit(A, "access/sign_in: sign_in", "the person is signed in"),
    Commit(A, "verification/initiator/pushing: _set_off", "the attempt is this person's, in this browser"),
    Commit(B, "authorization/requests/pushing: push", "what shall be asked is known", fatal=True),
    Commit(A, "verification/initiator/pushing: _push", "the pushed request is known here"),
    Commit(B, "access/wrong_sign_ins: count_try", "a try to sign in is counted"),
    Commit(B, "access/sign_in: sign_in", "the person is signed in for this request"),
    Commit(B, "pages/consent: take_decision", "the decision is made, and its code exists"),
    Commit(A, "pages/verification/callback: _take", "the code is stored, and a job will redeem it"),
    Commit(A, "jobs/leases: claim", "the job is this worker's"),
    Commit(B, "authorization/tokens/exchange: _redeem", "the code is used up, and the attestation stored"),
    Commit(A, "verification/initiator/completing: _store_verified", "the admin is verified"),
    Commit(B, "authorization/records: activate", "**the commit of the handshake**: active at the responder"),
    Commit(A, "verification/initiator/completing: _store_active", "active at the initiator"),
    Commit(A, "jobs/worker: _settle", "the job is done"),
    Commit(B, "jobs/leases: claim", "the timer is this worker's", AWAY),
    Commit(B, "authorization/requests/timers: expire_attempt", "the code and its attempt have expired", AWAY),
    Commit(B, "jobs/worker: _settle", "the timer is done", AWAY),
    Commit(B, "authorization/tokens/exchange: _token_for_connection", "a proof is used up for a token", AWAY),
    Commit(B, "authorization/records: read_status", "a proof is used up for the status", AWAY),
    Commit(
        A, "verification/initiator/watching: watch", "the lost answer is noticed, the draft is back", AWAY
    ),
    Commit(A, "connections/pending: expire", "the attempt has expired, the draft is back", ABANDON),
    Commit(A, "api/verification_sessions: delete_session", "the attempt is cancelled", CANCEL),
    Commit(B, "authorization/records: close", "the attempt is over here, too", CANCEL),
    Commit(A, "connections/telling: _note_told", "the other side is known to know", CANCEL),
    Commit(A, "lifecycle/probing: _store", "what the other side says is stored", PROBE),
    Commit(
        A, "authorization/tokens/exchange: _token_for_connection", "a proof is used up for a token", PROBE
    ),
    Commit(A, "authorization/records: read_status", "a proof is used up for the status", PROBE),
    Commit(A, "authorization/sweeping: sweep", "what is of no use is gone", PROBE),
    Commit(B, "lifecycle/probing: _store", "what the other side says is stored", PROBE),
    Commit(B, "authorization/sweeping: sweep", "what is of no use is gone", PROBE),
    Commit(A, "api/connections: delete_connection", "closed here, and a job will tell", CLOSE),
    Commit(B, "events/operations: record_refusal", "a refusal is in the history", Scene.ANSWER_LOST),
    *OF_INVITATIONS,
    *OF_A_RUNNING_CONNECTION,
)
SCENES = tuple(dict.fromkeys(commit.scene for commit in COMMITS))
