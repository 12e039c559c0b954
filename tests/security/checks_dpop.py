"""Checks, server side: DPoP's twelve checks and its replay cache.

Of the twelve checks of RFC 9449, section 4.3, the tenth is about a nonce of the server; this server gives none.
"""

from tests.security.check import Check

TOKENS = "service/authorization/tokens/exchange.py"
ACCESS = "service/authorization/tokens/access.py"
SIGNATURES = "service/trust/signatures.py"
PURPOSES = "service/trust/purposes.py"
T_DPOP = "tests/authorization/test_checks_dpop.py::"
AT_TOKEN = T_DPOP + "test_dpop_at_the_token_endpoint"
FORGED = "tests/trust/test_signatures.py::test_forged_tokens_are_refused"
TWELVE = "DPoP's twelve checks"
REPLAY = "DPoP's replay cache"

TWELVE_CHECKS = (
    Check(
        "1-not-more-than-one-dpop-header",
        TWELVE,
        ACCESS,
        "if len(proofs) != 1:",
        "if not proofs:",
        T_DPOP + "test_1_not_more_than_one_dpop_header",
    ),
    Check(
        "dpop-trailing",
        TWELVE,
        SIGNATURES,
        "if len(segments) != 3:",
        "if len(segments) < 3:",
        FORGED + "[DPOP trailing '.']",
    ),
    Check(
        "dpop-3-jti",
        TWELVE,
        PURPOSES,
        'dict.fromkeys(["jti", *texts.split()], _is_text)',
        "dict.fromkeys(texts.split(), _is_text)",
        AT_TOKEN + "[3 a required claim is missing: jti]",
    ),
    Check(
        "dpop-3-htm",
        TWELVE,
        PURPOSES,
        'Purpose.DPOP: _claims("htm htu"),',
        'Purpose.DPOP: _claims("htu"),',
        AT_TOKEN + "[3 a required claim is missing: htm]",
    ),
    Check(
        "dpop-3-htu",
        TWELVE,
        PURPOSES,
        'Purpose.DPOP: _claims("htm htu"),',
        'Purpose.DPOP: _claims("htm"),',
        AT_TOKEN + "[3 a required claim is missing: htu]",
    ),
    Check(
        "dpop-3-iat",
        TWELVE,
        PURPOSES,
        'return MappingProxyType({**named, "iat": _is_moment, **others})',
        "return MappingProxyType({**named, **others})",
        AT_TOKEN + "[3 a required claim is missing: iat]",
    ),
    Check(
        "dpop-4-typ",
        TWELVE,
        SIGNATURES,
        'if header.get("typ") != Purpose.DPOP.value:',
        "if False:",
        AT_TOKEN + "[4 typ is not dpop+jwt]",
    ),
    Check(
        "dpop-alg",
        TWELVE,
        SIGNATURES,
        'if header.get("alg") != ALGORITHM:',
        "if False:",
        FORGED + "[DPOP alg 'HS256']",
    ),
    Check(
        "dpop-6-signature",
        TWELVE,
        SIGNATURES,
        'jws.verify(unverified_token, _verifying_key(key["x"], key["y"]), [ALGORITHM])',
        "pass",
        AT_TOKEN + "[6 the signature is another key's]",
    ),
    Check(
        "dpop-7-private",
        TWELVE,
        "service/trust/keys.py",
        "if not isinstance(unverified_jwk, Mapping) or not PRIVATE_MEMBERS.isdisjoint(unverified_jwk):",
        "if not isinstance(unverified_jwk, Mapping):",
        "tests/authorization/test_checks_alone.py::test_dpop_7_the_key_has_no_private_part",
    ),
    Check(
        "dpop-8-htm",
        TWELVE,
        SIGNATURES,
        'if claims["htm"] != method:',
        "if False:",
        AT_TOKEN + "[8 htm is another method]",
    ),
    Check(
        "dpop-9-htu",
        TWELVE,
        SIGNATURES,
        'if claims["htu"] != url:',
        "if False:",
        AT_TOKEN + "[9 htu is another URL]",
    ),
    Check(
        "9-htu-configured-issuer",
        "`htu` is built from the configured issuer",
        TOKENS,
        "read_proof(request, issuer.url + PATH, asking.now)",
        "read_proof(request, str(request.url).replace('http:', 'https:'), asking.now)",
        T_DPOP + "test_9_htu_is_built_from_the_configured_issuer",
    ),
    Check(
        "dpop-11-iat-old",
        TWELVE,
        SIGNATURES,
        'if abs(now.timestamp() - claims["iat"]) > LIFETIMES[Purpose.DPOP]:',
        'if claims["iat"] - now.timestamp() > LIFETIMES[Purpose.DPOP]:',
        AT_TOKEN + "[11 iat is too old]",
    ),
    Check(
        "dpop-11-iat-ahead",
        TWELVE,
        SIGNATURES,
        'if abs(now.timestamp() - claims["iat"]) > LIFETIMES[Purpose.DPOP]:',
        'if now.timestamp() - claims["iat"] > LIFETIMES[Purpose.DPOP]:',
        AT_TOKEN + "[11 iat is ahead]",
    ),
    Check(
        "12-ath-of-this-access-token",
        TWELVE,
        SIGNATURES,
        'if access_token is not None and claims.get("ath") != access_token_hash(access_token):',
        "if False:",
        T_DPOP + "test_12_ath_is_of_this_access_token",
    ),
    Check(
        "12-key-the-token-is-bound-to",
        TWELVE,
        SIGNATURES,
        "if expected_thumbprint is not None and not hmac.compare_digest(signer, expected_thumbprint):",
        "if False:",
        T_DPOP + "test_12_the_key_is_the_one_that_the_token_is_bound_to",
    ),
)
REPLAYS = (
    Check(
        "replay-cache",
        REPLAY,
        "service/protocol/replay.py",
        "return bool(inserted.rowcount == 1)",
        "return bool(inserted.rowcount >= 0)",
        T_DPOP + "test_replay_cache_at_the_token_endpoint",
    ),
    Check(
        "replay-cache-at-the-token-endpoint",
        REPLAY,
        ACCESS,
        "        await consume_proof(session, self.proof)\n",
        "",
        T_DPOP + "test_replay_cache_at_the_token_endpoint",
    ),
    Check(
        "replay-cache-for-connection-tokens",
        REPLAY,
        ACCESS,
        "        await consume_proof(session, self.proof)\n",
        "",
        T_DPOP + "test_replay_cache_for_connection_tokens",
    ),
    Check(
        "replay-cache-at-a-connection",
        REPLAY,
        "service/authorization/records.py",
        "    await consume_proof(session, caller.proof)\n",
        "",
        T_DPOP + "test_replay_cache_at_a_connection[GET-]",
    ),
    Check(
        "proof-remembered-for-as-long-as-valid",
        REPLAY,
        ACCESS,
        'keep_until = datetime.fromtimestamp(claims["iat"], UTC) + PROOF_LIFE',
        'keep_until = datetime.fromtimestamp(claims["iat"], UTC) - PROOF_LIFE',
        T_DPOP + "test_a_proof_is_remembered_for_as_long_as_it_is_valid",
    ),
)
CHECKS = (*TWELVE_CHECKS, *REPLAYS)
