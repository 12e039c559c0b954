"""Checks of keys that change: ours over time, and those of the other side."""

from tests.security.check import Check

ROTATION = "service/instance_keys/rotation.py"
TOKENS = "service/authorization/tokens/exchange.py"
T_PLANNED = "tests/instance_keys/test_planned.py::"
T_EMERGENCY = "tests/instance_keys/test_emergency.py::"
T_NEW = "tests/authorization/test_checks_new_keys.py::"
ROTATED = "next key published ≥ 24 h ahead, old one refused ≤ 7 days later"
AT_ONCE = "emergency revoke at once"
SNAPSHOT = "client-side snapshot for the whole session"

CHECKS = (
    Check(
        "next-key-published-first",
        ROTATED,
        ROTATION,
        "PUBLISHED_AHEAD = timedelta(hours=24)",
        "PUBLISHED_AHEAD = timedelta(hours=23)",
        T_PLANNED + "test_the_next_key_is_published_first_and_the_old_one_refused_a_week_after[sqlite]",
    ),
    Check(
        "old-one-refused-a-week-after",
        ROTATED,
        ROTATION,
        "STILL_TAKEN = timedelta(days=7)",
        "STILL_TAKEN = timedelta(days=8)",
        T_PLANNED + "test_the_next_key_is_published_first_and_the_old_one_refused_a_week_after[sqlite]",
    ),
    Check(
        "signs-no-more-no-private-half",
        "secrets at rest",
        ROTATION,
        "await advance(session, older, KeyEvent.RETIRE, until=until, private_key_sealed=None)",
        "await advance(session, older, KeyEvent.RETIRE, until=until)",
        T_PLANNED + "test_a_key_that_signs_no_more_has_no_private_half",
    ),
    Check(
        "old-key-signed-refused-at-once",
        AT_ONCE,
        "service/instance_keys/operations.py",
        '.where(InstanceKey.instance_id == bindparam("instance_id"), InstanceKey.state != KeyState.REFUSED)',
        '.where(InstanceKey.instance_id == bindparam("instance_id"))',
        T_EMERGENCY + "test_an_access_token_that_the_old_key_signed_is_refused_at_once[sqlite]",
    ),
    Check(
        "revoked-client-key-ends-access-tokens",
        AT_ONCE,
        "service/authorization/records.py",
        "if caller.client_key not in {thumbprint(key) for key in found.jwks}:",
        "if False:",
        T_EMERGENCY + "test_a_revoked_client_key_ends_its_access_tokens_and_gets_no_more",
    ),
    Check(
        "attempt-keeps-keys-began",
        SNAPSHOT,
        TOKENS,
        "if not agreement.may_learn_keys or authentication.knows_key(agreement.jwks, assertion):",
        "if authentication.knows_key(agreement.jwks, assertion):",
        T_NEW + "test_an_attempt_keeps_the_keys_with_which_it_began",
    ),
    Check(
        "key-of-ours-not-learned",
        "A key that is our own under another issuer is refused",
        TOKENS,
        "await authentication.refuse_own_keys(session, node.settings, client_id, keys)",
        "pass",
        T_NEW + "test_a_key_of_ours_is_not_learned",
    ),
    Check(
        "probed-key-of-ours-not-learned",
        "A key that is our own under another issuer is refused",
        "service/discovery/node_metadata.py",
        "if not owners <= {issuer}:",
        "if False:",
        T_EMERGENCY + "test_a_probed_key_of_ours_is_not_learned",
    ),
)
