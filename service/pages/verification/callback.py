"""The browser comes back: the same admin in the same browser, from the node that was asked, or nothing changes (P6)."""

import hmac

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.connections.pending import end_attempt, expire_if_due, lock
from service.database.columns import seal
from service.database.sessions import reading, transaction
from service.http.acting import concerns
from service.instances.models import Instance
from service.instances.operations import get_by_slug
from service.node import Node
from service.pages.visitors import SEE_OTHER, find_visitor
from service.problems.tree import (
    DestinationRefused,
    NotAnAdmin,
    NotFound,
    Problem,
    Unauthenticated,
    ValidationFailed,
    VerificationDenied,
)
from service.protocol.messages import NOT_AN_ADMIN
from service.values.texts import is_storable
from service.verification.attempts import receive_code
from service.verification.session.models import VerificationSession
from service.verification.session.operations import find_by_state, start_url
from service.verification.session.states import VerificationEvent, VerificationState

LONGEST = 2_048
KNOWN = frozenset({"code", "state", "iss", "error", "error_description", "error_uri"})


async def come_back(request: Request, node: Node, slug: str) -> Response:
    """The code is stored and a job redeems it; the browser goes on to a clean page. A reload changes nothing."""
    answer = _read_query(request)
    async with reading(node.database) as session:
        instance = await get_by_slug(session, slug)
        found = await find_by_state(session, node, instance.id, answer.get("state", ""))
    if found is None:
        raise NotFound("No verification session of this node waits for this answer.")
    concerns(found.connection_id)
    if ("code" in answer) == ("error" in answer):
        raise _not_valid("There must be either a code or an error.")
    await _take(request, node, instance, found.id, answer)
    return RedirectResponse(start_url(node.settings, found.id), SEE_OTHER)


async def _take(
    request: Request, node: Node, instance: Instance, attempt_id: str, answer: dict[str, str]
) -> None:
    """The answer is stored, if it is for this browser and from the node that was asked; else nothing changes."""
    async with transaction(node.database) as session:
        connection, attempt = await lock(session, VerificationSession, attempt_id)
        visitor = await find_visitor(session, node, request, instance)
        if visitor is None or visitor.sign_in.browser_id != attempt.browser_id:
            raise Unauthenticated(
                "The verification was started in another browser.",
                fix="Go on in the browser in which you pressed Continue.",
                reason="other_browser",
            )
        if visitor.sign_in.account_id != attempt.owner_account:
            raise Unauthenticated(
                "The verification was started by another admin.",
                fix="Sign in as the admin who pressed Continue, and open this address again within a minute.",
                reason="other_admin",
            )
        if not visitor.sign_in.is_admin:
            raise Unauthenticated("Only an admin of this instance can go on.", reason="not_an_admin")
        if not hmac.compare_digest(answer.get("iss", "").encode(), attempt.peer_issuer.encode()):
            raise Unauthenticated("The answer did not come from the node that was asked (iss).", reason="iss")
        await expire_if_due(session, node, connection, attempt)
        if attempt.state is VerificationState.AWAITING_DECISION:
            if "code" in answer:
                sealed = seal(node.sealer, VerificationSession, attempt.id, "code_sealed", answer["code"])
                await receive_code(session, node, connection, attempt, sealed)
            else:
                event, problem = _refusal(answer, attempt.peer_issuer)
                await end_attempt(session, node, connection, attempt, by=event, problem=problem)


def _read_query(request: Request) -> dict[str, str]:
    """Return the parameters; raise ValidationFailed for one that is repeated or too long."""
    pairs = request.query_params.multi_items()
    answer = dict(pairs)
    if len(answer) != len(pairs):
        raise _not_valid("A parameter is repeated.")
    if not all(is_storable(value) for value in answer.values()):
        raise _not_valid("A parameter has a character that no text has.")
    if any(len(value) > LONGEST for value in answer.values()):
        raise _not_valid("A parameter is too long.")
    return answer


def _not_valid(detail: str) -> ValidationFailed:
    return ValidationFailed(
        detail, errors=[{"pointer": None, "parameter": "code", "code": "callback", "detail": detail}]
    )


def _refusal(answer: dict[str, str], issuer: str) -> tuple[VerificationEvent, Problem]:
    """Return how the attempt ends, from the error of RFC 6749, section 4.1.2.1."""
    error, description = answer["error"], answer.get("error_description", "")
    upstream = {"reason": error[:100], "host": issuer, "description": description[:500]}
    if error != "access_denied":
        return VerificationEvent.FAIL, DestinationRefused(
            "The other side's answer was an error.", upstream=upstream
        )
    if description.startswith(NOT_AN_ADMIN):
        return VerificationEvent.DENY, NotAnAdmin(
            "The person who signed in on the other side is not an admin there.",
            upstream=upstream,
            fix="Verify again with an account of an admin there, or have an admin there do it.",
        )
    return VerificationEvent.DENY, VerificationDenied(
        "An admin of the other side denied it.", upstream=upstream
    )
