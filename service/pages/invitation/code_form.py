"""The form that takes the code of an invitation, again with the reason where one could not be used."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from service.instances.models import Instance
from service.invitations.invitation.codes import PAGE_PATH
from service.invitations.invited.preview import Inspection, as_problem
from service.pages.rendering import render
from service.pages.views import CodeView, Obstacle


def page_path(instance: Instance) -> str:
    """Return where this page is on the node."""
    return f"/i/{instance.slug}{PAGE_PATH}"


def show_form(
    request: Request,
    instance: Instance,
    obstacle: Obstacle | None = None,
    *,
    typed: str = "",
    status: int = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> Response:
    """Return the page that takes a code; its script takes the code out of the address."""
    view = CodeView(instance.name, page_path(instance), obstacle, typed)
    return render(request, view, status=HTTPStatus.OK if obstacle is None else status)


def show_again(request: Request, found: Inspection, typed: str) -> Response:
    """Return the form with the reason: another code may work, or this one later."""
    problem = as_problem(found)
    request.scope["refusal"] = {"code": str(problem.members.get("reason", problem.slug))}
    obstacle = Obstacle(found.detail, found.fix or problem.fix)
    page = show_form(request, found.instance, obstacle, typed=typed, status=problem.status)
    page.headers.update(problem.headers)
    return page
