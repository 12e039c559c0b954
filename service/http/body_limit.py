"""How large a request's body may be, whether it says its length or not, and how long it may take to come."""

import asyncio
import re
from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NONE_LARGER: Mapping[re.Pattern[str], int] = {}


class BodyLimit:
    """Pure ASGI: who reads a body that is too large or too slow gets an error that becomes a problem.

    The framework's own limit would answer with plain text, in place of whatever a handler says. What is left of
    the body is read by nobody, so the connection ends with the answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_bytes: int,
        max_seconds: float,
        larger: Mapping[re.Pattern[str], int] = NONE_LARGER,
    ) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.max_seconds = max_seconds
        self.larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; count what comes in, and end the wait for what does not."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        received, told, is_coming, is_refused = 0, _content_length(scope), True, False
        max_bytes = self._most(scope.get("path", ""))
        deadline = asyncio.get_running_loop().time() + self.max_seconds

        def refuse(status: HTTPStatus) -> HTTPException:
            nonlocal is_refused
            is_refused = True
            return HTTPException(status)

        async def receive_within_limits() -> Message:
            nonlocal received, is_coming
            if told > max_bytes:
                raise refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            try:
                async with asyncio.timeout_at(deadline if is_coming else None):
                    message = await receive()
            except TimeoutError:
                raise refuse(HTTPStatus.REQUEST_TIMEOUT) from None
            received += len(message.get("body", b""))
            is_coming = message.get("more_body", False)
            if received > max_bytes:
                raise refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        async def send_and_close(message: Message) -> None:
            if is_refused and message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self.app(scope, receive_within_limits, send_and_close)

    def _most(self, path: str) -> int:
        return next((most for kind, most in self.larger.items() if kind.fullmatch(path)), self.max_bytes)


def _content_length(scope: Scope) -> int:
    """Return the length that the request names; the server has refused what is no number."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
