"""On the wire: whoever has an invitation's secret registers its key with it, and so claims it (I5, I6)."""

from datetime import UTC, datetime, timedelta

from starlette.requests import Request

from service.authorization.clients.authentication import refuse_own_keys
from service.authorization.issuers import Issuer
from service.authorization.registration.hosts import identify_claimant, require_expected
from service.authorization.registration.statements import (
    GRANT,
    read_initial_token,
    read_registration,
    reference_of,
    verify_statement,
)
from service.database.sessions import transaction
from service.events.operations import record_refusal
from service.invitations.invitation.models import Invitation
from service.invitations.invitation.states import UNUSABLE
from service.invitations.inviter import claims
from service.invitations.inviter.claims import Claimant
from service.invitations.inviter.secret_holders import open_with
from service.node import Node
from service.protocol import replay
from service.protocol.errors import InitialTokenRefused, InvalidSoftwareStatement, UnapprovedSoftwareStatement
from service.protocol.messages import CLIENT_DOCUMENT_PATH, Registered
from service.trust.signatures import Purpose, VerifiedToken

PATH = "/oauth/register"


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
    except (InitialTokenRefused, UnapprovedSoftwareStatement) as refusal:
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
            raise InvalidSoftwareStatement("The statement was used before.")
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
