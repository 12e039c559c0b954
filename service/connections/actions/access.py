"""How access is had, as actions: verify one's own on the other side, or invite the partner, and wait for either."""

from service.connections.actions.invitation import around_invitation, confirm, invite, revoke, share
from service.connections.actions.shape import Action, Actor, Answers, Kind
from service.connections.setup import Access, SetUp, Step, Way, invitable_modes, why_not
from service.words import Role

POLL_AFTER_MS = 2_000


def for_access(setup: SetUp, answers: Answers, *, primary: bool) -> tuple[Action, ...]:
    """Return each way that is possible; verifying comes first where it is."""
    actions: list[Action] = []
    if why_not(setup, Way.VERIFY) is None:
        actions.append(_verify(setup, answers, primary=primary))
    if why_not(setup, Way.INVITE) is None and invitable_modes(setup):
        actions.append(invite(setup, answers, primary=primary and not actions))
    return tuple(actions)


def _verify(setup: SetUp, answers: Answers, *, primary: bool) -> Action:
    if setup.access is Access.READY:
        return Action(
            id=Step.ACCESS,
            kind=Kind.OPEN_URL,
            primary=primary,
            label="Verify admin access in the browser",
            description="Open the page as an admin of this instance; it leads to the other side and back.",
            url=answers.start_url,
            expires_at=answers.expires_at,
            poll_after_ms=POLL_AFTER_MS,
        )
    again = setup.access is Access.FAILED
    return Action(
        id=Step.ACCESS,
        kind=Kind.SUBMIT,
        primary=primary,
        label="Verify admin access again" if again else "I have admin access to the other side",
        description="Makes a verification session with a page for your browser; nothing is lost if it fails.",
        operation_id="createVerificationSession",
        method="POST",
        href=f"/v1/connections/{answers.connection_id}/verification-sessions",
    )


def while_pending(setup: SetUp, answers: Answers) -> tuple[Action, ...]:
    """Return whom it waits for, and what can be done meanwhile."""
    if setup.role is Role.RESPONDER:
        return (_wait(setup, answers), close(answers))
    if setup.access is Access.CLAIMED:
        return (confirm(answers), *around_invitation(answers), close(answers))
    if setup.access is Access.INVITED:
        return (share(answers), *around_invitation(answers), close(answers))
    if answers.invitation_id is not None:
        return (_wait(setup, answers), revoke(answers), close(answers))
    cancel = Action(
        id="cancel",
        kind=Kind.SUBMIT,
        label="Cancel the verification",
        description="Ends this attempt; the draft stays as it is.",
        operation_id="cancelVerificationSession",
        method="DELETE",
        href=f"/v1/verification-sessions/{answers.verification_session_id}",
    )
    if setup.access is Access.FINISHING:
        return (_wait(setup, answers), cancel, close(answers))
    resume = Action(
        id="resume",
        kind=Kind.OPEN_URL,
        label="Go on in the browser",
        description="Opens the page again that leads to the other side.",
        url=answers.start_url,
        expires_at=answers.expires_at,
    )
    return (_wait(setup, answers), resume, _again(answers), cancel, close(answers))


def _wait(setup: SetUp, answers: Answers) -> Action:
    finishing = setup.access is Access.FINISHING
    decides = "The inviter confirms" if setup.role is Role.RESPONDER else "An admin of the other side decides"
    return Action(
        id=Step.ACTIVATION if finishing else Step.ACCESS,
        kind=Kind.WAIT,
        actor=Actor.SYSTEM if finishing else Actor.OTHER_SIDE,
        primary=True,
        label="The two nodes are activating the connection" if finishing else decides,
        description="Read the connection again after a moment.",
        expires_at=answers.expires_at,
        poll_after_ms=POLL_AFTER_MS,
        required_scope="connections:read",
    )


def _again(answers: Answers) -> Action:
    return Action(
        id="start_again",
        kind=Kind.SUBMIT,
        label="Start the verification again",
        description="Makes a new verification session; the open one is cancelled.",
        operation_id="createVerificationSession",
        method="POST",
        href=f"/v1/connections/{answers.connection_id}/verification-sessions",
    )


def close(answers: Answers) -> Action:
    """Return the way to end it for good, in any state."""
    return Action(
        id="close",
        kind=Kind.SUBMIT,
        label="Close the connection",
        description="Ends it on both sides; this cannot be undone.",
        operation_id="closeConnection",
        method="DELETE",
        href=f"/v1/connections/{answers.connection_id}",
    )
