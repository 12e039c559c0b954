"""Checks, server side: what a code is good for, and what an access token opens (P7 to P9)."""

from tests.security.check import Check

DECISIONS = "service/authorization/requests/deciding.py"
TOKENS = "service/authorization/tokens/exchange.py"
ACCESS = "service/authorization/tokens/access.py"
T_CODES = "tests/authorization/test_checks_codes.py::"
T_RECORDS = "tests/authorization/test_records.py::"
CODE = "code ≥ 128 bit, hashed, single use, bound to client, redirect and challenge"

CODES = (
    Check(
        "code-at-least-128-bit",
        CODE,
        DECISIONS,
        "CODE_BITS = 256",
        "CODE_BITS = 64",
        "tests/authorization/test_checks_consent.py::test_code_at_least_128_bit_and_hashed",
    ),
    Check(
        "code-hashed",
        CODE,
        DECISIONS,
        "code_hash=node.hasher.hash(code),",
        "code_hash=code,",
        T_CODES + "test_code_hashed_and_sealed_for_its_60_seconds_only",
    ),
    Check(
        "code-sealed-for-its-60-seconds-only",
        "kept as a hash and, sealed, for these 60 s",
        TOKENS,
        "        code_sealed=None,\n",
        "",
        T_CODES + "test_code_hashed_and_sealed_for_its_60_seconds_only",
    ),
    Check(
        "code-lives-60-seconds",
        "code 60 s",
        TOKENS,
        "if record.code_expires_at is None or record.code_expires_at <= now:",
        "if record.code_expires_at is None:",
        T_CODES + "test_code_lives_60_seconds",
    ),
    Check(
        "code-single-use",
        CODE,
        TOKENS,
        "if record.state is not AuthorizationState.CONSENTED:",
        "if False:",
        T_CODES + "test_code_single_use",
    ),
    Check(
        "code-bound-to-the-client",
        CODE,
        TOKENS,
        "if found is None or found.client_id != grant.assertion.client_id:",
        "if found is None:",
        "tests/authorization/test_checks_alone.py::test_code_bound_to_the_client_whoever_holds_its_key",
    ),
    Check(
        "code-bound-to-the-redirect",
        CODE,
        TOKENS,
        'if grant.form["redirect_uri"] != record.redirect_uri:',
        "if False:",
        T_CODES + "test_code_bound_to_the_redirect",
    ),
    Check(
        "code-bound-to-the-challenge",
        CODE,
        TOKENS,
        "if not _VERIFIER.fullmatch(verifier) or pkce_challenge(verifier) != record.code_challenge:",
        "if not _VERIFIER.fullmatch(verifier):",
        T_CODES + f"test_code_bound_to_the_challenge[{'w' * 43}]",
    ),
    Check(
        "verifier-43-characters-at-least",
        "PKCE S256 (7636)",
        TOKENS,
        "if not _VERIFIER.fullmatch(verifier) or pkce_challenge(verifier) != record.code_challenge:",
        "if pkce_challenge(verifier) != record.code_challenge:",
        T_CODES + "test_a_verifier_is_43_characters_at_least",
    ),
    Check(
        "code-bound-to-the-instance",
        CODE,
        TOKENS,
        """        AuthorizationRequest.code_hash == node.hasher.hash(code),
        AuthorizationRequest.instance_id == issuer.instance.id,""",
        "        AuthorizationRequest.code_hash == node.hasher.hash(code),",
        T_CODES + "test_code_bound_to_the_instance",
    ),
    Check(
        "code-bound-to-a-key",
        "DPoP (9449)",
        TOKENS,
        "if record.key_thumbprint not in {None, grant.proof.thumbprint}:",
        "if False:",
        "tests/authorization/test_checks_pushed_requests.py"
        "::test_a_code_can_be_bound_to_a_key_when_it_is_asked_for",
    ),
    Check(
        "keys-of-the-pushed-request",
        "Each side stores the other's issuer and public keys",
        TOKENS,
        'proof = verify_assertion(grant.assertion, found.client["jwks"], issuer, asking.now)',
        """client, _ = await authentication.authenticate_by_document(node, issuer, grant.assertion, asking)
    client = await __import__("service.authorization.clients.documents", fromlist=["x"]).read_client(
        node, found.client_id, asking, from_cache=False
    )
    proof = verify_assertion(grant.assertion, client.jwks, issuer, asking.now)""",
        T_CODES + "test_the_keys_of_the_pushed_request_count",
    ),
    Check(
        "repeated-parameters-refused-at-the-token-endpoint",
        "repeated parameters refused",
        "service/protocol/parameters.py",
        "if name in found:",
        "if False:",
        T_CODES + "test_repeated_parameters_refused_at_the_token_endpoint",
    ),
)
ACCESS_TOKENS = (
    Check(
        "token-for-one-connection",
        "DPoP-bound token that carries shared_id",
        ACCESS,
        'if access.claims["shared_id"] != shared_id:',
        "if False:",
        T_RECORDS + "test_the_token_is_for_one_connection",
    ),
    Check(
        "token-sent-as-dpop",
        "`token_type` DPoP",
        ACCESS,
        'token = read_authorization(request, "dpop")',
        'token = read_authorization(request, "dpop") or read_authorization(request, "bearer")',
        T_RECORDS + "test_the_token_is_sent_as_dpop_and_once",
    ),
    Check(
        "token-sent-once",
        "repeated parameters refused",
        ACCESS,
        'given[0].partition(" ") if len(given) == 1 else',
        'given[0].partition(" ") if given else',
        T_RECORDS + "test_the_token_is_sent_as_dpop_and_once",
    ),
    Check(
        "redeemed-attempt-waits-ten-minutes",
        "B is still within the 10 min of `redeemed`",
        "service/authorization/records.py",
        "if record.expires_at <= now:",
        "if False:",
        T_RECORDS + "test_a_redeemed_attempt_waits_ten_minutes",
    ),
)
CHECKS = (*CODES, *ACCESS_TOKENS)
