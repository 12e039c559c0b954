"""Around every request: its id, its log context, the headers that each answer has, and one line for each failure."""

import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.acting import arrived

FROM_CLIENT = re.compile(r"[A-Za-z0-9_.-]{8,80}")
SERVER_ERROR = 500
log = structlog.get_logger(__name__)


class HttpContext:
    """Pure ASGI: gives the request an id, and the answer `Request-Id` and the headers that do no harm anywhere."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; a lifespan or other message passes through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = scope["request_id"] = _request_id(scope)
        address = (scope.get("client") or (None,))[0]
        # No name has a NUL, and PostgreSQL takes none; like what is no UTF-8, it arrives as the sign for that.
        scope["path"] = scope["path"].replace("\x00", "\ufffd")
        started = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Request-Id"] = request_id
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Cache-Control", "no-store")
                if self.https:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
                if message["status"] >= SERVER_ERROR:
                    milliseconds = round((time.perf_counter() - started) * 1000, 1)
                    log.error(
                        "answered",
                        path=scope["path"],
                        method=scope["method"],
                        status=message["status"],
                        ms=milliseconds,
                    )
            await send(message)

        app = _without_content(self.app) if scope["method"] == "HEAD" else self.app
        with structlog.contextvars.bound_contextvars(request_id=request_id), arrived(address, request_id):
            await app(scope, receive, send_with_headers)


def _without_content(app: ASGIApp) -> ASGIApp:
    """Return the application that answers as to GET, and keeps the content to itself (RFC 9110, 9.3.2).

    An answer ends with its headers, also one that would go on for ever. Who counts and logs still sees a HEAD.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        as_get, is_over = {**scope, "method": "GET"}, False

        async def send_headers(message: Message) -> None:
            nonlocal is_over
            if not is_over:
                is_over = message["type"] == "http.response.body"
                await send({"type": "http.response.body", "body": b""} if is_over else message)

        try:
            await app(as_get, receive, send_headers)
        finally:
            scope["route"] = as_get.get("route")

    return answer


def _request_id(scope: Scope) -> str:
    """Return the client's own id where it is harmless to log, else a fresh one."""
    for name, value in scope["headers"]:
        if name == b"request-id":
            given: str = value.decode("latin-1")
            if FROM_CLIENT.fullmatch(given):
                return given
    return f"req_{uuid4().hex}"
