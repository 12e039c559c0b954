"""The two pages that show the OpenAPI description, and the files of all pages: everything comes from this node."""

from __future__ import annotations

from typing import Any

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from service.openapi.serving import PATH
from service.pages.rendering import STATIC_FOLDER, html_response

# Both write styles at run time, so these may be inline. Scripts may not, and none may use eval.
_SHARED_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
)
_REDOC_POLICY = f"{_SHARED_POLICY}; worker-src blob:"  # its search runs in a worker made from a string


class _Revalidated(StaticFiles):
    """Browsers keep the files, and ask each time whether they are still these: a new version changes them at once."""

    def file_response(self, *given: Any, **more: Any) -> Response:
        response = super().file_response(*given, **more)
        response.headers["Cache-Control"] = "no-cache"
        return response


def static_files() -> ASGIApp:
    """Return what serves scripts and styles, compressed: none of them has a secret that its length could give away."""
    return GZipMiddleware(_Revalidated(directory=STATIC_FOLDER), minimum_size=1_000, compresslevel=6)


async def swagger_ui_page(request: Request) -> HTMLResponse:
    """Return the page on which the API can be read and tried."""
    return _docs_page(request, "swagger_ui.html", _SHARED_POLICY)


async def redoc_page(request: Request) -> HTMLResponse:
    """Return the page on which the API can be read from top to bottom."""
    return _docs_page(request, "redoc.html", _REDOC_POLICY)


def _docs_page(request: Request, template: str, policy: str) -> HTMLResponse:
    values = {
        "api_title": getattr(request.app, "title", "Parley"),
        "openapi_url": PATH,
    }
    return html_response(request, template, values, policy=policy)
