"""How large a request's body may be, whether it says its length or not."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BodyLimit:
    """Pure ASGI: who reads a body that is too large gets an error that becomes a problem, before it is read.

    The framework's own limit would answer with plain text, in place of whatever a handler says.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and count what comes in."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        received, told = 0, _content_length(scope)

        async def receive_within_limit() -> Message:
            nonlocal received
            if told > self.max_bytes:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        await self.app(scope, receive_within_limit, send)


def _content_length(scope: Scope) -> int:
    """Return the length that the request names; the server has refused what is no number."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
