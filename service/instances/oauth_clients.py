"""This node as an application of an instance: client id and sealed secret, as an admin registered them there."""

from typing import Any

from service.instances.models import Instance
from service.instances.operations import issuer_of
from service.node import Node
from service.platforms.description import PlatformDescription
from service.platforms.oauth import OAuthClient
from service.problems.tree import not_valid
from service.settings import Settings
from service.trust.sealing import Sealer
from service.values.texts import is_storable

RETURN_PATH = "/sign-in/return"


def redirect_uri_of(settings: Settings, slug: str) -> str:
    """Return the callback URL to register: one for each instance, so that no answer is taken for another's."""
    return f"{issuer_of(settings, slug)}{RETURN_PATH}"


def require_oauth(description: PlatformDescription) -> None:
    """People sign in on a page of the platform; raises ValidationFailed where there is none."""
    if not any(method.oauth for method in description.sign_in):
        detail = f"{description.label} has no sign-in page for other applications: leave oauth_client out."
        raise not_valid("/oauth_client", "not_offered", detail)


def seal_client(sealer: Sealer, instance_id: str, client_id: str, client_secret: str) -> dict[str, Any]:
    """Return the columns of an instance for this client; raises ValidationFailed."""
    for name, value in (("client_id", client_id), ("client_secret", client_secret)):
        if not is_storable(value) or not value.isprintable() or value != value.strip():
            detail = "Copy it again: it has a blank or an invisible character at an end or inside."
            raise not_valid(f"/oauth_client/{name}", "text", detail)
    sealed = sealer.seal(client_secret.encode(), _context(instance_id))
    return {"oauth_client_id": client_id, "oauth_secret_sealed": sealed}


def open_client(node: Node, instance: Instance) -> OAuthClient | None:
    """Return the client, None where none is stored; raises SealBroken."""
    if instance.oauth_client_id is None or instance.oauth_secret_sealed is None:
        return None
    secret = node.sealer.open(instance.oauth_secret_sealed, _context(instance.id)).decode()
    return OAuthClient(instance.oauth_client_id, secret, redirect_uri_of(node.settings, instance.slug))


def _context(instance_id: str) -> str:
    return f"instance.oauth_secret_sealed.{instance_id}"
