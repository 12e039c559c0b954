"""How the API describes itself: what the framework writes, completed by what holds for every operation."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.limits.table import Voice, find_limited
from service.openapi.examples import add_examples
from service.openapi.headers import add_headers, header_components
from service.openapi.problems import declare, problem_examples, problem_responses, problem_schemas
from service.problems import tree as problems

__all__ = ["DESCRIPTION", "SUMMARY", "TAGS", "install", "problem_responses"]

LICENSE = {"name": "Apache License 2.0", "identifier": "Apache-2.0"}
SUMMARY = "Sets up trusted connections between work-management instances."
DESCRIPTION = """
An admin gives the URL of the other side; Parley finds the node there, proves through a browser round trip that the
person is an admin *there*, and both nodes agree that the connection is active, with each other's keys and no shared
password.

**One idea carries the API: the resource tells the client what to do next.** Create a connection, perform the action
marked `primary` in `next_actions`, read the connection again, until it is `active`.

Every refusal is a problem (RFC 9457): `detail` says what happened, `fix` how to go on, `retry` whether the same
request may work later. `GET /v1/problem-types` lists them all.

Whatever answers GET answers HEAD in the same way, without the content.
"""
TAGS = [
    {"name": "Connections", "description": "An agreement between two sides, set up step by step."},
    {"name": "Verification sessions", "description": "One attempt to prove admin access on the destination."},
    {
        "name": "Invitations",
        "description": "For a side without a URL, or where nobody has admin access on both: one side issues a code, "
        "shown once; the other previews it, accepts or rejects it on its own node; the inviter confirms who accepted, "
        "and both are active. A private side takes part by dialling out only.",
    },
    {
        "name": "Messages",
        "description": "What an active connection carries for whoever uses it: in order, none lost, none twice.",
    },
    {"name": "Instances", "description": "The work-management systems that this node fronts."},
    {"name": "Discovery", "description": "What is at a URL, and what each platform can do."},
    {"name": "Events", "description": "What happened, as a log, a stream and webhooks."},
    {"name": "Access", "description": "Who is calling: service tokens and people's sign-in sessions."},
    {"name": "Operations", "description": "Health, the index and the catalogue of problems."},
    {"name": "Protocol", "description": "What nodes say to each other: OAuth 2, FAPI 2.0 profile."},
]
DONE = {
    "200": "As asked.",
    "201": "Created.",
    "202": "Accepted; it is done soon.",
    "204": "Done; there is nothing to show.",
    "303": "Where the browser goes next.",
}
NO_DATABASE = {
    "/",
    "/livez",
    "/v1/lifecycle",
    "/v1/platforms",
    "/v1/problem-types",
    "/v1/problem-types/{code}",
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": (
        "A fresh key of your own for each new request, for example a UUID. Sent again with the same key within 24 "
        "hours, the request does nothing a second time and gets the first answer, with `Idempotent-Replayed: true`. A "
        "refusal is not kept: what changed nothing may be tried again with its key."
    ),
    # No example: who takes examples literally would send one key with every request.
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!#-~]+$"},
}
CONSTRAINTS = {"pattern", "minLength", "maxLength", "enum", "format", "minimum", "maximum"}
JsonObject = dict[str, Any]
Operations = Iterator[tuple[str, str, JsonObject]]


def install(app: FastAPI) -> None:
    """The description is made once, when it is first asked for."""

    def describe() -> JsonObject:
        if app.openapi_schema is None:
            root: str = app.state.settings.public_url
            framework = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
                license_info=LICENSE,
                servers=_servers(root),
            )
            app.openapi_schema = complete(framework, root)
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]  # FastAPI's own way to replace it


def _servers(root: str) -> list[JsonObject]:
    """Return this node as whoever reads the description has reached it, and as others do."""
    path = urlsplit(root).path.rstrip("/")
    return [
        {"url": path or "/", "description": "The node that served this description."},
        {"url": root, "description": "The same node, by the address that other nodes know."},
    ]


def complete(description: JsonObject, root: str) -> JsonObject:
    """Return the description with what the framework cannot see, and without what it made up."""
    components = description.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas |= problem_schemas()
    components |= {"examples": problem_examples(root), "headers": header_components()}
    for path, method, operation in operations(description):
        _name(operation)
        if method == "post" and "security" in operation:
            _declare_retries(operation)
        _declare_by_nature(path, operation)
        limited = find_limited(method.upper(), path)
        if limited is not None and limited.voice is Voice.API:
            declare(operation["responses"], problems.RateLimited, "429")
            operation["responses"] = dict(sorted(operation["responses"].items()))
        may_be_retried = IDEMPOTENCY_KEY in operation.get("parameters", [])
        add_headers(operation, schemas, is_limited=limited is not None, may_be_retried=may_be_retried)
        add_examples(operation)
    for made_up in ("HTTPValidationError", "ValidationError"):
        schemas.pop(made_up, None)
    _list_scopes(description)
    _require_what_is_always_sent(description)
    used = {operation["tags"][0] for _, _, operation in operations(description)}
    description["tags"] = [tag for tag in description["tags"] if tag["name"] in used]
    return description


def operations(description: JsonObject) -> Operations:
    """Yield each operation with its path and its method."""
    for path, item in description["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def is_for_programs(operation: JsonObject) -> bool:
    """True for the REST API; pages speak HTML, and the protocol speaks RFC 6749."""
    return operation["tags"] != ["Protocol"] and speaks_json(operation)


def speaks_json(operation: JsonObject) -> bool:
    """True for what programs and other nodes call; pages speak HTML."""
    success = next(operation["responses"][status] for status in DONE if status in operation["responses"])
    return "204" in operation["responses"] or "application/json" in success.get("content", {})


def _name(operation: JsonObject) -> None:
    """The operation stands under one tag, says which scope it needs, and what each parameter is."""
    operation["tags"] = operation["tags"][-1:]
    for scope in sorted(_scopes(operation)):
        if f"`{scope}`" not in operation["description"]:
            operation["description"] += f"\n\nNeeds the scope `{scope}`."
    for status, text in DONE.items():
        if operation["responses"].get(status, {}).get("description") == "Successful Response":
            operation["responses"][status]["description"] = text
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            noun = parameter["name"].removesuffix("_id").replace("_", " ")
            parameter.setdefault("description", f"The id of the {noun}.")


def _scopes(operation: JsonObject) -> set[str]:
    return {scope for need in operation.get("security", []) for scope in need.get("bearer", [])}


def _list_scopes(description: JsonObject) -> None:
    """The credential's own description names every scope that some operation needs."""
    scopes = {scope for _, _, operation in operations(description) for scope in _scopes(operation)}
    listed = ", ".join(f"`{scope}`" for scope in sorted(scopes))
    description["components"]["securitySchemes"]["bearer"]["description"] += f" Scopes: {listed}."


