"""How the API describes itself: declared problems."""

from collections import defaultdict
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
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


VERSION = "0.1.0"
SUMMARY = "Sets up trusted connections between work-management instances."
DESCRIPTION = """
An admin gives the URL of the other side; Parley finds the node there, proves through a browser round trip that the
person is an admin *there*, and both nodes agree that the connection is active, with each other's keys and no shared
password.

**One idea carries the API: the resource tells the client what to do next.** Create a connection, perform the action
marked `primary` in `next_actions`, read the connection again, until it is `active`.
"""
TAGS = [
    {"name": "Connections", "description": "An agreement between two sides, set up step by step."},
    {"name": "Verification sessions", "description": "One attempt to prove admin access on the destination."},
    {"name": "Instances", "description": "The work-management systems that this node fronts."},
    {"name": "Discovery", "description": "What is at a URL, and what each platform can do."},
    {"name": "Access", "description": "Who is calling: service tokens and people's sign-in sessions."},
    {"name": "Operations", "description": "Health, the index and the catalogue of problems."},
    {"name": "Protocol", "description": "What nodes say to each other: OAuth 2, FAPI 2.0 profile."},
]


def install(app: FastAPI) -> None:
    """The description is made once, with the problem shape that every error answer refers to."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = complete(
                get_openapi(
                    title=app.title,
                    version=app.version,
                    summary=app.summary,
                    description=app.description,
                    routes=app.routes,
                    tags=app.openapi_tags,
                    separate_input_output_schemas=False,
                )
            )
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]  # FastAPI's own way to replace it


def complete(description: dict[str, Any]) -> dict[str, Any]:
    """Return the description with the shapes that the framework cannot see, and without those it made up."""
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    problem = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    schemas |= problem.pop("$defs", {})
    schemas["ProblemOut"] = problem
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return description
