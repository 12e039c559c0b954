"""How a verification stands once the browser is back, in sentences."""

from service.connections.models import Connection
from service.connections.states import ConnectionState
from service.pages.views import ResultView
from service.verification_sessions.models import VerificationSession
from service.words import Mode

REFRESH_SECONDS = 2
COMES_NEXT = {
    Mode.VISUAL: "Next: choose the sync scope and map the fields.",
    Mode.SCRIPT: "Next: write the sync rules.",
    Mode.BASIC: "It works with its fixed rules; there is nothing more to set up.",
}


def result_view(connection: Connection, attempt: VerificationSession) -> ResultView:
    """Return the page for an attempt whose browser has come back, or that is over."""
    name = connection.name or "The connection"
    back = connection.return_url
    sentences: tuple[str, ...]
    label = "Go on" if back else None
    if connection.state is ConnectionState.ACTIVE and connection.verification_session_id == attempt.id:
        sentences = (f"{name} is active on both sides.", COMES_NEXT[connection.mode or Mode.BASIC])
        return ResultView("The connection is active", "active", sentences, back, label, None)
    if attempt.last_error is not None:
        sentences = (
            attempt.last_error["detail"],
            attempt.last_error["fix"],
            f"{name} is still a draft; nothing is lost.",
        )
        return ResultView(attempt.last_error["title"], "failed", sentences, back, label, None)
    if connection.state is ConnectionState.PENDING:
        sentences = ("The other side accepted. The two nodes are finishing by themselves.",)
        return ResultView("Almost done", "pending", sentences, None, None, REFRESH_SECONDS)
    sentences = ("This verification session is over.", "The connection shows how it stands now.")
    return ResultView("Nothing to do here", "failed", sentences, back, label, None)
