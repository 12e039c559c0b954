"""Beyond the tool's own checks: what the schema allows is refused only for what no schema tells."""

import json
import re
from collections.abc import Sequence
from typing import Any

import schemathesis
from schemathesis.openapi.checks import UseAfterFree

# Problems of the state of the world; their meaning is in the catalogue.
OF_THE_WORLD = {
    "unauthenticated",
    "missing-scope",
    "not-an-admin",
    "not-found",
    "step-not-allowed",
    "option-not-available",
    "name-taken",
    "instance-private",
    "connection-closed",
    "verification-expired",
    "verification-denied",
    "verification-cancelled",
    "stale-revision",
    "url-not-allowed",
    "invalid-page-token",
    "destination-unreachable",
    "destination-unknown",
    "destination-incompatible",
    "destination-refused",
    "platform-unreachable",
    "rate-limited",
    "invitation-unknown",
    "idempotency-key-reused",
    "idempotency-in-progress",
    "invitation-unusable",
    "both-sides-private",
    "instance-paused",
}
# Operation -> where a fault may be that only meaning shows, and why the schema does not tell it.
OF_MEANING: dict[str, Sequence[str]] = {
    "createConnection": [
        "/instance",  # may be left out by who has exactly one
        "/details/destination_short_name",  # differs from the other one
    ],
    "setDetails": ["/destination_short_name"],
    "updateConnection": ["/destination_short_name"],
    "probeDestination": ["/instance"],
    "createInstance": [
        "/platform",  # the names are a matter of what is installed
        "/url",  # needed for all but the sandbox
        "/return_urls/[0-9]+",
        "/credential/.*",  # its methods and their fields are the platform's
        "/oauth_client.*",  # whether there is a page to sign in on is the platform's matter too
    ],
    "changeInstance": ["/return_urls/[0-9]+", "/credential/.*", "/oauth_client.*"],
    "createVerificationSession": ["/mode"],  # goes with one purpose only
    "createInvitation": [
        "/expires_at",  # in the future, and not too far
        "/expected_partner",  # a node's URL, and not this node's
    ],
    "previewInvitation": ["/instance"],
    "acceptInvitation": ["/instance", "/destination_short_name"],
    "rejectInvitation": ["/instance"],
    "moveInstance": ["/url"],  # the same tracker answers there
    "createSession": ["/method", "/values/.*"],
    "createAccessToken": [
        "/instances",  # some, or all of them
        "/expires_at",  # in the future, and within the caller's own time
    ],
}

# What is ended stays readable, with its history; everything else that is deleted is gone.
ENDED = re.compile(r"DELETE /v1/(connections|verification-sessions|invitations)/[^/]+")
OVER = {"closed", "cancelled", "verified", "denied", "failed", "expired", "revoked", "rejected", "locked"}


@schemathesis.hook
def filter_failure(_context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Keep every failure but one: what was ended is still there, and says that it is over."""
    if not isinstance(failure, UseAfterFree) or not ENDED.fullmatch(failure.free):
        return True
    if case.operation.path.endswith("}"):
        return json.loads(response.content)["state"] not in OVER
    return bool(case.operation.method.upper() != "GET")


@schemathesis.check
def refused_for_a_reason(_context: Any, response: Any, case: Any) -> None:
    """A schema-valid request is refused for what no schema tells, and says so at the right place."""
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or response.status_code < 400:
        return
    media_type = response.headers.get("content-type", [""])[0].partition(";")[0]
    if media_type != "application/problem+json":
        assert media_type in {"application/json", "text/html"}, media_type
        return
    problem = json.loads(response.content)
    if problem["code"] in OF_THE_WORLD | {"method-not-allowed"}:
        return
    assert problem["code"] == "validation-failed", problem
    operation = case.operation.definition.raw["operationId"]
    places = OF_MEANING.get(operation, ())
    for fault in problem["errors"]:
        where = fault["pointer"] or ""
        assert any(re.fullmatch(place, where) for place in places), f"the schema should tell: {fault}"
