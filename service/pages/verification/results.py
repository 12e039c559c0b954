"""How a verification stands once the browser is back, in sentences."""

from datetime import datetime

from service.connections.models import Connection
from service.connections.states import ESTABLISHED, ConnectionState
from service.instances.models import Instance
from service.pages.onward import onward
from service.pages.views import Again, ResultView
from service.verification.session.models import VerificationSession
from service.verification.session.states import OPEN
from service.words import Mode

FIRST_REFRESH_SECONDS, LONGEST_REFRESH_SECONDS = 2, 30
COMES_NEXT = {
    Mode.VISUAL: "Next: choose the sync scope and map the fields.",
    Mode.SCRIPT: "Next: write the sync rules.",
    Mode.BASIC: "It works with its fixed rules; there is nothing more to set up.",
}


def result_view(
    connection: Connection,
    attempt: VerificationSession,
    instance: Instance,
    now: datetime,
    own_path: str,
    again: Again,
) -> ResultView:
    """Return the page for an attempt whose browser has come back, or that is over; `again` begins a new one."""
    if attempt.is_renewal:
        return _renewal_view(connection, attempt, instance, now, own_path, again)
    name = connection.name or "The connection"
    sentences: tuple[str, ...]
    if connection.state in ESTABLISHED and connection.verification_session_id == attempt.id:
        sentences = (f"{name} is active on both sides.", COMES_NEXT[connection.mode or Mode.BASIC])
        on = onward(connection, instance, "active")
        return ResultView("The connection is active", "active", sentences, *on, None)
    on, may_again = onward(connection, instance, attempt.state), None
    if connection.state is ConnectionState.DRAFT and attempt.state not in OPEN:
        may_again = again
    if attempt.last_error is not None:
        sentences = (attempt.last_error["detail"], attempt.last_error["fix"])
        if connection.state is ConnectionState.DRAFT:
            sentences += (f"{name} is still a draft; nothing is lost.",)
        return ResultView(attempt.last_error["title"], "failed", sentences, *on, None, again=may_again)
    if connection.state is ConnectionState.PENDING:
        sentences = ("The other side accepted. The two nodes are finishing by themselves.",)
        wait = pause(connection, now)
        return ResultView("Almost done", "pending", sentences, own_path, "Look again now", wait)
    sentences = ("This verification session is over.", "The connection shows how it stands now.")
    return ResultView("Nothing to do here", "over", sentences, *on, None, again=may_again)


def _renewal_view(
    connection: Connection,
    attempt: VerificationSession,
    instance: Instance,
    now: datetime,
    own_path: str,
    again: Again,
) -> ResultView:
    """Return the page for an active connection that was to be verified anew."""
    name = connection.name or "The connection"
    if attempt.completed_at is not None:
        said = f"{name} was verified again. Its mode is {connection.mode}."
        on = onward(connection, instance, "active")
        return ResultView("The connection is verified again", "active", (said,), *on, None)
    on, may_again = onward(connection, instance, attempt.state), None
    if connection.state is ConnectionState.ACTIVE and attempt.state not in OPEN:
        may_again = again
    if attempt.last_error is not None:
        sentences = (attempt.last_error["detail"], attempt.last_error["fix"], f"{name} stays as it was.")
        return ResultView(attempt.last_error["title"], "failed", sentences, *on, None, again=may_again)
    if attempt.state in OPEN:
        said = "The other side accepted. The two nodes are finishing by themselves."
        return ResultView(
            "Almost done", "pending", (said,), own_path, "Look again now", pause(connection, now)
        )
    standing = "is closed" if connection.state is ConnectionState.CLOSED else "stays as it was"
    said = f"This verification session is over; {name} {standing}."
    return ResultView("Nothing to do here", "over", (said,), *on, None, again=may_again)


def pause(connection: Connection, now: datetime) -> int:
    """Return how long the page stays: the longer it has waited, the more seldom it is read out anew."""
    waited = int((now - connection.updated_at).total_seconds())
    return min(LONGEST_REFRESH_SECONDS, max(FIRST_REFRESH_SECONDS, waited // 4))
