"""On the wire: whoever has an invitation's secret asks how it stands, says no, or registers its key and so claims it.

These are I3, I8, I5 and I6.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError
from starlette.requests import Request

from service.authorization.clients.authentication import refuse_own_keys
from service.authorization.issuers import Issuer
from service.authorization.registration.statements import (
    GRANT,
    identify_claimant,
    read_initial_token,
    read_registration,
    reference_of,
    require_expected,
    verify_statement,
)
from service.connections.models import Connection
from service.database.sessions import transaction
from service.events.operations import record_refusal
from service.invitations.invitation.models import Invitation
from service.invitations.invitation.states import UNUSABLE
from service.invitations.inviter import claims
from service.invitations.inviter.claims import Claimant
from service.invitations.inviter.secret_holders import open_with
from service.node import Node
from service.protocol import errors, replay
from service.protocol.messages import CLIENT_DOCUMENT_PATH, InvitationQuery, InvitationStatus, Registered
from service.trust.signatures import Purpose, VerifiedToken

PATH = "/oauth/register"
LEAST_INTERVAL = 5
MOST_INTERVAL = 60


async def register(node: Node, issuer: Issuer, request: Request, body: bytes) -> Registered:
    """The invitation is the caller's: its one key, and what of its host could be verified, are kept."""
    secret = read_initial_token(request)
    registration = read_registration(body)
    statement = registration.software_statement
    found = await open_with(node, issuer.instance.id, reference_of(statement), secret)
    proof = verify_statement(registration, issuer, node.clock.now())
    if claims.is_same(found, proof.key_thumbprint, proof.claims["shared_id"]):
        return _registered(found)
    try:
        claims.require_open(found)
        require_expected(found, proof)
        claimant = await identify_claimant(node, issuer, found, registration, proof)
        return await _claim(node, found, claimant, proof)
    except (errors.InitialTokenRefused, errors.UnapprovedSoftwareStatement) as refusal:
        why, now = refusal.error, node.clock.now()
        await record_refusal(node.database, found.connection_id or "", "invitation.refused", why, now)
        raise


async def _claim(node: Node, found: Invitation, claimant: Claimant, proof: VerifiedToken) -> Registered:
    """The proof is used up with its effect; a second claimant that was as fast is told that it came second."""
    keep_until = datetime.fromtimestamp(proof.claims["exp"], UTC) + timedelta(minutes=1)
    async with transaction(node.database) as session:
        stated = proof.claims["iss"] + CLIENT_DOCUMENT_PATH
        await refuse_own_keys(session, node.settings, stated, claimant.jwks)
        signer, jti = claimant.thumbprint, proof.claims["jti"]
        if not await replay.consume(session, Purpose.NODE_STATEMENT, signer, jti, keep_until=keep_until):
            raise errors.InvalidSoftwareStatement("The statement was used before.")
        return _registered(await claims.claim(node, found, claimant, proof.claims["shared_id"], session))


def _registered(invitation: Invitation) -> Registered:
    claimant = invitation.claimant or {}
    assert invitation.shared_id is not None  # noqa: S101 - set with the claim
    assert invitation.state not in UNUSABLE  # noqa: S101 - refused before
    return Registered(
        client_id=claimant["client_id"],
        client_id_issued_at=int((invitation.claimed_at or invitation.created_at).timestamp()),
        token_endpoint_auth_method="private_key_jwt",  # noqa: S106 - the name of a method
        grant_types=[GRANT],
        shared_id=invitation.shared_id,
        invitation_state=invitation.state.value,  # type: ignore[arg-type]  # claimed, confirmed or active
    )


async def show_status(node: Node, issuer: Issuer, form: Mapping[str, str]) -> InvitationStatus:
    """Return how the invitation stands, for the holder of its secret; nothing changes."""
    query = _read_query(form)
    found = await open_with(node, issuer.instance.id, query.invitation, query.secret)
    return _status(*await claims.look(node, found), node.clock.now())


async def reject(node: Node, issuer: Issuer, form: Mapping[str, str]) -> InvitationStatus:
    """The invitation is rejected, with the holder's reason for the inviter."""
    query = _read_query(form)
    found = await open_with(node, issuer.instance.id, query.invitation, query.secret)
    await claims.reject(node, found, query.reason)
    return _status(*await claims.look(node, found), node.clock.now())


def _read_query(form: Mapping[str, str]) -> InvitationQuery:
    try:
        return InvitationQuery.model_validate({**form})
    except ValidationError:
        raise errors.InvalidRequest("Send the invitation and its secret.") from None


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
