"""Checks of every JWT: its shape, and the one key that signed it."""

from tests.security.check import Check

SIGNATURES = "service/trust/signatures.py"
KEYS = "service/trust/keys.py"
T = "tests/trust/test_signatures.py::"
FORGED = T + "test_forged_tokens_are_refused"
T_KEYS = "tests/trust/test_signature_keys.py::test_unsound_keys_are_refused"
T_CLAIMS = "tests/trust/test_signature_claims.py::"
ONE_KEY = "exactly one key, chosen by `kid` from the stored set"
P256 = "EC, P-256, no `d`"
VERIFIED = '`jws.verify(token, key, ["ES256"])`, never `jwt.decode`'
TYPED = "claims strictly typed"
REFUSED = 'REFUSED_HEADERS = frozenset({"crit", "jku", "x5u", "x5c", "b64"})'

SHAPE = (
    Check(
        "forged-oversize",
        "≤ 8 KB",
        SIGNATURES,
        "if len(unverified_token) > MAX_TOKEN_LENGTH:",
        "if False:",
        FORGED + "[ATTESTATION oversize]",
    ),
    Check(
        "forged-trailing",
        "three segments",
        SIGNATURES,
        "if len(segments) != 3:",
        "if len(segments) < 3:",
        FORGED + "[ATTESTATION trailing '.']",
    ),
    Check(
        "forged-another-spelling",
        "three segments",
        KEYS,
        "if encode_base64url(data) != text or (length is not None and len(data) != length):",
        "if length is not None and len(data) != length:",
        FORGED + "[ATTESTATION another spelling of the signature]",
    ),
    Check(
        "forged-alg",
        "`alg` == ES256",
        SIGNATURES,
        'if header.get("alg") != ALGORITHM:',
        "if False:",
        FORGED + "[ATTESTATION alg 'HS256']",
    ),
    Check(
        "forged-typ",
        "`typ` == the one expected at *this* call",
        SIGNATURES,
        'if not tolerated and header.get("typ") != purpose.value:',
        "if False:",
        FORGED + "[ATTESTATION typ JWT]",
    ),
    Check(
        "missing-typ-foreign-clients-only",
        "absent `typ` tolerated from foreign clients",
        SIGNATURES,
        "allow_missing_typ and purpose is Purpose.CLIENT_AUTHENTICATION and",
        "allow_missing_typ and",
        T + "test_a_missing_typ_is_tolerated_from_foreign_clients_only[connection-attestation+jwt]",
    ),
    *(
        Check(
            f"forged-header-{name}",
            f"no `{name}`",
            SIGNATURES,
            REFUSED,
            REFUSED.replace(f'"{name}"', '"other"'),
            FORGED + f"[ATTESTATION header {name}]",
        )
        for name in ("crit", "jku", "x5u", "b64")
    ),
    Check(
        "forged-brings-its-own-key",
        "no `jwk` (DPoP excepted)",
        SIGNATURES,
        'if purpose is Purpose.DPOP or "jwk" in header:',
        "if purpose is Purpose.DPOP:",
        FORGED + "[ATTESTATION brings its own key]",
    ),
    Check(
        "forged-repeated-header-member",
        "duplicate JSON keys refused",
        SIGNATURES,
        "if len(members) != len(pairs):",
        "if False:",
        FORGED + "[ATTESTATION repeated header member]",
    ),
    Check(
        "forged-repeated-claim",
        "duplicate JSON keys refused",
        SIGNATURES,
        "if len(members) != len(pairs):",
        'if len(members) != len(pairs) and "alg" in members:',
        FORGED + "[ATTESTATION repeated claim]",
    ),
    Check(
        "forged-nan",
        TYPED,
        SIGNATURES,
        "json.JSONDecoder(object_pairs_hook=_once_each, parse_constant=_refuse_constant)",
        "json.JSONDecoder(object_pairs_hook=_once_each)",
        FORGED + "[ATTESTATION claims nan]",
    ),
)
KEY = (
    Check(
        "forged-kid",
        ONE_KEY,
        SIGNATURES,
        'named = [key for key in keys if key.get("kid") == kid]',
        "named = [key for key in keys][-1:]",
        FORGED + "[ATTESTATION kid 'unknown']",
    ),
    Check(
        "exactly-one-key",
        ONE_KEY,
        SIGNATURES,
        "if not isinstance(kid, str) or len(named) != 1:",
        "if not isinstance(kid, str) or not named:",
        T + "test_exactly_one_sound_key_decides[twice]",
    ),
    Check(
        "sound-key-private",
        P256,
        SIGNATURES,
        "return check_public_jwk(named[0])",
        "return dict(named[0])",
        T + "test_exactly_one_sound_key_decides[private]",
    ),
    Check(
        "unsound-keys-crv",
        P256,
        KEYS,
        'if unverified_jwk.get("kty") != "EC" or unverified_jwk.get("crv") != "P-256":',
        'if unverified_jwk.get("kty") != "EC":',
        T_KEYS + "[{'crv': 'P-384'}]",
    ),
    Check(
        "unsound-keys-kty",
        P256,
        KEYS,
        'if unverified_jwk.get("kty") != "EC" or unverified_jwk.get("crv") != "P-256":',
        'if unverified_jwk.get("crv") != "P-256":',
        T_KEYS + "[{'kty': 'RSA'}]",
    ),
    Check(
        "unsound-keys-d",
        P256,
        KEYS,
        'frozenset({"d", "p",',
        'frozenset({"p",',
        T_KEYS + "[{'d': 'AA'}]",
    ),
    Check(
        "unsound-keys-use",
        P256,
        KEYS,
        'if unverified_jwk.get("use", "sig") != "sig" or unverified_jwk.get("alg", "ES256") != "ES256":',
        'if unverified_jwk.get("alg", "ES256") != "ES256":',
        T_KEYS + "[{'use': 'enc'}]",
    ),
    Check(
        "unsound-keys-alg",
        P256,
        KEYS,
        'if unverified_jwk.get("use", "sig") != "sig" or unverified_jwk.get("alg", "ES256") != "ES256":',
        'if unverified_jwk.get("use", "sig") != "sig":',
        T_KEYS + "[{'alg': 'ES384'}]",
    ),
    Check(
        "unsound-keys-x-y",
        P256,
        KEYS,
        "    check_point(x, y)\n",
        "",
        T_KEYS
        + "[{'x': 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'y': 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'}]",
    ),
    Check(
        "forged-signed-with-another-key",
        VERIFIED,
        SIGNATURES,
        'jws.verify(unverified_token, _verifying_key(key["x"], key["y"]), [ALGORITHM])',
        "pass",
        FORGED + "[ATTESTATION signed with another key]",
    ),
    Check(
        "verify-es256-only",
        VERIFIED,
        SIGNATURES,
        'jws.verify(unverified_token, _verifying_key(key["x"], key["y"]), [ALGORITHM])',
        'jws.verify(unverified_token, _verifying_key(key["x"], key["y"]), None)',
        T_CLAIMS + "test_verify_takes_es256_only_whatever_came_before",
    ),
    Check(
        "never-jwt-decode",
        VERIFIED,
        SIGNATURES,
        "from jose import jws\n",
        "from jose import jws, jwt\n",
        T_CLAIMS + "test_never_jwt_decode",
    ),
)
CHECKS = (*SHAPE, *KEY)
