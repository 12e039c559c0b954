"""Who claims an invitation, and how much of what it says was verified."""

from dataclasses import dataclass
from typing import Any

from service.connections.models import Connection
from service.connections.states import ConnectionState
from service.words import DestinationType


@dataclass(frozen=True, slots=True)
class Claimant:
    """A node that proved a key. `issuer` is set where that key is published there; all else are its words."""

    issuer: str | None
    client_id: str
    thumbprint: str
    jwks: list[dict[str, str]]
    name: str
    platform: str
    url: str

    def to_json(self) -> dict[str, Any]:
        """Return what the invitation keeps of it."""
        names = ("issuer", "client_id", "thumbprint", "jwks", "name", "platform", "url")
        return {name: getattr(self, name) for name in names}


def show_claimant(connection: Connection, claimant: Claimant, shared_id: str) -> None:
    """The destination is not unknown any more: this is who says to be there."""
    connection.shared_id = shared_id
    connection.destination_state = ConnectionState.PENDING.value
    if connection.type is DestinationType.PRIVATE:
        connection.destination_url = claimant.url
        connection.destination_node_url = claimant.issuer
        connection.destination_platform = claimant.platform
