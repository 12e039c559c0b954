"""Every error becomes an RFC 9457 answer here: JSON for clients, a page for browsers."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from service import problems
from service.problems import Problem
from service.state_machine import IllegalTransition

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_SECONDS = "5"
log = structlog.get_logger(__name__)

ProblemPage = Callable[[Request, Problem, str], Response]


def install(app: FastAPI, page: ProblemPage) -> None:
    """Make every refusal and every fault of `app` a problem; browsers get it as a page."""

    async def on_problem(request: Request, error: Exception) -> Response:
        problem = _as_problem(request, error)
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("request_failed", slug=problem.slug, error=type(error).__name__, exc_info=error)
        return respond(request, problem, page)

    for kind in (
        Problem,
        RequestValidationError,
        HTTPException,
        IllegalTransition,
        OperationalError,
        InterfaceError,
        Exception,
    ):
        app.add_exception_handler(kind, on_problem)


def respond(request: Request, problem: Problem, page: ProblemPage) -> Response:
    """Return the problem in the form that the client reads."""
    headers = dict(problem.headers)
    if problem.status in {HTTPStatus.FAILED_DEPENDENCY, HTTPStatus.SERVICE_UNAVAILABLE}:
        headers.setdefault("Retry-After", RETRY_AFTER_SECONDS)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="parley"')
    if prefers_html(request):
        response = page(request, problem, request_id(request))
        response.headers.update(headers)
        return response
    return JSONResponse(body(request, problem), problem.status, headers, PROBLEM_JSON)


def body(request: Request, problem: Problem) -> dict[str, Any]:
    """Return the members of RFC 9457, section 3, and ours."""
    members = as_record(problem, request.app.state.settings.public_url)
    return {**members, "instance": request.url.path, "request_id": request_id(request)}


def as_record(problem: Problem, root: str) -> dict[str, Any]:
    """Return what a problem says apart from the request that met it; this is also kept as `last_error`."""
    type_url = f"{root}/v1/problem-types/{problem.slug}"
    return {
        "type": type_url,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.slug,
        "fix": problem.fix,
        "user_message": f"{problem.title}. {problem.detail}",
        "doc_url": type_url,
        "retry": problem.retry,
        **problem.members,
    }


def request_id(request: Request) -> str:
    """Return the id that the middleware gave to this request."""
    return str(request.scope.get("request_id", ""))


def prefers_html(request: Request) -> bool:
    """True where the client names HTML before JSON, as browsers do."""
    accept = request.headers.get("accept", "")
    return "text/html" in accept and "application/json" not in accept.split("text/html", maxsplit=1)[0]


def _as_problem(request: Request, error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return _from_validation(error)
        case HTTPException():
            return _from_http(request, error)
        case IllegalTransition():
            return problems.StepNotAllowed(
                "Not possible in the state {state}.", state=error.state, allowed_steps=[], next_actions=[]
            )
        case OperationalError() | InterfaceError():
            return problems.Unavailable("The database did not answer.")
        case _:
            return problems.Internal("The fault was logged; nothing was changed.")


def _from_http(request: Request, error: HTTPException) -> Problem:
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            return problems.NotFound("There is nothing at {path}.", path=request.url.path)
        case HTTPStatus.METHOD_NOT_ALLOWED:
            allow = ", ".join(sorted(allowed_methods(request)))
            return problems.MethodNotAllowed(
                "{method} is not possible here; possible: {allow}.",
                method=request.method,
                allow=allow,
                headers={"Allow": allow},
            )
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return problems.PayloadTooLarge(
                "The body has more than {max_bytes} bytes.", max_bytes=request.app.state.max_body_bytes
            )
        case HTTPStatus.BAD_REQUEST:
            return problems.MalformedJson("The body could not be read as JSON in UTF-8.")
        case _:
            return problems.Internal("The fault was logged; nothing was changed.")


def allowed_methods(request: Request) -> set[str]:
    """Return every method that some route has at this path; the framework names those of the first one only."""
    found: set[str] = set()
    for route in request.app.routes:
        matched, _ = route.matches(request.scope)
        if matched is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return found


def _from_validation(error: RequestValidationError) -> Problem:
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        return problems.MalformedJson("The body could not be read as JSON in UTF-8.")
    errors = [_fault(fault) for fault in faults]
    return problems.ValidationFailed("{count} fault(s) in the request.", count=len(errors), errors=errors)


def _fault(fault: dict[str, Any]) -> dict[str, str | None]:
    """Point at one fault: a JSON Pointer (RFC 6901) into the body, or the name of a parameter."""
    source, *path = fault["loc"]
    in_body = source == "body"
    tags = {"public", "private", "local"}  # pydantic puts the tag of a discriminated union into the path
    steps = [
        str(step) for index, step in enumerate(path) if not (index == 0 and step in tags and len(path) > 1)
    ]
    pointer = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
    return {
        "pointer": pointer if in_body else None,
        "parameter": None if in_body else ".".join(steps),
        "code": str(fault["type"]),
        "detail": str(fault["msg"]),
    }
