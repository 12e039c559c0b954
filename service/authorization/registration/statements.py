"""What a claiming node sends: a registration, its secret, a statement signed by its key; and who it is by that (I6)."""

import json
from datetime import datetime

from starlette.requests import Request

from service.authorization.clients.documents import MOST_FETCHES
from service.authorization.issuers import Issuer
from service.authorization.tokens.access import read_authorization
from service.discovery.node_metadata import NodeUnreadable, read_node
from service.discovery.reasons import ProbeReason
from service.http.acting import ActorKind, identify
from service.invitations.invitation.models import Invitation
from service.invitations.inviter.claims import Claimant
from service.limits.at_once import Full
from service.node import Node
from service.platforms.registry import SANDBOX
from service.protocol import errors, messages
from service.protocol.errors import InvalidClientMetadata, InvalidSoftwareStatement, ServerNotReady
from service.protocol.messages import Registration
from service.trust import signatures
from service.trust.signatures import InvalidSignature, Purpose, VerifiedToken, check_public_jwk, thumbprint
from service.words import Network

GRANT = "client_credentials"
MAY_PASS = frozenset({ProbeReason.DNS, ProbeReason.REFUSED, ProbeReason.TIMEOUT})


def read_registration(body: bytes) -> Registration:
    """Return the registration; raises InvalidClientMetadata for one that is not of one ES256 key."""
    try:
        value = json.loads(body)
        registration = Registration.model_validate(value)
        keys = [check_public_jwk(key) for key in value["jwks"]["keys"]]
    except (ValueError, RecursionError, InvalidSignature):
        raise InvalidClientMetadata("The registration is not complete, or not valid.") from None
    if len(keys) != 1 or GRANT not in registration.grant_types:
        raise InvalidClientMetadata("Register one ES256 key, for the grant client_credentials.")
    return registration


def read_initial_token(request: Request) -> str:
    """Return the invitation's secret from the one Authorization header; raises InitialTokenRefused."""
    token = read_authorization(request, "bearer")
    if token is None:
        raise errors.InitialTokenRefused("Send the invitation's secret as Authorization: Bearer.")
    return token


def reference_of(statement: str) -> str:
    """Return which invitation the statement is about; it counts only with the secret of that one."""
    try:
        reference = signatures.unverified_claims(statement).get("invitation")
    except InvalidSignature:
        reference = None
    if not isinstance(reference, str) or not reference.isprintable():
        raise InvalidSoftwareStatement("The software statement is no JWT about an invitation.")
    return reference


def verify_statement(registration: Registration, issuer: Issuer, now: datetime) -> VerifiedToken:
    """Return the statement, signed by the key that is registered, for this issuer; raises InvalidSoftwareStatement."""
    try:
        proof = signatures.verify(
            registration.software_statement,
            Purpose.NODE_STATEMENT,
            [key_of(registration)],
            issuer=registration.client_uri,
            audience=issuer.url,
            now=now,
            own_issuer=issuer.url,
        )
    except InvalidSignature as fault:
        raise InvalidSoftwareStatement(f"The software statement is refused: {fault.reason}.") from None
    identify(ActorKind.OTHER_SIDE, registration.client_uri)
    return proof


def key_of(registration: Registration) -> dict[str, str]:
    """Return the one key, named by its thumbprint."""
    key = registration.jwks.keys[0].model_dump(include={"kty", "crv", "x", "y"})
    return {**key, "kid": thumbprint(key)}


def require_expected(invitation: Invitation, proof: VerifiedToken) -> None:
    """Raise UnapprovedSoftwareStatement where the inviter expects another partner."""
    if invitation.expected_partner not in {None, proof.claims["iss"]}:
        raise errors.UnapprovedSoftwareStatement("The invitation is for another partner.")


async def identify_claimant(
    node: Node, issuer: Issuer, invitation: Invitation, registration: Registration, proof: VerifiedToken
) -> Claimant:
    """A public side's key is published at its issuer, so its host is verified; a private one has its key only (I6).

    Where a certain partner is expected, only a published key shows that it is this one.
    """
    is_private = registration.parley_instance.network is Network.PRIVATE
    if is_private and invitation.expected_partner is None:
        facts = registration.parley_instance
        client_id = f"{issuer.url}{messages.REGISTERED_CLIENT_PATH}{proof.key_thumbprint}"
        return _claimant(issuer, None, client_id, proof, [key_of(registration)], facts)
    stated = proof.claims["iss"]
    try:
        async with node.at_once.place("client documents", MOST_FETCHES):
            snapshot = await read_node(node.egress, stated, now=node.clock.now())
    except Full:
        raise ServerNotReady("This node is reading as many claiming nodes as it can.") from None
    except NodeUnreadable as failure:
        if failure.reason in MAY_PASS:
            raise ServerNotReady("The claiming node could not be read.") from None
        raise InvalidClientMetadata("There is no node at the claiming issuer.") from None
    if proof.key_thumbprint not in {thumbprint(key) for key in snapshot.jwks}:
        raise InvalidClientMetadata("The claiming issuer does not publish this key.")
    facts = snapshot.metadata.parley_instance
    return _claimant(issuer, stated, stated + messages.CLIENT_DOCUMENT_PATH, proof, snapshot.jwks, facts)


def _claimant(
    issuer: Issuer,
    stated: str | None,
    client_id: str,
    proof: VerifiedToken,
    jwks: list[dict[str, str]],
    facts: messages.InstanceFacts,
) -> Claimant:
    if facts.sandbox != (issuer.instance.platform == SANDBOX):
        raise InvalidClientMetadata("A sandbox instance connects to sandbox instances only.")
    thumb = proof.key_thumbprint
    return Claimant(stated, client_id, thumb, jwks, facts.name, facts.platform, facts.url)
