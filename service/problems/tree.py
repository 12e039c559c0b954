"""What a refusal looks like (RFC 9457): the tree of all problems of the REST API, in the order of their statuses.

`problem_handlers.py` turns them into answers and `problem_types.py` serves the catalogue.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from service.trust.tokens import without_codes


class Retry(StrEnum):
    """Whether the same request may work later."""

    NEVER = "never"
    AFTER_DELAY = "after_delay"
    NEW_REQUEST = "new_request"


class Problem(Exception):
    """A refusal that tells the way out. Each variable of `detail` is also a member of the answer.

    A `fix` that is given replaces the one of its kind: it knows more about this one case.
    """

    slug: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]
    fix: str
    retry: ClassVar[Retry] = Retry.NEW_REQUEST
    keeps_changes: ClassVar[bool] = False

    def __init__(
        self, detail: str, *, fix: str | None = None, headers: dict[str, str] | None = None, **members: Any
    ) -> None:
        self.members = {name: without_codes(member) for name, member in members.items()}
        self.detail = detail.format(**self.members) if members else detail
        self.fix = fix or type(self).fix
        self.headers = headers or {}
        super().__init__(self.detail)


def fault(pointer: str, code: str, detail: str) -> dict[str, Any]:
    """Return what is wrong with one member of the body (RFC 6901)."""
    return {"pointer": pointer, "parameter": None, "code": code, "detail": detail}


def as_record(problem: Problem, root: str) -> dict[str, Any]:
    """Return what a problem says apart from the request that met it."""
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


def as_error(problem: Problem, root: str, now: datetime) -> dict[str, Any]:
    """Return what is kept of a problem as `last_error`: what it says, and since when."""
    return {**as_record(problem, root), "at": now.isoformat()}


class MalformedJson(Problem):
    """The body could not be read as JSON in UTF-8."""

    slug, status, title = "malformed-json", 400, "The body is not readable JSON"
    fix = "Send a JSON document, encoded as UTF-8, with Content-Type: application/json."


class InvalidPageToken(Problem):
    """The page token is not one that this list gave out."""

    slug, status, title = "invalid-page-token", 400, "The page token is not valid"
    fix = "Start again without page_token, with the filters you want, and follow next_page_token."


class Unauthenticated(Problem):
    """No credential was sent, or one that is not valid (any more)."""

    slug, status, title = "unauthenticated", 401, "Who is calling is not known"
    fix = "Send Authorization: Bearer with a service token (`parley token create`) or a session (POST /v1/sessions)."


class MissingScope(Problem):
    """The caller is known but may not do this."""

    slug, status, title = "missing-scope", 403, "The token may not do this"
    fix = "Use a token that has the scope named in required_scope."
    retry = Retry.NEVER


class NotAnAdmin(Problem):
    """The instance says that this person is not one of its admins."""

    slug, status, title = "not-an-admin", 403, "This person is not an admin of the instance"
    fix = "Have the named right granted on the instance, or let one of its admins do this."


class NotFound(Problem):
    """Nothing is here, or nothing that this caller may see."""

    slug, status, title = "not-found", 404, "Not found"
    fix = "Check the address and the id, and that your token is valid for the instance it belongs to."
    retry = Retry.NEVER


class InvitationUnknown(Problem):
    """No node knows this code: it is mistyped, or not complete."""

    slug, status, title = "invitation-unknown", 404, "The invitation is not known"
    fix = "Copy the whole code or link again, exactly as the partner sent it, or ask for a new invitation."


class MethodNotAllowed(Problem):
    """The path exists, but not with this method."""

    slug, status, title = "method-not-allowed", 405, "The method is not allowed here"
    fix = "Use one of the methods in the Allow header."
    retry = Retry.NEVER


class RequestTimeout(Problem):
    """The body did not arrive in time."""

    slug, status, title = "request-timeout", 408, "The request took too long to arrive"
    fix = "Send the whole body within the seconds in max_seconds."
    retry = Retry.AFTER_DELAY


class StepNotAllowed(Problem):
    """The order of steps does not allow this now; allowed_steps and next_actions say what is."""

    slug, status, title = "step-not-allowed", 409, "This step is not allowed now"
    fix = "Perform the action marked primary in next_actions, then read the connection again."


class OptionNotAvailable(Problem):
    """The step is right, but this choice is not possible for this connection; options lists what is."""

    slug, status, title = "option-not-available", 409, "This choice is not possible here"
    fix = "Choose one of the options that are not disabled."


class NameTaken(Problem):
    """Another open connection of the instance has this name."""

    slug, status, title = "name-taken", 409, "The name is taken"
    fix = "Choose another name; names are unique among an instance's open connections."


class InstancePrivate(Problem):
    """Verifying needs an instance that the other node can reach."""

    slug, status, title = "instance-private", 409, "This instance is private"
    fix = "Make the instance public, or ask the partner for an invitation."


class InstancePaused(Problem):
    """The instance may be a copy: its node URL is another than the one that its partners know."""

    slug, status, title = "instance-paused", 409, "This instance is paused"
    fix = "Say with POST /v1/instances/{id}/moves whether it has moved or is a copy."


class BothSidesPrivate(Problem):
    """Neither side can be reached by the other, so neither can decide."""

    slug, status, title = "both-sides-private", 409, "Both sides are private"
    fix = "One of the two nodes must be reachable for the other: make its instance public, and invite from there."


class IdempotencyInProgress(Problem):
    """The first request with this Idempotency-Key is not answered yet."""

    slug, status, title = "idempotency-in-progress", 409, "The first request is still being answered"
    fix = "Send the same request with the same key again after the time in Retry-After."
    retry = Retry.AFTER_DELAY


class VerificationExpired(Problem):
    """The verification session was not finished in time."""

    slug, status, title = "verification-expired", 410, "The verification session has expired"
    fix = "Start a new verification session; nothing else has changed."


class VerificationDenied(Problem):
    """The person on the other side said no."""

    slug, status, title = "verification-denied", 410, "The verification was denied"
    fix = "Talk to the other side's admin, then start a new verification session; nothing else has changed."


class VerificationCancelled(Problem):
    """The verification session was cancelled, or replaced by a newer one."""

    slug, status, title = "verification-cancelled", 410, "The verification session was cancelled"
    fix = "Use the newer verification session of the connection, or start one."


class InvitationUnusable(Problem):
    """The invitation cannot be used (any more); reason says why."""

    slug, status, title = "invitation-unusable", 410, "The invitation cannot be used"
    fix = "Ask the partner for a new invitation; re-inviting always works."
    retry = Retry.NEVER


class ConnectionClosed(Problem):
    """The connection is over; its reason says why."""

    slug, status, title = "connection-closed", 410, "The connection is closed"
    fix = "Create a new connection."
    retry = Retry.NEVER


class StaleRevision(Problem):
    """Somebody changed the resource after it was read."""

    slug, status, title = "stale-revision", 412, "The resource has changed since it was read"
    fix = "Read it again and repeat the change with the new ETag in If-Match."


class PayloadTooLarge(Problem):
    """The body is larger than this service reads."""

    slug, status, title = "payload-too-large", 413, "The body is too large"
    fix = "Send at most the number of bytes in max_bytes."


class UnsupportedMediaType(Problem):
    """The body is of a kind that this endpoint does not read."""

    slug, status, title = "unsupported-media-type", 415, "The media type is not supported"
    fix = "Send Content-Type: application/json."


class ValidationFailed(Problem):
    """The request can never be accepted as sent; errors points at each fault."""

    slug, status, title = "validation-failed", 422, "The request is not valid"
    fix = "Correct what errors points at."


class IdempotencyKeyReused(Problem):
    """This Idempotency-Key came with another request before: with another path, body or media type."""

    slug, status, title = "idempotency-key-reused", 422, "The key belongs to another request"
    fix = "Take a fresh key for each new request, for example a UUID; keep it for retries of the same request only."


class UrlNotAllowed(Problem):
    """This URL is refused: its scheme, port or address is not one that this node calls or sends people to."""

    slug, status, title = "url-not-allowed", 422, "The URL is not allowed"
    fix = "Use an https URL of a public host; an operator may open private networks with PARLEY_EGRESS_ALLOW_CIDRS."


class DestinationUnreachable(Problem):
    """The other side did not answer; upstream names the cause."""

    slug, status, title = "destination-unreachable", 424, "The other side cannot be reached"
    fix = "Check the URL and that the other side's node is up, then try again."
    retry = Retry.AFTER_DELAY


class DestinationUnknown(Problem):
    """A tracker was recognised, but not where its node is."""

    slug, status, title = "destination-unknown", 424, "The other side's node is not known"
    fix = "Ask the partner for the node URL that their Parley shows, or choose that you don't have a URL."


class DestinationIncompatible(Problem):
    """The other side's node answers, but cannot do this with us."""

    slug, status, title = "destination-incompatible", 424, "The other side cannot do this"
    fix = "Choose a mode that both sides offer, or ask the partner to update their node or correct its clock."


