"""The headers of every answer, as the API's description tells of them."""

from collections.abc import Iterator
from typing import Any

JsonObject = dict[str, Any]

ALWAYS = {
    "Request-Id": "Names the request; give it to the operator who looks for a fault.",
    "ETag": "The revision of the resource, for If-Match and If-None-Match (RFC 9110).",
    "Location": "The address of what was created, or where the browser goes next.",
    "WWW-Authenticate": "How to authenticate (RFC 9110, RFC 6750, RFC 9449).",
    "Retry-After": "In how many seconds to try again.",
    "Allow": "The methods that are possible here.",
}
SOMETIMES = {
    "Link": 'The next page, as rel="next" (RFC 8288); not on the last one.',
    "RateLimit-Policy": (
        "Each limit that this request was counted for: at most `q` in `w` seconds "
        "(draft-ietf-httpapi-ratelimit-headers); absent where a gateway limits instead."
    ),
    "Preference-Applied": "`wait=…` where the answer was waited for, as `Prefer` asked (RFC 7240).",
    "Idempotent-Replayed": "`true` where the request had been answered before: this is the first answer again.",
    "RateLimit": "What is left of each limit: `r` more within the next `t` seconds; absent like its policy.",
}
BY_STATUS = {
    "303": "Location",
    "304": "ETag",
    "401": "WWW-Authenticate",
    "405": "Allow",
    "424": "Retry-After",
    "429": "Retry-After",
    "503": "Retry-After",
}
TOO_OFTEN = "429"
SUCCESS = {"200", "201"}
TELLS_WHEN_TO_ASK_AGAIN = {"InvitationStatus"}
HAVE_A_TAG = {
    "ConnectionOut",
    "InstanceCreated",
    "InstanceOut",
    "InvitationIssued",
    "InvitationOut",
    "VerificationSessionOut",
}
HAVE_AN_ADDRESS = {
    "ConnectionOut",
    "InstanceCreated",
    "InvitationIssued",
    "InvitationOut",
    "SessionCreated",
    "VerificationSessionOut",
}


def header_components() -> dict[str, JsonObject]:
    """Return the description of each header, once."""
    text = {"type": "string"}
    return {
        **{name: {"description": what, "required": True, "schema": text} for name, what in ALWAYS.items()},
        **{name: {"description": what, "schema": text} for name, what in SOMETIMES.items()},
    }


def add_headers(
    operation: JsonObject, schemas: JsonObject, *, is_limited: bool, may_be_retried: bool
) -> None:
    """Each answer of the operation names the headers that it comes with."""
    is_cached = "304" in operation["responses"]
    for status, response in operation["responses"].items():
        names = {"Request-Id", *_headers(status, response, schemas)}
        if is_cached and status in SUCCESS:
            names.add("ETag")
        if any(parameter["name"] == "prefer" for parameter in operation.get("parameters", [])):
            names |= {"Preference-Applied"} if status in {*SUCCESS, "304"} else set()
        if may_be_retried and status in SUCCESS:
            names.add("Idempotent-Replayed")
        if is_limited:
            names |= {"RateLimit", "RateLimit-Policy"}
        known = response.setdefault("headers", {})
        known |= {name: {"$ref": f"#/components/headers/{name}"} for name in sorted(names)}


def _headers(status: str, response: JsonObject, schemas: JsonObject) -> Iterator[str]:
    content = response.get("content", {})
    is_page = list(content) == ["text/html"]
    if status in BY_STATUS and (status == TOO_OFTEN or not is_page):
        yield BY_STATUS[status]
    if status not in SUCCESS:
        return
    shape = content.get("application/json", {}).get("schema", {})
    name = shape.get("$ref", "").rsplit("/", maxsplit=1)[-1]
    if name in TELLS_WHEN_TO_ASK_AGAIN:
        yield "Retry-After"
    if name in HAVE_A_TAG:
        yield "ETag"
    if status == "201" and name in HAVE_AN_ADDRESS:
        yield "Location"
    if "next_page_token" in schemas.get(name, {}).get("properties", {}):
        yield "Link"
