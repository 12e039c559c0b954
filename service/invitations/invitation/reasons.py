"""Each reason why an invitation cannot be used: its word, what it says, and the way out."""

from collections.abc import Mapping

from service.discovery.modes import BOTH_PRIVATE

NEW_ONE = "Ask the partner for a new invitation; re-inviting always works."
# The same, told to the inviter.
INVITE_ANEW = "Issue a new invitation; re-inviting always works."
AGAIN = "Copy the whole code or link again, exactly as the partner sent it."
LATER = "Try again in a moment; the invitation is as it was."

REASONS: Mapping[str, tuple[str, str]] = {
    "malformed": ("This is no invitation code.", AGAIN),
    "signature": ("The node that the code names has not signed it.", AGAIN),
    "wrong_key": ("The inviter's node has given up the key that signed it.", NEW_ONE),
    "unknown": ("The inviter's node does not know this invitation.", AGAIN),
    "own_invitation": (
        "This instance issued the invitation itself.",
        "Send it to the partner; they accept it on their node.",
    ),
    "wrong_instance": (
        "The invitation is for another instance.",
        "Accept it with the instance whose node URL the partner entered, or ask for one for this instance.",
    ),
    "expired": ("The invitation has expired.", NEW_ONE),
    "revoked": ("The inviter has revoked the invitation.", NEW_ONE),
    "rejected": ("The invitation was rejected.", NEW_ONE),
    "locked": ("The invitation was locked after wrong codes.", NEW_ONE),
    "used": ("The invitation was accepted already.", NEW_ONE),
    "mode_not_offered": (
        "An invitation sets up script or basic, and this one says visual.",
        "Ask the partner for an invitation with another mode.",
    ),
    "sandbox": (
        "One of the two sides is a sandbox and the other is not: a sandbox connects to sandboxes only.",
        "Accept it with an instance of the same kind as the partner's.",
    ),
    "both_sides_private": (BOTH_PRIVATE, "Make this instance, or the partner's, public."),
    "inviter_private": (
        "The inviter's instance is private: this node cannot reach it reliably.",
        "Invite the partner from here instead.",
    ),
}
