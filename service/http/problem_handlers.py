"""Every error becomes an RFC 9457 answer here: JSON for clients, a page for browsers."""

import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount

from service.database.trouble import trouble_of
from service.http.cors import readable
from service.problems import tree as problems
from service.problems.tree import Problem, as_record
from service.trust.tokens import without_codes
from service.values.state_machine import IllegalTransition

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_SECONDS = "5"
# HttpContext says this of each answer that passes it; that to a fault of ours does not.
EVERYWHERE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
log = structlog.get_logger(__name__)


class _ProblemResponse(JSONResponse):
    """A problem as JSON. What a client sent comes back as it was, lone surrogates too, which UTF-8 has not."""

    media_type = PROBLEM_JSON

    def render(self, content: object) -> bytes:
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "backslashreplace"
        )


ProblemPage = Callable[[Request, Problem, str], Response]


def install(app: FastAPI, page: ProblemPage) -> None:
    """Make every refusal and every fault of `app` a problem; browsers get it as a page."""

    async def on_problem(request: Request, error: Exception) -> Response:
        problem = _as_problem(request, error)
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            is_fault = isinstance(problem, problems.Internal)
            log.log(
                logging.ERROR if is_fault else logging.WARNING,
                "request_failed",
                slug=problem.slug,
                error=type(error).__name__,
                # A fault of ours is handled outside of the middleware that gives each line the request's id.
                request_id=request_id(request),
                method=request.method,
                path=without_codes(request.url.path),
                # Where the database is away, each of many refusals would say the same over pages.
                exc_info=error if is_fault else None,
            )
        response = respond(request, problem, page)
        if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            response.headers.update(readable(request))
        return response

    for kind in (
        Problem,
        RequestValidationError,
        HTTPException,
        IllegalTransition,
        SQLAlchemyError,
        Exception,
    ):
        app.add_exception_handler(kind, on_problem)


def respond(request: Request, problem: Problem, page: ProblemPage) -> Response:
    """Return the problem in the form that the client reads."""
    request.scope["refusal"] = {"code": problem.members.get("reason", problem.slug)}
    headers = {"Request-Id": request_id(request), **EVERYWHERE, **problem.headers}
    if problem.status in {HTTPStatus.FAILED_DEPENDENCY, HTTPStatus.SERVICE_UNAVAILABLE}:
        headers.setdefault("Retry-After", RETRY_AFTER_SECONDS)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="parley"')
    if prefers_html(request):
        response = page(request, problem, request_id(request))
        response.headers.update(headers)
        return response
    return _ProblemResponse(body(request, problem), problem.status, headers)


def body(request: Request, problem: Problem) -> dict[str, Any]:
    """Return the members of RFC 9457, section 3, and ours."""
    members = as_record(problem, request.app.state.settings.public_url)
    return {**members, "instance": without_codes(request.url.path), "request_id": request_id(request)}


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
            return _from_validation(request, error)
        case HTTPException():
            return _from_http(request, error)
        case IllegalTransition():
            return problems.StepNotAllowed(
                "Not possible in the state {state}.", state=error.state, allowed_steps=[], next_actions=[]
            )
        case SQLAlchemyError() if trouble := trouble_of(error):
            return problems.Unavailable(trouble.sentence)
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
        case HTTPStatus.REQUEST_TIMEOUT:
            return problems.RequestTimeout(
                "The body did not arrive within {max_seconds} seconds.",
                max_seconds=request.app.state.max_body_seconds,
            )
        case HTTPStatus.BAD_REQUEST:
            return problems.MalformedJson("The body could not be read as JSON in UTF-8.")
        case _:
            return problems.Internal("The fault was logged; nothing was changed.")


def allowed_methods(request: Request) -> set[str]:
    """Return every method that some route has at this path; the framework names those of the first one only."""
    allowed = {
        method for method in METHODS if any(_answers(route, request, method) for route in request.app.routes)
    }
    return allowed | {"HEAD"} if "GET" in allowed else allowed


def _answers(route: BaseRoute, request: Request, method: str) -> bool:
    if isinstance(route, Mount) and method != "GET":
        return False  # files
    scope = request.scope  # a mount has moved its root
    root = scope.get("app_root_path", scope.get("root_path", ""))
    matched, _ = route.matches({**scope, "root_path": root, "method": method})
    return matched is Match.FULL


def _from_validation(request: Request, error: RequestValidationError) -> Problem:
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        return problems.MalformedJson("The body could not be read as JSON in UTF-8.")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    unread = any(fault["loc"] == ("body",) and isinstance(fault["input"], bytes) for fault in faults)
    if unread:
        return problems.UnsupportedMediaType(
            "The body is {media_type}, and this endpoint reads {expected}.",
            media_type=media_type or "of no named type",
            expected="application/json",
        )
    errors = [_fault(fault, error.body) for fault in faults if fault["type"] != "none_required"]
    return problems.ValidationFailed("{count} fault(s) in the request.", count=len(errors), errors=errors)


def _fault(fault: dict[str, Any], sent: object) -> dict[str, str | None]:
    """Point at one fault: a JSON Pointer (RFC 6901) into the body, or the name of a parameter."""
    source, *path = fault["loc"]
    in_body = source == "body"
    return {
        "pointer": _pointer(path, sent) if in_body else None,
        "parameter": None if in_body else str(path[0]),
        "code": str(fault["type"]),
        "detail": str(fault["msg"]).removeprefix("Value error, "),
    }


def _pointer(path: list[str | int], sent: object) -> str:
    """Return the path in what was sent; pydantic also names the branches of unions, and that a name is meant."""
    pointer, last = "", len(path) - 1
    for index, step in enumerate(path):
        match sent, step:
            case dict(), str() if step in sent:
                sent = sent[step]
            case list(), int() if step < len(sent):
                sent = sent[step]
            case _ if index < last or step == "[key]":
                continue
            case _, str() if not isinstance(sent, dict):
                continue  # the name of the shape that was expected
        pointer += "/" + str(step).replace("~", "~0").replace("/", "~1")
    return pointer
