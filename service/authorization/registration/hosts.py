"""Whether the host that a claiming node names is verified, or it is known by its key alone (I6)."""

from service.authorization.clients.documents import MOST_FETCHES
from service.authorization.issuers import Issuer
from service.authorization.registration.statements import key_of
from service.discovery.node_metadata import NodeUnreadable, read_node
from service.discovery.reasons import ProbeReason
from service.invitations.invitation.models import Invitation
from service.invitations.inviter.claims import Claimant
from service.limits.at_once import Full
from service.node import Node
from service.platforms.registry import SANDBOX
from service.protocol.errors import InvalidClientMetadata, ServerNotReady, UnapprovedSoftwareStatement
from service.protocol.messages import (
    CLIENT_DOCUMENT_PATH,
    REGISTERED_CLIENT_PATH,
    InstanceFacts,
    Registration,
)
from service.trust.signatures import VerifiedToken, thumbprint
from service.words import Network

MAY_PASS = frozenset({ProbeReason.DNS, ProbeReason.REFUSED, ProbeReason.TIMEOUT})


def require_expected(invitation: Invitation, proof: VerifiedToken) -> None:
    """Raise UnapprovedSoftwareStatement where the inviter expects another partner."""
    if invitation.expected_partner not in {None, proof.claims["iss"]}:
        raise UnapprovedSoftwareStatement("The invitation is for another partner.")


async def identify_claimant(
    node: Node, issuer: Issuer, invitation: Invitation, registration: Registration, proof: VerifiedToken
) -> Claimant:
    """A public side's key is published at its issuer, so its host is verified; a private one has its key only (I6).

    Where a certain partner is expected, only a published key shows that it is this one.
    """
    is_private = registration.parley_instance.network is Network.PRIVATE
    if is_private and invitation.expected_partner is None:
        facts = registration.parley_instance
        client_id = f"{issuer.url}{REGISTERED_CLIENT_PATH}{proof.key_thumbprint}"
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
    return _claimant(issuer, stated, stated + CLIENT_DOCUMENT_PATH, proof, snapshot.jwks, facts)


def _claimant(
    issuer: Issuer,
    stated: str | None,
    client_id: str,
    proof: VerifiedToken,
    jwks: list[dict[str, str]],
    facts: InstanceFacts,
) -> Claimant:
    if facts.sandbox != (issuer.instance.platform == SANDBOX):
        raise InvalidClientMetadata("A sandbox instance connects to sandbox instances only.")
    thumb = proof.key_thumbprint
    return Claimant(stated, client_id, thumb, jwks, facts.name, facts.platform, facts.url)
