"""The two pages that show the OpenAPI description: everything they load comes from this node."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse

from service.pages.rendering import html_response

# Both write styles at run time, so these may be inline. Scripts may not, and none may use eval.
_SHARED_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
)
_REDOC_POLICY = f"{_SHARED_POLICY}; worker-src blob:"  # its search runs in a worker made from a string


async def swagger_ui_page(request: Request) -> HTMLResponse:
    """Return the page on which the API can be read and tried."""
    return _docs_page(request, "swagger_ui.html", _SHARED_POLICY)


async def redoc_page(request: Request) -> HTMLResponse:
    """Return the page on which the API can be read from top to bottom."""
    return _docs_page(request, "redoc.html", _REDOC_POLICY)


def _docs_page(request: Request, template: str, policy: str) -> HTMLResponse:
    values = {
        "api_title": getattr(request.app, "title", "Parley"),
        "openapi_url": getattr(request.app, "openapi_url", None) or "/openapi.json",
    }
    return html_response(request, template, values, policy=policy)
