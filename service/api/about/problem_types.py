"""The catalogue of problems, made from the classes that the code raises; browsers get it as a page."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.requests import Request

from service.http.problem_handlers import prefers_html
from service.http.queries import ApiRoute
from service.openapi.document import problem_responses
from service.pages.rendering import html_response
from service.problems.tree import NotFound, Problem, Retry

router = APIRouter(prefix="/v1/problem-types", tags=["Operations"], route_class=ApiRoute)

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'none'"
)
PAGE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {"schema": {"type": "string"}}}},
}
RETRIES: Mapping[Retry, str] = {
    Retry.NEVER: "The same request will never work.",
    Retry.AFTER_DELAY: "The same request may work a little later.",
    Retry.NEW_REQUEST: "A changed request may work.",
}


class ProblemTypeOut(BaseModel):
    """One kind of refusal: when it happens, and the way out."""

    type: str = Field(description="What a problem of this kind has as its `type`; this page.")
    code: str = Field(description="The kind as a word for programs.")
    status: int = Field(description="The HTTP status.")
    title: str = Field(description="The kind as a sentence.")
    description: str = Field(description="When it happens.")
    fix: str = Field(description="How to go on.")
    retry: Retry = Field(description="Whether the same request may work later.")


class ProblemTypeList(BaseModel):
    """Every kind of refusal of the REST API."""

    object: Literal["list"] = "list"
    items: list[ProblemTypeOut]


def all_problems() -> dict[str, type[Problem]]:
    """Return every kind of problem by its slug, in the order of the tree."""
    return {kind.slug: kind for kind in Problem.__subclasses__()}


def _describe(kind: type[Problem], root: str) -> ProblemTypeOut:
    return ProblemTypeOut(
        type=f"{root}/v1/problem-types/{kind.slug}",
        code=kind.slug,
        status=kind.status,
        title=kind.title,
        description=inspect.getdoc(kind) or "",
        fix=kind.fix,
        retry=kind.retry,
    )


@router.get(
    "",
    operation_id="listProblemTypes",
    summary="Every kind of refusal",
    response_model=ProblemTypeList,
    responses=PAGE,
)
async def list_problem_types(request: Request) -> ProblemTypeList | Response:
    """What can go wrong, and what to do about it; as a page for browsers."""
    root = request.app.state.settings.public_url
    found = [_describe(kind, root) for kind in all_problems().values()]
    if prefers_html(request):
        return _page(request, "Every kind of problem", found)
    return ProblemTypeList(items=found)


@router.get(
    "/{code}",
    operation_id="getProblemType",
    summary="One kind of refusal",
    response_model=ProblemTypeOut,
    responses={**PAGE, **problem_responses(NotFound)},
)
async def get_problem_type(
    code: Annotated[str, Path(description="The `code` of a problem.", examples=["step-not-allowed"])],
    request: Request,
) -> ProblemTypeOut | Response:
    """This is where the `type` of a problem leads; as a page for browsers."""
    kind = all_problems().get(code)
    if kind is None:
        raise NotFound("There is no problem type {problem_type}.", problem_type=code)
    found = _describe(kind, request.app.state.settings.public_url)
    return _page(request, found.title, [found]) if prefers_html(request) else found


def _page(request: Request, title: str, types: Sequence[ProblemTypeOut]) -> Response:
    values = {"title": title, "types": types, "retries": RETRIES}
    return html_response(request, "problem_types.html", values, policy=POLICY)