def _declare_by_nature(path: str, operation: JsonObject) -> None:
    """What each operation of a kind may answer is declared here, so that no author can forget it."""
    responses = operation["responses"]
    if "application/json" in responses.get("422", {}).get("content", {}):
        del responses["422"]
    if not is_for_programs(operation):
        return
    kinds: list[type[problems.Problem]] = [problems.Internal]
    if path not in NO_DATABASE:
        kinds.append(problems.Unavailable)
    if "security" in operation:
        kinds.append(problems.Unauthenticated)
        if any(need.get("bearer") for need in operation["security"]):
            kinds.append(problems.MissingScope)
    if "application/json" in operation.get("requestBody", {}).get("content", {}):
        kinds += [problems.MalformedJson, problems.PayloadTooLarge, problems.UnsupportedMediaType]
        kinds.append(problems.RequestTimeout)
        kinds.append(problems.ValidationFailed)
    if path.startswith("/v1/"):  # a parameter that is not known, or is there twice
        kinds.append(problems.ValidationFailed)
    if any(CONSTRAINTS & set(parameter["schema"]) for parameter in operation.get("parameters", [])):
        kinds.append(problems.ValidationFailed)
    for kind in kinds:
        declare(responses, kind, str(kind.status))
    operation["responses"] = dict(sorted(responses.items()))


def _declare_retries(operation: JsonObject) -> None:
    """Whoever gets no answer may send the same request again, and nothing is done twice."""
    operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    for kind in (problems.IdempotencyInProgress, problems.IdempotencyKeyReused):
        declare(operation["responses"], kind, str(kind.status))


def _require_what_is_always_sent(description: JsonObject) -> None:
    """Every field of an answer is there, so clients need not ask; only a request may leave something out."""
    schemas = description["components"]["schemas"]
    asked, answered = set[str](), set[str]()
    for _, _, operation in operations(description):
        _collect(operation.get("requestBody"), schemas, asked)
        _collect(operation.get("parameters"), schemas, asked)
        for status, response in operation["responses"].items():
            if status in DONE:
                _collect(response, schemas, answered)
    for name in answered - asked:
        if "properties" in schemas[name]:
            schemas[name]["required"] = list(schemas[name]["properties"])


def _collect(node: object, schemas: JsonObject, found: set[str]) -> None:
    """Add the name of every schema below this node, references followed."""
    match node:
        case {"$ref": str(reference)} if reference.startswith("#/components/schemas/"):
            name = reference.rsplit("/", maxsplit=1)[-1]
            if name not in found:
                found.add(name)
                _collect(schemas[name], schemas, found)
        case dict():
            for value in node.values():
                _collect(value, schemas, found)
        case list():
            for value in node:
                _collect(value, schemas, found)
        case _:
            pass
