"""A refusal at a browser's endpoint is always a page, whatever the client reads, and never a redirect."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from service.http.problem_handlers import request_id
from service.pages.rendering import render
from service.pages.views import ProblemView
from service.problems.tree import Problem
from service.protocol.errors import OAuthError

PAGE = {"text/html": {"schema": {"type": "string"}}}
"""How the description of the API names a page."""


class PageRefused(Exception):
    """Something cannot be shown or done; the person reads why, and what to do."""

    def __init__(self, status: int, title: str, detail: str, fix: str) -> None:
        self.status = status
        self.title = title
        self.detail = detail
        self.fix = fix
        super().__init__(title)


class PageRoute(APIRoute):
    """An endpoint for people: every refusal of its is a page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler that answers with pages only."""
        handler: Callable[[Request], Any] = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                response: Response = await handler(request)
            except (PageRefused, Problem, OAuthError) as refusal:
                return refusal_page(request, refusal)
            return response

        return answer


def refusal_page(request: Request, refusal: PageRefused | Problem | OAuthError) -> Response:
    """Return the page that says why, and what to do."""
    request.scope["refusal"] = {"code": _code(refusal)}
    if isinstance(refusal, OAuthError):
        title, fix = "This address is not valid", "Go back to where you came from and start again."
        view = ProblemView(400, title, refusal.description, fix, request_id(request))
    else:
        view = ProblemView(refusal.status, refusal.title, refusal.detail, refusal.fix, request_id(request))
    page = render(request, view)
    page.headers.update(refusal.headers if isinstance(refusal, Problem) else {})
    return page


def _code(refusal: PageRefused | Problem | OAuthError) -> str:
    match refusal:
        case Problem():
            return str(refusal.members.get("reason", refusal.slug))
        case OAuthError():
            return refusal.error
        case _:
            return refusal.title
