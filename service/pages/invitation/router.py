"""Where a person with the code of an invitation goes, on either side; the code is never part of an address."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from service.access.form_tokens import check_same_origin
from service.authorization.issuers import IssuerDep
from service.connections.models import Connection
from service.database.rows import find
from service.database.sessions import reading
from service.invitations.invitation.codes import PAGE_PATH
from service.invitations.invitation.operations import get_received
from service.node import NodeDep
from service.pages.invitation import invited
from service.pages.invitation import landing as invite
from service.pages.invitation.code_form import show_form
from service.pages.invitation.results import invitation_view
from service.pages.refusals import PAGE, PageRoute
from service.pages.rendering import render
from service.pages.visitors import find_visitor, to_sign_in
from service.platforms.registry import PlatformsDep
from service.protocol.parameters import FORM_TYPE, read_form

SIGN_IN: dict[int | str, dict[str, Any]] = {303: {"description": "On to the sign-in, and back."}}
NOT_ADMIN: dict[int | str, dict[str, Any]] = {
    403: {"description": "A page: the person is not an admin of the instance.", "content": PAGE}
}
REFUSALS: dict[int | str, dict[str, Any]] = {
    404: {"description": "A page: there is no such instance or invitation.", "content": PAGE},
    429: {
        "description": "A page: too many were opened; it says from when on it works again.",
        "content": PAGE,
    },
}
DECISIONS: dict[int | str, dict[str, Any]] = {
    303: {"description": "On to the sign-in; or decided, on to the page that shows how it stands."},
    400: {"description": "A page: the form could not be read.", "content": PAGE},
    401: {"description": "A page: the form is another site's, or another person's.", "content": PAGE},
    409: {"description": "A page: it is not for this instance, or cannot be now.", "content": PAGE},
    410: {"description": "A page: it was used, revoked or rejected, or has expired.", "content": PAGE},
    422: {
        "description": "The page again: what is wrong with the code, the node URL or a name.",
        "content": PAGE,
    },
    424: {"description": "A page: the inviter's node does not answer as it should.", "content": PAGE},
    **NOT_ADMIN,
    **REFUSALS,
}
BODY = {
    "type": "object",
    "required": ["code"],
    "properties": {
        "code": {"type": "string", "description": "The code, or the whole link."},
        "node_url": {
            "type": "string",
            "description": "At the inviter's node: where the invited admin goes on.",
        },
        "decision": {"type": "string", "enum": [decision.value for decision in invited.Decision]},
        "local_short_name": {"type": "string"},
        "destination_short_name": {"type": "string"},
        "reason": {"type": "string", "description": "The inviter reads it where the invitation is rejected."},
        "form_token": {"type": "string", "description": "Binds a decision to its page."},
    },
}
InvitationIdPath = Annotated[str, Path(description="The received invitation.")]
router = APIRouter(prefix="/i/{slug}", tags=["Invitations"], route_class=PageRoute)


@router.get(
    PAGE_PATH,
    operation_id="showInvitePage",
    summary="The page behind an invitation's link",
    response_class=Response,
    responses={200: {"description": "The page.", "content": PAGE}, **REFUSALS},
)
async def show_invite_page(issuer: IssuerDep, request: Request) -> Response:
    """Takes the code out of the part of the link that no server sees, or as it is pasted. Nobody has to sign in."""
    return show_form(request, issuer.instance)


@router.post(
    PAGE_PATH,
    operation_id="openInvitation",
    summary="Show an invitation, accept or reject it",
    response_class=Response,
    openapi_extra={"requestBody": {"required": True, "content": {FORM_TYPE: {"schema": BODY}}}},
    responses={200: {"description": "The page.", "content": PAGE}, **DECISIONS},
)
async def open_invitation(
    issuer: IssuerDep, node: NodeDep, platforms: PlatformsDep, request: Request
) -> Response:
    """At the inviter's node it shows what the invitation is and leads to the invited admin's own node.

    At the invited node an admin, signed in within the last five minutes, sees who invites to what, and decides.
    """
    check_same_origin(request, node.settings)
    form = await read_form(request, over_lines="code")
    return await invite.answer(request, node, platforms, issuer.instance, form)


@router.get(
    PAGE_PATH + "/{invitation_id}",
    operation_id="showInvitationPage",
    summary="How an accepted or rejected invitation stands",
    response_class=Response,
    responses={200: {"description": "The page.", "content": PAGE}, **SIGN_IN, **NOT_ADMIN, **REFUSALS},
)
async def show_invitation_page(
    issuer: IssuerDep, node: NodeDep, request: Request, invitation_id: InvitationIdPath
) -> Response:
    """Shows the comparison code and who must act; while it waits, it looks again by itself."""
    path = f"/i/{issuer.instance.slug}{PAGE_PATH}/{invitation_id}"
    async with reading(node.database) as session:
        visitor = await find_visitor(session, node, request, issuer.instance)
        invitation = await get_received(session, issuer.instance.id, invitation_id)
        connection = await find(session, Connection, invitation.connection_id or "")
    if visitor is None:
        return to_sign_in(issuer.url, path)
    if not visitor.sign_in.is_admin:
        return render(request, invited.not_admin(node, issuer.instance, visitor), status=403)
    return render(request, invitation_view(invitation, connection, issuer.instance, node.clock.now(), path))
