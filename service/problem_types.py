"""The catalogue of problems, made from the classes that the code raises."""

import inspect
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request

from service.openapi import problem_responses
from service.problems import Internal, NotFound, Problem, Retry

router = APIRouter(prefix="/v1/problem-types", tags=["Operations"])


class ProblemTypeOut(BaseModel):
    """One kind of refusal: when it happens, and the way out."""

    type: str
    code: str
    status: int
    title: str
    description: str
    fix: str
    retry: Retry


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
    responses=problem_responses(Internal),
)
async def list_problem_types(request: Request) -> ProblemTypeList:
    """What can go wrong, and what to do about it."""
    root = request.app.state.settings.public_url
    return ProblemTypeList(items=[_describe(kind, root) for kind in all_problems().values()])


@router.get(
    "/{code}",
    operation_id="getProblemType",
    summary="One kind of refusal",
    responses=problem_responses(NotFound, Internal),
)
async def get_problem_type(code: str, request: Request) -> ProblemTypeOut:
    """This is where the `type` of a problem leads."""
    kind = all_problems().get(code)
    if kind is None:
        raise NotFound("There is no problem type {problem_type}.", problem_type=code)
    return _describe(kind, request.app.state.settings.public_url)
