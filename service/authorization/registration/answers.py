"""On the wire: whoever has an invitation's secret asks how it stands, or says no (I3, I8)."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import ValidationError

from service.authorization.issuers import Issuer
from service.connections.models import Connection
from service.invitations.invitation.models import Invitation
from service.invitations.inviter import claims
from service.invitations.inviter import claims as claimed
from service.invitations.inviter.secret_holders import open_with
from service.node import Node
from service.protocol.errors import InvalidRequest
from service.protocol.messages import InvitationQuery, InvitationStatus

LEAST_INTERVAL = 5

MOST_INTERVAL = 60


async def show_status(node: Node, issuer: Issuer, form: Mapping[str, str]) -> InvitationStatus:
    """Return how the invitation stands, for the holder of its secret; nothing changes."""
    query = _read_query(form)
    found = await open_with(node, issuer.instance.id, query.invitation, query.secret)
    return _status(*await claims.look(node, found), node.clock.now())


async def reject(node: Node, issuer: Issuer, form: Mapping[str, str]) -> InvitationStatus:
    """The invitation is rejected, with the holder's reason for the inviter."""
    query = _read_query(form)
    found = await open_with(node, issuer.instance.id, query.invitation, query.secret)
    await claimed.reject(node, found, query.reason)
    return _status(*await claims.look(node, found), node.clock.now())


def _read_query(form: Mapping[str, str]) -> InvitationQuery:
    try:
        return InvitationQuery.model_validate({**form})
    except ValidationError:
        raise InvalidRequest("Send the invitation and its secret.") from None


def _status(connection: Connection, invitation: Invitation, now: datetime) -> InvitationStatus:
    waited = (now - (invitation.claimed_at or now)).total_seconds()
    return InvitationStatus(
        state=invitation.state.value,  # type: ignore[arg-type]  # a sent one is never claiming
        reason=invitation.reason or "",
        mode=invitation.mode,
        scope=invitation.scope,
        connection_name=connection.name or "",
        inviter_short_name=connection.local_short_name or "",
        partner_short_name=connection.destination_short_name or "",
        confirmation_required=invitation.confirmation_required,
        expires_at=invitation.expires_at,
        interval=min(MOST_INTERVAL, max(LEAST_INTERVAL, int(waited / 20))),
    )
