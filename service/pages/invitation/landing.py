"""`{issuer}/invite`: shows what an invitation is, to whoever has its code, and leads on from there."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from service.instances.models import Instance
from service.instances.operations import issuer_of
from service.invitations.invitation.codes import CodeUnreadable, clean, inviter_of
from service.invitations.invitation.reasons import REASONS
from service.node import Node
from service.pages.invitation import hand_over, invited
from service.pages.invitation.code_form import show_form
from service.pages.views import Obstacle
from service.platforms.registry import Registry


async def answer(
    request: Request, node: Node, platforms: Registry, instance: Instance, form: Mapping[str, str]
) -> Response:
    """The inviter's own page shows the invitation and hands it over; any other one asks an admin to decide."""
    if form.get("decision") == invited.Decision.BACK:
        return await invited.go_back(request, node, instance, form)
    code = clean(form.get("code", ""))
    try:
        if inviter_of(code) == issuer_of(node.settings, instance.slug):
            return await hand_over.show(request, node, platforms, instance, code, form.get("node_url", ""))
    except CodeUnreadable as fault:
        return show_form(request, instance, Obstacle(*REASONS[fault.reason]), typed=code)
    return await invited.answer(request, node, platforms, instance, code, form)
