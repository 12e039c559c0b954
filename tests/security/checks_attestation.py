"""Checks, client side: the attestation answers this attempt and nothing else (P8)."""

from tests.security.check import Check

HANDSHAKE = "service/verification/initiator/completing.py"
T_CLAIM = (
    "tests/verification/test_checks_attestation.py::test_an_attestation_with_a_wrong_claim_ends_the_attempt"
)
T_HOSTILE = "tests/outsiders/test_hostile_attestation.py::test_one_claim_is_wrong"
T_ALONE = "tests/verification/test_checks_attestation_alone.py::"
T_ANSWERS = "tests/outsiders/test_hostile_answers.py::"
CHECKS_IT = "checks the attestation: "
CLIENT = "service/protocol/client.py"

CHECKS = (
    Check(
        "attestation-claim-nonce",
        CHECKS_IT + "nonce",
        HANDSHAKE,
        '"nonce": attempt.nonce,',
        '"nonce": claims["nonce"],',
        T_CLAIM + "[nonce]",
    ),
    Check(
        "attestation-claim-shared-id",
        CHECKS_IT + "shared_id",
        HANDSHAKE,
        '"shared_id": attempt.shared_id,',
        '"shared_id": claims["shared_id"],',
        T_CLAIM + "[shared_id]",
    ),
    Check(
        "attestation-claim-instance",
        CHECKS_IT + "instance is the one asked for",
        HANDSHAKE,
        '"instance": attempt.peer["metadata"]["parley_instance"]["url"],',
        '"instance": claims["instance"],',
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
        'if claims["cnf"]["jkt"] not in caller.key_ids:',
        "if False:",
        T_CLAIM + "[cnf.jkt]",
    ),
    Check(
        "attestation-claim-auth-time",
        CHECKS_IT + "auth_time",
        HANDSHAKE,
        'for moment in ("auth_time", "admin_checked_at"):',
        'for moment in ("admin_checked_at",):',
        T_HOSTILE + "[auth_time before the attempt]",
    ),
    Check(
        "claim-admin-checked-at",
        "admin_checked_at",
        HANDSHAKE,
        'for moment in ("auth_time", "admin_checked_at"):',
        'for moment in ("auth_time",):',
        T_HOSTILE + "[admin_checked_at before the attempt]",
    ),
    Check(
        "claim-auth-time-in-ten-years",
        "skew accepted 10 s, never over 60 s",
        HANDSHAKE,
        "if not begun <= claims[moment] <= latest:",
        "if not begun <= claims[moment]:",
        T_HOSTILE + "[auth_time in ten years]",
    ),
    Check(
        "claim-role",
        "an admin of the right instance",
        HANDSHAKE,
        '"role": ADMIN,',
        '"role": claims["role"],',
        T_HOSTILE + "[role a member]",
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
    Check(
        "another-shared-id",
        "both nodes know it, keyed by (instance, shared_id)",
        CLIENT,
        "if message.shared_id != shared_id:",
        "if False:",
        T_ANSWERS + "test_an_answer_to_the_code_that_is_none[another shared id]",
    ),
    Check(
        "activation-not-active",
        "its move to `active` is *the* commit",
        CLIENT,
        'if shown.state not in {"active", "deactivated"}:',
        "if False:",
        T_ANSWERS + "test_an_answer_to_the_activation_that_is_none[not active at all]",
    ),
)
