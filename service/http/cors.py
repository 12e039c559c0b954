"""Which pages of other origins may call the API from a browser: those that the operator lists, without any cookie.

CORS, as the Fetch standard says it. A page sends a bearer, its own or a person's session; cookies belong to the pages
of this node alone, so nothing that a browser holds for this node can be used from elsewhere.
"""

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SENT = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
)
READ = (
    "ETag",
    "Idempotent-Replayed",
    "Link",
    "Location",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Request-Id",
    "Retry-After",
    "WWW-Authenticate",
)
REMEMBERED_SECONDS = 7_200
OF_THE_API = ("/v1/", "/openapi.json")


class Cors(CORSMiddleware):
    """Pure ASGI, the framework's own: the API is open to these origins, pages and protocol to none."""

    def __init__(self, app: ASGIApp, *, origins: Collection[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=(*SENT, "Request-Id"),
            expose_headers=READ,
            allow_private_network=True,
            max_age=REMEMBERED_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; what no page of another origin has to call passes through."""
        if scope["type"] == "http" and is_open(scope["path"]):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def is_open(path: str) -> bool:
    """True for the API and its description, and its index."""
    return path == "/" or path.startswith(OF_THE_API)


def readable(request: Request) -> dict[str, str]:
    """Return the headers of an answer that does not pass the middleware, that to a fault: its page may read it too."""
    origin = request.headers.get("origin", "")
    if origin not in request.app.state.settings.cors_origins or not is_open(request.url.path):
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": ", ".join(READ),
        "Vary": "Origin",
    }
