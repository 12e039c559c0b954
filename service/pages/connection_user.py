"""An admin connects the user that connections read and write with, on the platform's own page."""

from datetime import datetime
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from service.access.models import SignInSession
from service.access.sign_in import FRESH
from service.database.rows import get_for_update
from service.database.sessions import reading, transaction
from service.instances.credentials import seal_credential
from service.instances.models import Instance
from service.instances.operations import change_instance, platform_of
from service.node import Node
from service.pages.refusals import PageRefused
from service.pages.rendering import render
from service.pages.views import ResultView
from service.pages.visitors import find_visitor
from service.platforms.interface import Credential
from service.platforms.registry import Registry

PURPOSE = "connection-user"
PATH = f"/{PURPOSE}"


def is_for_this(sign_in: SignInSession, now: datetime) -> bool:
    """True where somebody signed in for this very purpose just now: no other site's link can begin it."""
    return sign_in.for_request == PURPOSE and now - sign_in.signed_in_at <= FRESH


async def require_admin(request: Request, node: Node, instance: Instance) -> None:
    """Whoever sits there is an admin who began this; raises PageRefused otherwise."""
    async with reading(node.database) as session:
        visitor = await find_visitor(session, node, request, instance)
    if visitor is None or visitor.sign_in.for_request != PURPOSE:
        raise PageRefused(
            HTTPStatus.UNAUTHORIZED,
            "You are not signed in for this",
            "Only an admin of the instance who signed in for it connects its user, and that was too long ago.",
            "Nothing has changed: open the link again.",
        )
    if not visitor.sign_in.is_admin:
        raise PageRefused(
            HTTPStatus.FORBIDDEN,
            "This needs an admin of the instance",
            visitor.sign_in.missing or f"{visitor.sign_in.display_name} is not an admin of {instance.name}.",
            "Nothing has changed: have an admin of the instance open the link.",
        )


async def keep_user(
    request: Request, node: Node, platforms: Registry, instance: Instance, credential: Credential
) -> Response:
    """The account is the connection's user from now on; raises SignInFailure where the platform does not name it."""
    person = await platform_of(platforms, instance).sign_in(node.egress, instance.url, credential)
    sealed = seal_credential(node.sealer, instance.id, credential)
    async with transaction(node.database) as session:
        stored = await get_for_update(session, Instance, instance.id)
        given = {"credential_sealed": sealed, "credential_renewing_until": None}
        await change_instance(session, node.settings, stored, given, node.clock.now())
    sentences = (
        f"Connections of {instance.name} read and write as {person.display_name} from now on.",
        "Check the instance to see whether this user has every right that connections need.",
    )
    return render(request, ResultView("The user is connected", "active", sentences, None, None, None))
