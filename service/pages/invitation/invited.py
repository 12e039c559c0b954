"""At the invited node: an admin of the instance, signed in for it, accepts or rejects (I3, I4)."""

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.access.cookies import drop_cookie
from service.access.form_tokens import form_token, is_form_token
from service.access.sign_in import FRESH, sign_out
from service.connections.schemas import InvitationAcceptance
from service.database.sessions import reading, transaction
from service.instances.models import Instance
from service.instances.operations import issuer_of
from service.instances.permissions import Permissions, list_permissions
from service.invitations.invitation.models import Invitation
from service.invitations.invitation.operations import host_of
from service.invitations.invitation.schemas import InvitationRejection
from service.invitations.invited.acceptance import accept, known_here
from service.invitations.invited.preview import Inspection, inspect
from service.invitations.invited.rejection import can_be_rejected, reject
from service.node import Node
from service.pages.invitation.code_form import page_path, show_again
from service.pages.refusals import PageRefused
from service.pages.rendering import render
from service.pages.views import InvitedView, NotAdminView, Obstacle, PermissionLine
from service.pages.visitors import SEE_OTHER, Visitor, find_visitor, to_sign_in
from service.platforms.registry import Registry
from service.problems.tree import ValidationFailed
from service.words import Mode

FORM = "invitation"
AGAIN = "Open the invitation's link again; it is as it was."
NAMES = (
    "A short name begins with a letter and has at most 30 letters, digits, - and _. A reason has at most 500."
)


class Decision(StrEnum):
    """What a person may answer; BACK is the only answer of somebody who is no admin."""

    ACCEPT = "accept"
    REJECT = "reject"
    BACK = "back"


async def answer(
    request: Request,
    node: Node,
    platforms: Registry,
    instance: Instance,
    code: str,
    form: Mapping[str, str],
) -> Response:
    """The invitation is shown, or decided on. Whoever did not sign in just now signs in first."""
    visitor = await _find(request, node, instance)
    if visitor is None or node.clock.now() - visitor.sign_in.signed_in_at > FRESH:
        return to_sign_in(issuer_of(node.settings, instance.slug), page_path(instance))
    if not visitor.sign_in.is_admin:
        return render(request, not_admin(node, instance, visitor), status=403)
    if "decision" in form:
        _require_own_form(node, form, visitor, code)
    found = await inspect(node, platforms, instance, code)
    if "decision" in form:
        try:
            return _go_on(instance, await _decide(node, found, code, form))
        except ValidationFailed as fault:
            return await _show(request, node, platforms, visitor, found, code, form, fault.detail)
    async with reading(node.database) as session:
        known = await known_here(session, found)
    if known is not None:
        return _go_on(instance, known)
    return await _show(request, node, platforms, visitor, found, code, form, None)


async def go_back(request: Request, node: Node, instance: Instance, form: Mapping[str, str]) -> Response:
    """The person who is no admin is signed out, so that another account can sign in; nothing else changed."""
    visitor = await _find(request, node, instance)
    response = RedirectResponse(page_path(instance), SEE_OTHER)
    if visitor is not None:
        _require_own_form(node, form, visitor, Decision.BACK)
        async with transaction(node.database) as session:
            await sign_out(session, visitor.sign_in.id)
        drop_cookie(response, visitor.issuer)
    return response


def not_admin(node: Node, instance: Instance, visitor: Visitor) -> NotAdminView:
    """Return the page for a member of the instance."""
    return NotAdminView(
        instance_name=instance.name,
        person=visitor.sign_in.display_name,
        missing=visitor.sign_in.missing or "The right to administer the instance.",
        asking_host=None,
        action=page_path(instance),
        hidden={"form_token": form_token(node.hasher, visitor.sign_in.id, FORM, Decision.BACK)},
        is_invited=True,
    )


async def _find(request: Request, node: Node, instance: Instance) -> Visitor | None:
    async with reading(node.database) as session:
        return await find_visitor(session, node, request, instance)


def _require_own_form(node: Node, form: Mapping[str, str], visitor: Visitor, subject: str) -> None:
    if not is_form_token(node.hasher, form.get("form_token", ""), visitor.sign_in.id, FORM, subject):
        raise PageRefused(401, "This form is not yours", "It was made for another session or code.", AGAIN)


async def _decide(node: Node, found: Inspection, code: str, form: Mapping[str, str]) -> Invitation:
    """The decision is stored, and a job carries it to the inviter; raises ValidationFailed."""
    try:
        yes = InvitationAcceptance(
            code=code,
            local_short_name=form.get("local_short_name"),
            destination_short_name=form.get("destination_short_name"),
        )
        no = InvitationRejection(code=code, reason=form.get("reason", ""))
    except ValidationError:
        raise ValidationFailed(NAMES) from None
    if form["decision"] not in {Decision.ACCEPT, Decision.REJECT}:
        raise PageRefused(400, "There is no decision", "Accept or Reject was not chosen.", AGAIN)
    async with transaction(node.database) as session:
        if form["decision"] == Decision.ACCEPT:
            return await accept(node, session, found, yes)
        return await reject(node, session, found, no.reason)


async def _show(
    request: Request,
    node: Node,
    platforms: Registry,
    visitor: Visitor,
    found: Inspection,
    code: str,
    form: Mapping[str, str],
    error: str | None,
) -> Response:
    if found.code is None or not can_be_rejected(found):
        return show_again(request, found, code)
    permissions = await list_permissions(node, platforms, found.instance, found.code.scope)
    view = _view(node, visitor, found, code, permissions, form, error)
    return render(request, view, status=200 if error is None else 422)


def _view(
    node: Node,
    visitor: Visitor,
    found: Inspection,
    text: str,
    permissions: Permissions,
    form: Mapping[str, str],
    error: str | None,
) -> InvitedView:
    code, status, names = found.code, found.status, found.names
    assert code is not None  # noqa: S101 - what cannot be read is not shown
    token = form_token(node.hasher, visitor.sign_in.id, FORM, text)
    return InvitedView(
        inviter_host=host_of(code.issuer),
        claims=_claims(found),
        instance_name=found.instance.name,
        instance_url=found.instance.url,
        mode=Mode(code.mode),
        permissions=tuple(PermissionLine(**asdict(line)) for line in permissions.lines),
        not_measured=permissions.not_measured,
        local_short_name=form.get("local_short_name", names.local_short_name if names else ""),
        destination_short_name=form.get(
            "destination_short_name", names.destination_short_name if names else ""
        ),
        reason=form.get("reason", ""),
        confirmation_required=status is None or status.confirmation_required,
        obstacle=None if found.reason is None else Obstacle(found.detail, found.fix or ""),
        error=error,
        person=visitor.sign_in.display_name,
        action=page_path(found.instance),
        hidden={"code": text, "form_token": token},
        expires_at=code.expires_at,
    )


def _claims(found: Inspection) -> tuple[tuple[str, str], ...]:
    """Return what the inviter says of itself, each with its label; nothing of it was verified."""
    facts = found.snapshot.metadata.parley_instance if found.snapshot else None
    pairs = [("Connection", found.status.connection_name if found.status else "")]
    if facts is not None:
        pairs += [("Instance", facts.name), ("Address", facts.url), ("Platform", facts.platform_label)]
    return tuple((label, value) for label, value in pairs if value)


def _go_on(instance: Instance, invitation: Invitation) -> Response:
    return RedirectResponse(f"{page_path(instance)}/{invitation.id}", SEE_OTHER)
