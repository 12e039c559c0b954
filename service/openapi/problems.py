"""How the API's description shows refusals: their one shape, who declares them, and an example of each."""

import inspect
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from service.http.problem_handlers import PROBLEM_JSON
from service.problems import tree as problems
from service.problems.tree import Problem, Retry, as_record

SHAPE = {"$ref": "#/components/schemas/ProblemOut"}
EXAMPLES = "#/components/examples/"
PATH = "/v1/connections/con_0199c0de7f3a7c4e8a01b2c3d4e5f607"
JsonObject = dict[str, Any]


class FaultOut(BaseModel):
    """One fault of a request: a JSON Pointer into its body, or the name of a parameter."""

    pointer: str | None = Field(description="RFC 6901; empty for the body as a whole, null for a parameter.")
    parameter: str | None = Field(description="The name of a path, query or header parameter.")
    code: str = Field(description="The fault as a word for programs; more may be added.")
    detail: str = Field(description="The fault as a sentence for people.")


class UpstreamOut(BaseModel):
    """What stands in the way on the other side."""

    model_config = ConfigDict(extra="allow")

    reason: str = Field(description="The cause as a word for programs; more may be added.")
    host: str = Field(description="The address that was asked.")


class ProblemOut(BaseModel):
    """A refusal (RFC 9457). `fix` says how to go on; further members depend on `type`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Where this kind of problem is explained.")
    title: str = Field(description="The kind of problem as a sentence.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened; each variable in it is also a member.")
    instance: str = Field(description="The path that was called.")
    code: str = Field(description="The last part of `type`: the problem as a word for programs.")
    fix: str = Field(description="How to go on, as a sentence.")
    user_message: str = Field(description="What to show to people.")
    doc_url: str = Field(description="Where to read more.")
    retry: Retry = Field(description="Whether the same request may work later.")
    request_id: str = Field(description="The operator finds the request by it; also in `Request-Id`.")
    errors: list[FaultOut] | SkipJsonSchema[None] = Field(None, description="Each fault of the request.")
    allowed_steps: list[str] | SkipJsonSchema[None] = Field(None, description="The steps possible now.")
    next_actions: list[JsonObject] | SkipJsonSchema[None] = Field(
        None, description="What to do next, as in the connection."
    )
    options: list[JsonObject] | SkipJsonSchema[None] = Field(
        None, description="Every choice, with `disabled` and `why`."
    )
    upstream: UpstreamOut | SkipJsonSchema[None] = Field(None, description="What the other side did.")
    required_scope: str | SkipJsonSchema[None] = Field(None, description="The scope that the token lacks.")


def problem_responses(*kinds: type[Problem]) -> dict[int | str, JsonObject]:
    """Return the `responses` of an endpoint that may refuse in these ways."""
    responses: dict[int | str, JsonObject] = {}
    for kind in kinds:
        declare(responses, kind, kind.status)
    return responses


def declare(responses: dict[Any, JsonObject], kind: type[Problem], status: int | str) -> None:
    """These responses tell of this problem too: what it means, and an example."""
    response = responses.setdefault(status, {"description": ""})
    media = response.setdefault("content", {}).setdefault(PROBLEM_JSON, {"schema": SHAPE, "examples": {}})
    if kind.slug not in media["examples"]:
        media["examples"][kind.slug] = {"$ref": EXAMPLES + kind.slug}
        response["description"] = f"{response['description']} `{kind.slug}`: {inspect.getdoc(kind)}".strip()


def problem_schemas() -> dict[str, JsonObject]:
    """Return the shape of every refusal, with the shapes inside it."""
    shape = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
    for member in shape["properties"].values():
        member.pop("default", None)  # left out is not the same as null
    return {**shape.pop("$defs", {}), "ProblemOut": shape}


def problem_examples(root: str) -> dict[str, JsonObject]:
    """Return an example of each kind of problem, as this node would answer it."""
    return {
        kind.slug: {
            "summary": kind.title,
            "value": {
                **as_record(_sample(kind), root),
                "instance": PATH,
                "request_id": "req_5f0c9e0b7d3a4c1f8e2b6a9d0c7f4e31",
            },
        }
        for kind in Problem.__subclasses__()
    }


def _sample(kind: type[Problem]) -> Problem:
    detail, members = SAMPLES.get(kind, (inspect.getdoc(kind) or "", {}))
    return kind(detail, **members)


_UPSTREAM = {"host": "https://parley.partner.example/i/partner"}
_WAY_OUT: JsonObject = {
    "connection": PATH.rsplit("/", maxsplit=1)[-1],
    "allowed_steps": ["destination", "details"],
    "next_actions": [],
}
SAMPLES: Mapping[type[Problem], tuple[str, JsonObject]] = {
    problems.MalformedJson: ("The body could not be read as JSON in UTF-8.", {}),
    problems.InvalidPageToken: ("This list did not give out this page token.", {}),
    problems.Unauthenticated: ("No credential was sent.", {}),
    problems.MissingScope: (
        "This needs the scope {required_scope}.",
        {"required_scope": "connections:write"},
    ),
    problems.NotFound: (
        "There is no connection {id}.",
        {"id": "con_0199c0de7f3a7c4e8a01b2c3d4e5f607"},
    ),
    problems.MethodNotAllowed: (
        "{method} is not possible here; possible: {allow}.",
        {"method": "PUT", "allow": "GET, POST"},
    ),
    problems.StepNotAllowed: (
        "The step {step} is not allowed now; allowed: {allowed}.",
        {"step": "mode", "allowed": "destination, details", **_WAY_OUT},
    ),
    problems.OptionNotAvailable: (
        "The mode {option} is not possible: {why}",
        {
            "option": "visual",
            "why": "Visual needs an admin to sign in on both sides.",
            "options": [
                {
                    "value": "visual",
                    "label": "Visual",
                    "disabled": True,
                    "why": "It needs admins on both sides.",
                },
                {"value": "script", "label": "Script", "disabled": False, "why": None},
            ],
            **_WAY_OUT,
        },
    ),
    problems.NameTaken: (
        "Another open connection of this instance has this name.",
        {
            "connection": "con_0199c0de7f3a7c4e8a01b2c3d4e5f607",
            "errors": [
                {
                    "pointer": "/name",
                    "parameter": None,
                    "code": "taken",
                    "detail": "Another connection has it.",
                }
            ],
        },
    ),
    problems.ConnectionClosed: ("It was closed: {reason}.", {"reason": "closed_here"}),
    problems.PayloadTooLarge: ("The body has more than {max_bytes} bytes.", {"max_bytes": 65_536}),
    problems.RequestTimeout: ("The body did not arrive within {max_seconds} seconds.", {"max_seconds": 10}),
    problems.UnsupportedMediaType: (
        "The body is {media_type}, and this endpoint reads {expected}.",
        {"media_type": "text/plain", "expected": "application/json"},
    ),
    problems.ValidationFailed: (
        "{count} fault(s) in the request.",
        {
            "count": 1,
            "errors": [
                {
                    "pointer": "/details/local_short_name",
                    "parameter": None,
                    "code": "missing",
                    "detail": "Field required",
                }
            ],
        },
    ),
    problems.RateLimited: (
        "This was done too often. Try again at {retry_at}.",
        {"retry_at": "2030-01-02T03:19:05Z", "limit": "wrong-sign-ins-by-account"},
    ),
    problems.DestinationUnreachable: (
        "The host refuses connections.",
        {"upstream": {"reason": "refused", **_UPSTREAM}},
    ),
    problems.DestinationUnknown: (
        "This is a Jira; where its node is, is not known.",
        {"upstream": {"reason": "node_unknown", **_UPSTREAM}, "platform": "jira"},
    ),
    problems.DestinationIncompatible: (
        "The other node's clock is 300 seconds ahead.",
        {"upstream": {"reason": "clock_skew", **_UPSTREAM}},
    ),
    problems.DestinationRefused: (
        "The other node answered: invalid_redirect_uri.",
        {"upstream": {"reason": "invalid_redirect_uri", **_UPSTREAM}},
    ),
}
