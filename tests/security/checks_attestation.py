"""Checks, client side: the attestation answers this attempt and nothing else (P8)."""

from tests.security.check import Check

HANDSHAKE = "service/connections/handshake.py"
T_CLAIM = (
    "tests/verification_sessions/test_checks_attestation.py"
    "::test_an_attestation_with_a_wrong_claim_ends_the_attempt"
)
T_ALONE = "tests/verification_sessions/test_checks_attestation_alone.py::"
CHECKS_IT = "checks the attestation: "

CHECKS = (
    Check(
        "attestation-claim-nonce",
        CHECKS_IT + "nonce",
        HANDSHAKE,
        'if claims["nonce"] != attempt.nonce:',
        "if False:",
        T_CLAIM + "[nonce]",
    ),
    Check(
        "attestation-claim-shared-id",
        CHECKS_IT + "shared_id",
        HANDSHAKE,
        'if claims["shared_id"] != attempt.shared_id:',
        "if False:",
        T_CLAIM + "[shared_id]",
    ),
    Check(
        "attestation-claim-instance",
        CHECKS_IT + "instance is the one asked for",
        HANDSHAKE,
        'if claims["instance"] != metadata["parley_instance"]["url"]:',
        "if False:",
        T_CLAIM + "[instance]",
    ),
    Check(
        "attestation-claim-scope",
        CHECKS_IT + "scope ⊆ asked",
        HANDSHAKE,
        'if not set(claims["scope"].split()) <= set(attempt.requested_scope):',
        "if False:",
        T_CLAIM + "[scope]",
    ),
    Check(
        "attestation-claim-cnf-jkt",
        CHECKS_IT + "cnf.jkt own key",
        HANDSHAKE,
        'if claims["cnf"]["jkt"] != caller.key.kid:',
        "if False:",
        T_CLAIM + "[cnf.jkt]",
    ),
    Check(
        "attestation-claim-auth-time",
        CHECKS_IT + "auth_time",
        HANDSHAKE,
        'if claims["auth_time"] < int(attempt.created_at.timestamp()):',
        "if False:",
        T_CLAIM + "[auth_time]",
    ),
    Check(
        "attestation-claim-iss",
        "connection-attestation+jwt: responder → client_id",
        HANDSHAKE,
        "issuer=attempt.peer_issuer,\n            audience",
        "issuer=None,\n            audience",
        T_CLAIM + "[iss]",
    ),
    Check(
        "attestation-claim-aud",
        "connection-attestation+jwt: responder → client_id",
        HANDSHAKE,
        "audience=caller.client_id,",
        "audience=None,",
        T_CLAIM + "[aud]",
    ),
    Check(
        "attestation-missing",
        "and a signed **attestation**",
        HANDSHAKE,
        """    verified = check_attestation(attestation, attempt, caller, node.clock.now())
    return await _store_verified(node, attempt.id, verified, access_token)""",
        """    claims = {"jti": attempt.id, "exp": 4_000_000_000, "scope": "", "role": "", "admin_checked_at": 0}
    verified = VerifiedToken({}, claims, "")
    if attestation is not None:
        verified = check_attestation(attestation, attempt, caller, node.clock.now())
    return await _store_verified(node, attempt.id, verified, access_token)""",
        T_ALONE + "test_a_missing_attestation_ends_the_attempt",
    ),
    Check(
        "attestation-works-once",
        "connection-attestation+jwt: single use",
        HANDSHAKE,
        'raise AttestationRefused("jti")',
        "pass",
        T_ALONE + "test_an_attestation_works_once",
    ),
)
