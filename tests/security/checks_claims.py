"""Checks of every JWT: what each purpose demands, for how long, from whom and for whom."""

from tests.security.check import Check

SIGNATURES = "service/trust/signatures.py"
PURPOSES = "service/trust/purposes.py"
T = "tests/trust/test_signatures.py::"
FORGED = T + "test_forged_tokens_are_refused"
T_CLAIMS = "tests/trust/test_signature_claims.py::"
TYPED = "claims strictly typed"
OWN_CLAIMS = "Each purpose has its own `typ` and its own required claims"
SKEW = "skew accepted 10 s, never over 60 s"
EQUAL = "EQUAL: Mapping[Purpose, tuple[str, str]] = MappingProxyType(\n    {"
CLIENT = "CLIENT_AUTHENTICATION"

CHECKS = (
    Check(
        "forged-jti",
        TYPED,
        PURPOSES,
        'return isinstance(claim, str) and claim != "" and claim.isprintable()',
        "return True",
        FORGED + "[ATTESTATION jti is 1]",
    ),
    Check(
        "forged-auth-time",
        TYPED,
        PURPOSES,
        "return isinstance(claim, int) and not isinstance(claim, bool) and 0 <= claim <= END_OF_TIME",
        "return isinstance(claim, int)",
        FORGED + "[ATTESTATION auth_time is True]",
    ),
    Check(
        "forged-cnf",
        TYPED,
        PURPOSES,
        "return isinstance(jkt, str) and _THUMBPRINT.fullmatch(jkt) is not None",
        "return claim is not None",
        FORGED + "[ATTESTATION cnf is {'jkt': 1}]",
    ),
    *(
        Check(
            f"{claim.replace('_', '-')}-required",
            OWN_CLAIMS,
            PURPOSES,
            line,
            line.replace(without, "", 1),
            T_CLAIMS + f"test_each_required_claim[{purpose} {claim}]",
        )
        for purpose, claim, line, without in (
            (
                CLIENT,
                "exp",
                '_claims("iss sub aud", exp=_is_moment),\n        Purpose.DPOP',
                ", exp=_is_moment",
            ),
            ("ACCESS_TOKEN", "shared_id", '"iss aud sub client_key scope shared_id"', " shared_id"),
            ("ACCESS_TOKEN", "client_key", '"iss aud sub client_key scope shared_id"', " client_key"),
            ("ACCESS_TOKEN", "cnf", "exp=_is_moment, cnf=_is_confirmation\n", ", cnf=_is_confirmation"),
            ("ATTESTATION", "nonce", '"iss aud sub role nonce shared_id instance scope"', " nonce"),
            ("ATTESTATION", "auth_time", "            auth_time=_is_moment,\n", "auth_time=_is_moment,"),
            ("INVITATION", "secret", '_claims("iss aud instance scope mode secret", exp', " secret"),
            ("NODE_STATEMENT", "invitation", '"iss aud shared_id invitation nonce"', " invitation"),
        )
    ),
    *(
        Check(
            f"{purpose.replace('_', '-').lower()}-life",
            f"life {seconds} s",
            PURPOSES,
            f"        Purpose.{purpose}: {seconds},\n",
            f"        Purpose.{purpose}: 10 * ({seconds}),\n",
            T_CLAIMS + f"test_a_life_is_no_longer_than_its_purpose[{purpose} life]",
        )
        for purpose, seconds in (
            (CLIENT, "60"),
            ("DPOP", "60"),
            ("ACCESS_TOKEN", "5 * 60"),
            ("ATTESTATION", "10 * 60"),
            ("INVITATION", "14 * 24 * 3600"),
            ("NODE_STATEMENT", "60"),
        )
    ),
    Check(
        "iss-sub-same",
        "`iss` = `sub` = client_id",
        PURPOSES,
        EQUAL + 'Purpose.CLIENT_AUTHENTICATION: ("iss", "sub"), ',
        EQUAL,
        T_CLAIMS + "test_a_client_speaks_for_itself_iss_and_sub_are_the_same",
    ),
    Check(
        "iss-aud-own-issuer",
        "at+jwt: `iss` = `aud` = own issuer",
        PURPOSES,
        ', Purpose.ACCESS_TOKEN: ("iss", "aud")}',
        "}",
        T_CLAIMS + "test_an_issuer_gives_access_to_itself_iss_and_aud_are_its_own_issuer",
    ),
    Check(
        "forged-expired",
        SKEW,
        SIGNATURES,
        'if claims["exp"] <= moment - skew:',
        "if False:",
        FORGED + "[ATTESTATION expired]",
    ),
    Check(
        "forged-not-yet",
        SKEW,
        SIGNATURES,
        'if max(claims["iat"], claims.get("nbf", 0)) > moment + skew:',
        'if claims.get("nbf", 0) > moment + skew:',
        FORGED + "[ATTESTATION not yet]",
    ),
    Check(
        "forged-nbf",
        SKEW,
        SIGNATURES,
        'if max(claims["iat"], claims.get("nbf", 0)) > moment + skew:',
        'if claims["iat"] > moment + skew:',
        FORGED + "[ATTESTATION nbf ahead]",
    ),
    Check(
        "forged-lives-too-long",
        "life",
        SIGNATURES,
        'if not 0 < claims["exp"] - claims["iat"] <= lifetime:',
        'if not 0 < claims["exp"] - claims["iat"]:',
        FORGED + "[ATTESTATION lives too long]",
    ),
    Check(
        "no-more-than-a-minute",
        SKEW,
        SIGNATURES,
        "if not 0 <= skew <= MAX_SKEW_SECONDS:",
        "if False:",
        T + "test_no_caller_may_tolerate_more_than_a_minute",
    ),
    Check(
        "forged-by-somebody-else",
        "who → whom",
        SIGNATURES,
        'if issuer is not None and claims["iss"] != issuer:',
        "if False:",
        FORGED + "[ATTESTATION by somebody else]",
    ),
    Check(
        "forged-for-somebody-else",
        "who → whom",
        SIGNATURES,
        'if audience is not None and claims["aud"] != audience and not open_to_any:',
        "if False:",
        FORGED + "[ATTESTATION for somebody else]",
    ),
    Check(
        "invitation-for-anybody-nothing-else",
        "inviter → expected partner's issuer or `any`",
        SIGNATURES,
        'open_to_any = purpose is Purpose.INVITATION and claims["aud"] == ANY_AUDIENCE',
        'open_to_any = claims["aud"] == ANY_AUDIENCE',
        T + "test_an_invitation_may_be_for_anybody_and_nothing_else_may",
    ),
    Check(
        "reflected-to-its-issuer",
        "Except for `at+jwt`, `iss` ≠ own issuer (reflection)",
        SIGNATURES,
        'if own_issuer is not None and purpose is not Purpose.ACCESS_TOKEN and claims["iss"] == own_issuer:',
        "if False:",
        T + "test_a_token_reflected_to_its_issuer_is_refused_even_where_any_issuer_would_do",
    ),
    Check(
        "node-statement-signed-by-the-key-in-it",
        "node-statement+jwt: `jwk`",
        SIGNATURES,
        'if purpose is Purpose.NODE_STATEMENT and thumbprint(claims["jwk"]) != signer:',
        "if False:",
        T + "test_a_node_statement_is_signed_by_the_key_in_it",
    ),
)
