"""How an invitation that was accepted or rejected here stands, in sentences."""

from datetime import datetime

from service.connections.models import Connection
from service.connections.states import ConnectionState
from service.instances.models import Instance
from service.invitations.invitation.models import Invitation
from service.invitations.invitation.operations import host_of
from service.invitations.invitation.states import WAITING, InvitationState
from service.pages.onward import onward
from service.pages.verification.results import COMES_NEXT, pause
from service.pages.views import ResultView

_S = InvitationState
_WAITS = {
    _S.CLAIMING: (
        "You accepted the invitation",
        "This node is telling {host} who accepted. Then an admin there confirms.",
    ),
    _S.CLAIMED: (
        "You accepted the invitation",
        "Now an admin of {host} must confirm that it was you. You have nothing to do but compare.",
    ),
    _S.CONFIRMED: ("Almost done", "{host} confirmed. The two nodes are finishing by themselves."),
}


def invitation_view(
    invitation: Invitation, connection: Connection | None, instance: Instance, now: datetime, own_path: str
) -> ResultView:
    """Return the page; while somebody else must act it names them, and looks again by itself."""
    host = host_of(invitation.inviter_issuer)
    if invitation.state in WAITING and connection is not None:
        title, sentence = _WAITS[invitation.state]
        told, wait = (sentence.format(host=host),), pause(connection, now)
        code, until = invitation.comparison_code, invitation.expires_at
        return ResultView(title, "pending", told, own_path, "Look again now", wait, code, until)
    if invitation.state is _S.ACTIVE and connection is not None:
        return _finished(connection, instance, host)
    on = onward(connection, instance, invitation.state)
    if connection is None:
        heard = (f"{host} is told, with your reason. They may invite again.", "Nothing was set up here.")
        return ResultView("You rejected the invitation", "over", heard, *on, None)
    error = connection.last_error or invitation.last_error or {}
    ended = tuple(error[name] for name in ("detail", "fix") if name in error)
    title = error.get("title", "The invitation is over")
    again = ("Nothing was set up. Ask the partner for a new invitation; re-inviting always works.",)
    return ResultView(title, "failed", ended or again, *on, None)


def _finished(connection: Connection, instance: Instance, host: str) -> ResultView:
    name, on = connection.name or "The connection", onward(connection, instance, connection.state)
    if connection.state is not ConnectionState.ACTIVE:
        told = (f"{name} was active, and is {connection.state.value} now.",)
        return ResultView("The invitation was accepted", "failed", told, *on, None)
    assert connection.mode is not None  # noqa: S101 - an active connection has one
    both = (f"{name} is active here and at {host}.", COMES_NEXT[connection.mode])
    return ResultView("The connection is active", "active", both, *on, None)