class DestinationRefused(Problem):
    """The other side's node answered, and said no."""

    slug, status, title = "destination-refused", 424, "The other side refused"
    fix = "Read upstream, correct it with the partner, and start again; nothing else has changed."


class PlatformUnreachable(Problem):
    """The instance itself did not answer, or not as its platform should."""

    slug, status, title = "platform-unreachable", 424, "The instance cannot be reached"
    fix = "Check that the instance is up and its API is switched on, then try again."
    retry = Retry.AFTER_DELAY


class RateLimited(Problem):
    """This was done too often, from here or by this caller; Retry-After says when it works again."""

    slug, status, title = "rate-limited", 429, "Too often"
    fix = "Wait for the time in Retry-After, then send the same request again."
    retry = Retry.AFTER_DELAY


class ChannelFull(Problem):
    """As many messages wait for the other side as may; it is away, paused, or takes them more slowly than they come."""

    slug, status, title = "channel-full", 429, "Too many messages wait"
    fix = "Wait until the other side has taken some: to_send in sync-status says how many wait."
    retry = Retry.AFTER_DELAY


class Internal(Problem):
    """A fault of ours; nothing was changed."""

    slug, status, title = "internal", 500, "Something went wrong in this service"
    fix = "Try again; if it stays, tell the operator the request_id."
    retry = Retry.AFTER_DELAY


class Unavailable(Problem):
    """The service cannot work at the moment, for example without its database."""

    slug, status, title = "unavailable", 503, "The service is not available at the moment"
    fix = "Try again after the time in Retry-After."
    retry = Retry.AFTER_DELAY


def not_valid(pointer: str, code: str, detail: str, **members: Any) -> ValidationFailed:
    """Return the refusal that points at one member of the body (RFC 6901) and says what is wrong with it."""
    return ValidationFailed(literal(detail), errors=[fault(pointer, code, detail)], **members)


def literal(sentence: str) -> str:
    """Return the sentence as a template that says just this: its braces name no member."""
    return sentence.replace("{", "{{").replace("}", "}}")
