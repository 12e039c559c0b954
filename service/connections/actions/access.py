"""How access is had, as actions: verify one's own on the other side, or invite the partner, and wait for either."""

from service.connections.actions.shape import Action, Actor, Answers, Choice, Field, Kind
from service.connections.setup import Access, SetUp, Step, Way, invitable_modes, why_not
from service.words import Role

POLL_AFTER_MS = 2_000
INVITATION_POLL_MS = 10_000
LONGEST_REASON = 500
READ_AGAIN = "Read the connection again after a moment."

CLOSE = Action(
    "close",
    Kind.SUBMIT,
    "Close the connection",
    "Ends it on both sides; this cannot be undone.",
    "closeConnection",
)
CANCEL = Action(
    "cancel",
    Kind.SUBMIT,
    "Cancel the verification",
    "Ends this attempt; the draft stays as it is.",
    "cancelVerificationSession",
)
VERIFY_ANEW = Action(
    "start_again",
    Kind.SUBMIT,
    "Start the verification again",
    "Makes a new verification session; the open one is cancelled.",
    "createVerificationSession",
)
INVITE_ANEW = Action(
    "invite_again",
    Kind.SUBMIT,
    "Make a new invitation",
    "Makes a new code; the present one stops working.",
    "createInvitation",
    reveals=("code", "url"),
)
REVOKE = Action(
    "revoke",
    Kind.SUBMIT,
    "Revoke the invitation",
    "The code stops working at once; the draft stays as it is.",
    "revokeInvitation",
)


def for_access(setup: SetUp, answers: Answers, *, primary: bool) -> tuple[Action, ...]:
    """Return each way that is possible; verifying comes first where it is."""
    actions: list[Action] = []
    if why_not(setup, Way.VERIFY) is None:
        actions.append(_verify(setup, answers, primary=primary))
    if why_not(setup, Way.INVITE) is None and invitable_modes(setup):
        actions.append(_invite(setup, primary=primary and not actions))
    return tuple(actions)


def while_pending(setup: SetUp, answers: Answers) -> tuple[Action, ...]:
    """Return whom it waits for, and what can be done meanwhile."""
    if setup.role is Role.RESPONDER:
        return (_wait(setup, answers), CLOSE)
    if setup.access is Access.CLAIMED:
        return (_confirm(answers), INVITE_ANEW, REVOKE, CLOSE)
    if setup.access is Access.INVITED:
        return (_share(answers), INVITE_ANEW, REVOKE, CLOSE)
    if answers.invitation_id is not None:
        return (_wait(setup, answers), REVOKE, CLOSE)
    if setup.access is Access.FINISHING:
        return (_wait(setup, answers), CANCEL, CLOSE)
    resume = Action(
        "resume",
        Kind.OPEN_URL,
        "Go on in the browser",
        "Opens the page again that leads to the other side.",
        url=answers.start_url,
        expires_at=answers.expires_at,
    )
    return (_wait(setup, answers), resume, VERIFY_ANEW, CANCEL, CLOSE)


def _verify(setup: SetUp, answers: Answers, *, primary: bool) -> Action:
    if setup.access is Access.READY:
        return Action(
            Step.ACCESS,
            Kind.OPEN_URL,
            "Verify admin access in the browser",
            "Open the page as an admin of this instance; it leads to the other side and back.",
            primary=primary,
            url=answers.start_url,
            expires_at=answers.expires_at,
            poll_after_ms=POLL_AFTER_MS,
            comparison_code=answers.comparison_code,
        )
    again = setup.access is Access.FAILED
    return Action(
        Step.ACCESS,
        Kind.SUBMIT,
        "Verify admin access again" if again else "I have admin access to the other side",
        "Makes a verification session with a page for your browser; nothing is lost if it fails.",
        "createVerificationSession",
        primary=primary,
    )


def _invite(setup: SetUp, *, primary: bool) -> Action:
    """Return the way to a code; from visual it switches the mode."""
    switches = setup.mode not in invitable_modes(setup)
    expiry = Field("expires_at", "Good until", "moment", help="72 hours from now, if left empty.")
    options = tuple(Choice(mode, f"Switch to {mode}") for mode in invitable_modes(setup))
    mode = Field("mode", "Mode", "choice", required=True, options=options, value=options[0].value)
    return Action(
        "invite",
        Kind.SUBMIT,
        "Invite the partner instead" if setup.access is Access.FAILED else "Invite the partner",
        "Makes a code that an admin of the other side accepts on their own node"
        + (", and switches the mode, for visual cannot be set up by an invitation." if switches else "."),
        "createInvitation",
        primary=primary,
        fields=(mode, expiry) if switches else (expiry,),
        reveals=("code", "url"),
    )


def ask_for_invitation(answers: Answers) -> Action:
    """Return what a private side does: the partner, who can be reached, invites."""
    return Action(
        "ask_for_invitation",
        Kind.SHARE,
        "Ask the partner to invite you",
        "This instance is private, so the partner's node cannot reach it. Send them what follows; they choose "
        f"a private destination and send you a code, which you accept here. {answers.about_here}",
        "previewInvitation",
        primary=True,
        fields=(
            Field("code", "Code or link from the partner", "textarea", required=True, max_length=10_240),
        ),
    )


def _share(answers: Answers) -> Action:
    """Return what a partner does with the code that was shown once."""
    return Action(
        Step.ACCESS,
        Kind.SHARE,
        "Send the invitation to the partner, who accepts it",
        "The code was shown once, when the invitation was made. The partner opens the link, or gives the code "
        "to their own node. A lost code is replaced by a new one.",
        actor=Actor.OTHER_SIDE,
        primary=True,
        url=answers.invitation_page,
        expires_at=answers.expires_at,
        poll_after_ms=INVITATION_POLL_MS,
        required_scope="connections:read",
    )


def _confirm(answers: Answers) -> Action:
    """Return the decision on who claimed it."""
    choices = (Choice("confirm", "Yes, this is my partner"), Choice("reject", "No, end this invitation"))
    return Action(
        "confirm",
        Kind.SUBMIT,
        "Confirm who accepted the invitation",
        f"{answers.claimed_by} Compare the code with your partner before you confirm.",
        "confirmInvitation",
        primary=True,
        fields=(
            Field("decision", "Decision", "choice", required=True, options=choices),
            Field(
                "comparison_code",
                "Comparison code that your partner reads to you",
                required=True,
                help="Ask on another way than the one on which the invitation went: by phone, for example.",
                max_length=20,
                visible_when={"decision": "confirm"},
            ),
            Field("reason", "Reason, if you reject", max_length=LONGEST_REASON),
        ),
        expires_at=answers.expires_at,
        comparison_code=answers.comparison_code,
    )


def _wait(setup: SetUp, answers: Answers) -> Action:
    finishing = setup.access is Access.FINISHING
    decides = "The inviter confirms" if setup.role is Role.RESPONDER else "An admin of the other side decides"
    return Action(
        Step.ACTIVATION if finishing else Step.ACCESS,
        Kind.WAIT,
        "The two nodes are activating the connection" if finishing else decides,
        READ_AGAIN,
        actor=Actor.SYSTEM if finishing else Actor.OTHER_SIDE,
        primary=True,
        expires_at=answers.expires_at,
        poll_after_ms=POLL_AFTER_MS,
        required_scope="connections:read",
        comparison_code=answers.comparison_code,
    )
