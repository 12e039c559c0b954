"""The browser's part: from the pushed request over a fresh sign-in to the page where an admin decides."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse

from service.access.form_tokens import check_same_origin, form_token, is_form_token
from service.access.models import SignInSession
from service.authorization.clients.documents import origin_of
from service.authorization.issuers import Issuer, IssuerDep
from service.authorization.requests.deciding import (
    Decision,
    Fault,
    Undecidable,
    client_document,
    decide,
    find_open,
    find_pushed,
    find_renewed,
    is_fresh,
)
from service.authorization.requests.models import AuthorizationRequest
from service.connections.models import Connection
from service.database.sessions import reading, transaction
from service.instances.permissions import Permissions, list_permissions
from service.node import Node, NodeDep, NowDep
from service.pages.refusals import PAGE, PageRefused, PageRoute
from service.pages.rendering import render
from service.pages.views import ConsentView, NotAdminView, PermissionLine
from service.pages.visitors import find_visitor, to_sign_in
from service.platforms.registry import PlatformsDep
from service.protocol.parameters import FORM_TYPE, read_form, read_query
from service.words import Mode

PATH = "/oauth/authorize"
FORM = "decide"
PARAMETERS = frozenset({"client_id", "request_uri"})
START_AGAIN = "Go back to the node that asked, and start again there; its draft is unchanged."
REFUSALS = {
    Fault.UNKNOWN: (400, "This request is not known", "No such request was pushed by this client."),
    Fault.EXPIRED: (
        410,
        "This request has expired",
        "Nobody decided in time, or the code was not used.",
    ),
    Fault.DECIDED: (410, "This request was decided already", "A decision counts once; nothing was changed."),
    Fault.NOT_ADMIN: (403, "Only an admin can accept", "The account that signed in is no admin here."),
}
BODY = {
    "type": "object",
    "required": ["decision", "form_token"],
    "properties": {
        "decision": {"type": "string", "enum": [decision.value for decision in Decision]},
        "form_token": {"type": "string"},
    },
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    303: {"description": "On to the sign-in, the decision page, or back to the client."},
    400: {"description": "A page: the request or the form is not known.", "content": PAGE},
    401: {
        "description": "A page: the form is another site's, or another person's.",
        "content": PAGE,
    },
    403: {"description": "A page: the person is not an admin of the instance.", "content": PAGE},
    404: {"description": "A page: there is no such instance.", "content": PAGE},
    410: {"description": "A page: the request has expired, or was decided already.", "content": PAGE},
    429: {
        "description": "A page: too many were opened; it says from when on it works again.",
        "content": PAGE,
    },
}
QUERY = [
    {"name": name, "in": "query", "required": True, "schema": {"type": "string"}, "description": what}
    for name, what in (
        ("client_id", "Who asks: the address of the client's document."),
        ("request_uri", "What was pushed before; it is used once."),
    )
]
RequestIdPath = Annotated[str, Path(description="The request that is decided on.")]
router = APIRouter(prefix="/i/{slug}", tags=["Protocol"], route_class=PageRoute)


@router.get(
    PATH,
    operation_id="authorize",
    summary="An admin's browser arrives with a pushed request",
    status_code=303,
    response_class=Response,
    openapi_extra={"parameters": QUERY},
    responses=RESPONSES,
)
async def authorize(issuer: IssuerDep, node: NodeDep, request: Request, now: NowDep) -> Response:
    """Leads to the decision page, by way of a fresh sign-in. Only a pushed request is taken."""
    query = read_query(request)
    if query.keys() != PARAMETERS:
        raise PageRefused(
            400, "This address is not valid", "It must have client_id and request_uri only.", START_AGAIN
        )
    try:
        async with reading(node.database) as session:
            pushed = await find_pushed(session, node, issuer, query["client_id"], query["request_uri"], now)
            visitor = await find_visitor(session, node, request, issuer.instance)
    except Undecidable as refusal:
        raise _page(refusal) from None
    if visitor is None or not is_fresh(visitor.sign_in, pushed.id, now):
        return to_sign_in(issuer.url, _path(issuer, pushed.id))
    return RedirectResponse(_path(issuer, pushed.id), HTTPStatus.SEE_OTHER)


@router.get(
    PATH + "/{request_id}",
    operation_id="showDecision",
    summary="The page where an admin accepts or denies",
    response_class=Response,
    responses={200: {"description": "The page.", "content": PAGE}, **RESPONSES},
)
async def show_decision(
    issuer: IssuerDep,
    node: NodeDep,
    platforms: PlatformsDep,
    request: Request,
    request_id: RequestIdPath,
    now: NowDep,
) -> Response:
    """Shows who asks for what. Whoever did not sign in for this very request signs in first."""
    try:
        async with reading(node.database) as session:
            asked = await find_open(session, issuer, request_id, now)
            renewed = await find_renewed(session, issuer, asked)
            visitor = await find_visitor(session, node, request, issuer.instance)
    except Undecidable as refusal:
        raise _page(refusal) from None
    if visitor is None or not is_fresh(visitor.sign_in, asked.id, now):
        return to_sign_in(issuer.url, _path(issuer, asked.id))
    view: ConsentView | NotAdminView = _not_admin_view(node, issuer, asked, visitor.sign_in)
    if visitor.sign_in.is_admin:
        permissions = await list_permissions(node, platforms, issuer.instance, asked.scope)
        view = _consent_view(node, issuer, asked, visitor.sign_in, permissions, renewed)
    status = 200 if visitor.sign_in.is_admin else 403
    return render(request, view, status=status, form_action_origin=origin_of(asked.redirect_uri))


@router.post(
    PATH + "/{request_id}",
    operation_id="decide",
    summary="An admin accepts or denies",
    status_code=303,
    response_class=Response,
    openapi_extra={"requestBody": {"required": True, "content": {FORM_TYPE: {"schema": BODY}}}},
    responses=RESPONSES,
)
async def take_decision(
    issuer: IssuerDep, node: NodeDep, request: Request, request_id: RequestIdPath, now: NowDep
) -> Response:
    """The decision, the end of the request and its code are one step. Repeating it changes nothing."""
    check_same_origin(request, node.settings)
    form = await read_form(request)
    async with reading(node.database) as session:
        visitor = await find_visitor(session, node, request, issuer.instance)
    if visitor is None or not is_fresh(visitor.sign_in, request_id, now):
        # By way of the page: it says so where the request has expired, before anybody signs in for nothing.
        return RedirectResponse(_path(issuer, request_id), HTTPStatus.SEE_OTHER)
    given = form.get("form_token", "")
    if not is_form_token(node.hasher, given, visitor.sign_in.id, FORM, request_id):
        raise PageRefused(401, "This form is not yours", "It was made for another session.", START_AGAIN)
    if form.get("decision") not in set(Decision):
        raise PageRefused(400, "There is no decision", "Accept or deny was not chosen.", START_AGAIN)
    try:
        async with transaction(node.database) as session:
            url = await decide(
                session, node, issuer, request_id, visitor.sign_in, Decision(form["decision"]), now
            )
    except Undecidable as refusal:
        raise _page(refusal) from None
    return RedirectResponse(url, HTTPStatus.SEE_OTHER)


def _consent_view(
    node: Node,
    issuer: Issuer,
    asked: AuthorizationRequest,
    sign_in: SignInSession,
    permissions: Permissions,
    renewed: Connection | None,
) -> ConsentView:
    return ConsentView(
        asking_host=urlsplit(asked.client_id).netloc,
        claims=_claims(asked),
        instance_name=issuer.instance.name,
        instance_url=issuer.instance.url,
        mode=Mode(asked.details["mode"]),
        permissions=tuple(PermissionLine(**asdict(line)) for line in permissions.lines),
        not_measured=permissions.not_measured,
        comparison_code=asked.comparison_code,
        person=sign_in.display_name,
        action=_path(issuer, asked.id),
        hidden=_hidden(node, asked, sign_in),
        expires_at=asked.expires_at,
        renews=renewed.name if renewed is not None else None,
        mode_before=renewed.mode if renewed is not None else None,
    )


def _not_admin_view(
    node: Node, issuer: Issuer, asked: AuthorizationRequest, sign_in: SignInSession
) -> NotAdminView:
    return NotAdminView(
        instance_name=issuer.instance.name,
        person=sign_in.display_name,
        missing=sign_in.missing or "The right to administer the instance.",
        asking_host=urlsplit(asked.client_id).netloc,
        action=_path(issuer, asked.id),
        hidden=_hidden(node, asked, sign_in),
    )


def _claims(asked: AuthorizationRequest) -> tuple[tuple[str, str], ...]:
    """Return what the client says of itself, each with its label; nothing of it was verified."""
    document = client_document(asked)
    facts = document.parley_instance
    found = [("Node", document.client_name), ("Connection", asked.details["connection_name"])]
    if facts is not None:
        found += [("Instance", facts.name), ("Address", facts.url), ("Platform", facts.platform_label)]
    return tuple((label, value) for label, value in found if value)


def _hidden(node: Node, asked: AuthorizationRequest, sign_in: SignInSession) -> dict[str, str]:
    return {"form_token": form_token(node.hasher, sign_in.id, FORM, asked.id)}


def _path(issuer: Issuer, request_id: str) -> str:
    return f"/i/{issuer.instance.slug}{PATH}/{request_id}"


def _page(refusal: Undecidable) -> PageRefused:
    """Return the page that says why, and names the host to go back to where that is known."""
    status, title, detail = REFUSALS[refusal.fault]
    asked = refusal.request
    if asked is None:
        return PageRefused(status, title, detail, START_AGAIN)
    host = urlsplit(asked.client_id).netloc
    if refusal.fault is Fault.DECIDED:
        return PageRefused(
            status, title, detail, f"Go back to {host}: it shows how the connection stands now."
        )
    return PageRefused(status, title, detail, f"Go back to {host} and start again; the draft is unchanged.")
