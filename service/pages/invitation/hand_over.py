"""At the inviter's node: what the invitation is, for the holder of its code, and the link to their own node."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from service.connections.models import Connection
from service.database.sessions import reading
from service.egress.addresses import is_loopback_host
from service.egress.web_addresses import UnusableUrl, issuer_of_page, normalise
from service.instance_keys.operations import public_keys
from service.instances.models import Instance
from service.instances.operations import issuer_of, platform_of
from service.invitations.invitation.codes import PAGE_PATH, CodeUnreadable, link_of, read_code
from service.invitations.invitation.models import Invitation
from service.invitations.invitation.reasons import REASONS
from service.invitations.invitation.states import UNUSABLE, InvitationState
from service.invitations.inviter.claims import look
from service.invitations.inviter.secret_holders import open_with
from service.node import Node
from service.pages.rendering import render
from service.pages.views import HandOverView, Obstacle
from service.platforms.registry import Registry
from service.protocol.errors import InitialTokenRefused
from service.settings import Settings
from service.words import SCOPE_SENTENCES, Scope


@dataclass(frozen=True, slots=True)
class Way:
    """Where the invitation goes on: a link, or what is wrong with the node URL that was typed."""

    typed: str
    link: str | None = None
    error: str | None = None


async def show(
    request: Request, node: Node, platforms: Registry, instance: Instance, text: str, typed: str
) -> Response:
    """Return the page; raises CodeUnreadable, in the same words for every code that has not the true secret."""
    issuer = issuer_of(node.settings, instance.slug)
    async with reading(node.database) as session:
        keys = await public_keys(session, instance.id)
    code = read_code(text, issuer, keys, node.clock.now())
    try:
        found = await open_with(node, instance.id, code.reference, code.secret)
    except InitialTokenRefused:
        raise CodeUnreadable("unknown") from None
    connection, invitation = await look(node, found)
    way = _way(node.settings, issuer, text, typed or invitation.expected_partner or "")
    label = platform_of(platforms, instance).description.label
    view = _view(instance, label, connection, invitation, way, text)
    return render(request, view, status=200 if way.error is None else 422)


def _way(settings: Settings, issuer: str, text: str, typed: str) -> Way:
    if not typed:
        return Way("")
    try:
        return Way(typed, link_of(read_node_url(settings, issuer, typed), text))
    except UnusableUrl as unusable:
        return Way(typed, error=unusable.detail)


def read_node_url(settings: Settings, issuer: str, unverified_text: str) -> str:
    """Return the node URL that was typed, or that a typed page belongs to; raises UnusableUrl."""
    address = issuer_of_page(normalise(unverified_text))
    is_local = settings.is_development and is_loopback_host(address.host.strip("[]"))
    if address.scheme != "https" and not is_local:
        raise UnusableUrl("A node URL begins with https://.")
    if address.url == issuer:
        raise UnusableUrl("This is the node URL of the instance that invites. Give the one of your own.")
    return address.url


def _obstacle(state: InvitationState) -> Obstacle | None:
    if state is InvitationState.OPEN:
        return None
    return Obstacle(*REASONS[state.value if state in UNUSABLE else "used"])


def _view(
    instance: Instance, label: str, connection: Connection, invitation: Invitation, way: Way, text: str
) -> HandOverView:
    return HandOverView(
        instance_name=instance.name,
        instance_url=instance.url,
        platform_label=label,
        connection_name=connection.name or "",
        mode=invitation.mode,
        scopes=tuple(SCOPE_SENTENCES[Scope(scope)] for scope in invitation.scope),
        confirmation_required=invitation.confirmation_required,
        expected_partner=invitation.expected_partner,
        obstacle=_obstacle(invitation.state),
        link=way.link,
        link_host=urlsplit(way.link or "").netloc,
        typed=way.typed,
        error=way.error,
        action=f"/i/{instance.slug}{PAGE_PATH}",
        hidden={"code": text},
        expires_at=invitation.expires_at,
    )
