"""The other side has a new node URL: believed only where that URL publishes the key that says so (ADR 0028)."""

from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from service.authorization.agreements import Agreement
from service.authorization.issuers import Issuer
from service.authorization.records import find_agreed
from service.authorization.tokens.access import Caller
from service.connections.states import ConnectionState
from service.database.sessions import transaction
from service.discovery.node_metadata import NodeSnapshot, NodeUnreadable, read_foreign_node
from service.egress.web_addresses import normalise
from service.events.operations import record
from service.invitations.invitation.models import Invitation
from service.lifecycle.status import see
from service.lifecycle.unfinished import follow
from service.node import Node
from service.protocol.errors import InvalidRequest, ServerNotReady, UnknownConnection
from service.protocol.messages import CLIENT_DOCUMENT_PATH, IssuerChange
from service.trust.signatures import thumbprint


async def learn_issuer(node: Node, caller: Caller, issuer: Issuer, stated: str) -> None:
    """The connection's other side is at this issuer from now on; raises InvalidRequest where its key is not there."""
    if stated == issuer.url:
        raise InvalidRequest("The new issuer is the one that is asked.")
    snapshot = await _read(node, stated)
    keys = {thumbprint(key) for key in snapshot.jwks}
    if caller.proof.thumbprint not in keys:
        raise InvalidRequest("The new issuer does not publish the key that announced it.")
    async with transaction(node.database) as session:
        agreement = await find_agreed(session, issuer, caller)
        await _store(session, node, agreement, stated, snapshot)


async def _read(node: Node, stated: str) -> NodeSnapshot:
    try:
        return await read_foreign_node(node, stated)
    except NodeUnreadable as failure:
        raise ServerNotReady(f"The new issuer could not be read: {failure.reason}.") from None


async def _store(
    session: AsyncSession, node: Node, agreement: Agreement, stated: str, snapshot: NodeSnapshot
) -> None:
    """All that this node calls the other side by changes together."""
    connection, now = agreement.connection, node.clock.now()
    if connection is None or connection.peer is None or connection.state is ConnectionState.CLOSED:
        raise UnknownConnection("Only a connection that is active can move.")
    client_id = stated + CLIENT_DOCUMENT_PATH
    before = connection.peer["issuer"]
    connection.peer = {**connection.peer, "issuer": stated, "client_id": client_id, "jwks": snapshot.jwks}
    connection.destination_node_url = stated
    connection.destination_url = normalise(snapshot.metadata.parley_instance.url).url
    see(connection, now)
    await follow(session, node, connection, snapshot)
    if agreement.record is not None:
        agreement.record.client_id = client_id
    invitation = agreement.invitation
    if invitation is not None and invitation.claimant is not None:
        invitation.claimant = {**invitation.claimant, "issuer": stated, "client_id": client_id}
    elif connection.invitation_id is not None:
        received = await session.get(Invitation, connection.invitation_id)
        if received is not None:
            received.inviter_issuer = stated
    record(session, connection.id, "peer.move", now, detail={"from": before, "to": stated})


def read_issuer(body: bytes) -> str:
    """Return the issuer that the body names; raises InvalidRequest."""
    try:
        return IssuerChange.model_validate_json(body).issuer
    except ValidationError:
        raise InvalidRequest("Send the new issuer.") from None
