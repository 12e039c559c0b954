"""How the API describes itself: declared problems."""

from collections import defaultdict
from typing import Any

from pydantic import BaseModel, ConfigDict

from service.problems import Problem, Retry


class FaultOut(BaseModel):
    """One fault of a request: a JSON Pointer into its body, or the name of a parameter."""

    pointer: str | None
    parameter: str | None
    code: str
    detail: str


class ProblemOut(BaseModel):
    """A refusal (RFC 9457). `fix` says how to go on; further members depend on `type`."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    fix: str
    user_message: str
    doc_url: str
    retry: Retry
    request_id: str
    errors: list[FaultOut] | None = None


def problem_responses(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of an endpoint that may refuse in these ways."""
    by_status: dict[int, list[type[Problem]]] = defaultdict(list)
    for kind in kinds:
        by_status[kind.status].append(kind)
    return {
        status: {
            "description": " ".join(f"`{kind.slug}`: {kind.__doc__}" for kind in same),
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
        }
        for status, same in by_status.items()
    }
