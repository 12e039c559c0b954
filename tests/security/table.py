"""The table of ADR 0011: every check that the design of the handshake lists, rate limits apart, in its order."""

from tests.security import (
    checks_answers,
    checks_attestation,
    checks_callback,
    checks_claims,
    checks_clients,
    checks_codes,
    checks_decisions,
    checks_dpop,
    checks_egress,
    checks_invitations,
    checks_invite_pages,
    checks_keys,
    checks_metadata,
    checks_metrics,
    checks_moves,
    checks_pages,
    checks_pushing,
    checks_running,
    checks_signatures,
    checks_start,
)
from tests.security.check import Check

SECTIONS: dict[str, tuple[Check, ...]] = {
    "Server side: who asks": checks_clients.CHECKS,
    "Server side: pushed requests": checks_pushing.CHECKS,
    "Server side: the decision": checks_decisions.CHECKS,
    "Server side: pages": checks_pages.CHECKS,
    "Server side: the pages of an invitation": checks_invite_pages.CHECKS,
    "Server side: codes and access tokens": checks_codes.CHECKS,
    "Server side: DPoP": checks_dpop.CHECKS,
    "Client side: the other node": checks_metadata.CHECKS,
    "Client side: the start": checks_start.CHECKS,
    "Client side: the return": checks_callback.CHECKS,
    "Client side: the attestation": checks_attestation.CHECKS,
    "JWTs: shape and key": checks_signatures.CHECKS,
    "JWTs: claims": checks_claims.CHECKS,
    "Keys that change": checks_keys.CHECKS,
    "A connection that runs": checks_running.CHECKS,
    "Metrics": checks_metrics.CHECKS,
    "Moves and copies": checks_moves.CHECKS,
    "Invitations": checks_invitations.CHECKS,
    "Egress: whom this node calls": checks_egress.CHECKS,
    "Egress: what it takes of an answer": checks_answers.CHECKS,
}
CHECKS = tuple(check for checks in SECTIONS.values() for check in checks)
