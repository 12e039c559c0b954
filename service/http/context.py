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

        with structlog.contextvars.bound_contextvars(request_id=request_id), arrived(address, request_id):
            await self.app(scope, receive, send_with_headers)


def _request_id(scope: Scope) -> str:
    """Return the client's own id where it is harmless to log, else a fresh one."""
    for name, value in scope["headers"]:
        if name == b"request-id":
            given: str = value.decode("latin-1")
            if FROM_CLIENT.fullmatch(given):
                return given
    return f"req_{uuid4().hex}"
