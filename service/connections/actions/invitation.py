"""An invitation as actions: make it, send it, confirm who claimed it, revoke it."""

from service.connections.actions.shape import Action, Actor, Answers, Choice, Field, Kind
from service.connections.setup import Access, SetUp, Step, invitable_modes

INVITATION_POLL_MS = 10_000

LONGEST_REASON = 500

WRITE_INVITATIONS = "invitations:write"


def invite(setup: SetUp, answers: Answers, *, primary: bool) -> Action:
    """Return the way to a code; from visual it switches the mode."""
    switches = setup.mode not in invitable_modes(setup)
    fields: list[Field] = []
    if switches:
        options = tuple(Choice(mode, f"Switch to {mode}") for mode in invitable_modes(setup))
        fields.append(Field("mode", "Mode", "choice", required=True, options=options, value=options[0].value))
    fields.append(Field("expires_at", "Good until", "moment", help="72 hours from now, if left empty."))
    return Action(
        id="invite",
        kind=Kind.SUBMIT,
        primary=primary,
        label="Invite the partner instead" if setup.access is Access.FAILED else "Invite the partner",
        description="Makes a code that an admin of the other side accepts on their own node"
        + (", and switches the mode, for visual cannot be set up by an invitation." if switches else "."),
        operation_id="createInvitation",
        method="POST",
        href=f"/v1/connections/{answers.connection_id}/invitations",
        fields=tuple(fields),
        required_scope=WRITE_INVITATIONS,
        reveals=("code", "url"),
    )


def ask_for_invitation(answers: Answers) -> Action:
    """Return what a private side does: the partner, who can be reached, invites."""
    return Action(
        id="ask_for_invitation",
        kind=Kind.SHARE,
        primary=True,
        label="Ask the partner to invite you",
        description=(
            "This instance is private, so the partner's node cannot reach it. Send them what follows; they choose "
            f"a private destination and send you a code, which you accept here. {answers.about_here}"
        ),
        operation_id="previewInvitation",
        method="POST",
        href="/v1/invitation-previews",
        fields=(
            Field("code", "Code or link from the partner", "textarea", required=True, max_length=10_240),
        ),
        required_scope=WRITE_INVITATIONS,
    )


def share(answers: Answers) -> Action:
    """Return what a partner does with the code that was shown once."""
    return Action(
        id=Step.ACCESS,
        kind=Kind.SHARE,
        actor=Actor.OTHER_SIDE,
        primary=True,
        label="Send the invitation to the partner, who accepts it",
        description=(
            "The code was shown once, when the invitation was made. The partner opens the link, or gives the code "
            "to their own node. A lost code is replaced by a new one."
        ),
        url=answers.invitation_page,
        expires_at=answers.expires_at,
        poll_after_ms=INVITATION_POLL_MS,
        required_scope="connections:read",
    )


def confirm(answers: Answers) -> Action:
    """Return the decision on who claimed it."""
    choices = (Choice("confirm", "Yes, this is my partner"), Choice("reject", "No, end this invitation"))
    return Action(
        id="confirm",
        kind=Kind.SUBMIT,
        primary=True,
        label="Confirm who accepted the invitation",
        description=f"{answers.claimed_by} Compare the code with your partner before you confirm.",
        operation_id="confirmInvitation",
        method="PUT",
        href=f"/v1/invitations/{answers.invitation_id}/confirmation",
        fields=(
            Field("decision", "Decision", "choice", required=True, options=choices),
            Field("reason", "Reason, if you reject", max_length=LONGEST_REASON),
        ),
        expires_at=answers.expires_at,
        required_scope=WRITE_INVITATIONS,
    )


def around_invitation(answers: Answers) -> tuple[Action, ...]:
    """Return what else can be done with an open or claimed invitation."""
    anew = Action(
        id="invite_again",
        kind=Kind.SUBMIT,
        label="Make a new invitation",
        description="Makes a new code; the present one stops working.",
        operation_id="createInvitation",
        method="POST",
        href=f"/v1/connections/{answers.connection_id}/invitations",
        required_scope=WRITE_INVITATIONS,
        reveals=("code", "url"),
    )
    return (anew, revoke(answers))


def revoke(answers: Answers) -> Action:
    """Return the way to end it."""
    return Action(
        id="revoke",
        kind=Kind.SUBMIT,
        label="Revoke the invitation",
        description="The code stops working at once; the draft stays as it is.",
        operation_id="revokeInvitation",
        method="DELETE",
        href=f"/v1/invitations/{answers.invitation_id}",
        required_scope=WRITE_INVITATIONS,
    )
