"""Checks: whose key it is, what it is for, and what is kept of an answer."""

from tests.security.check import Check

ONCE = "service/retries/once.py"
T = "tests/retries/test_keys.py::"
PER_CALLER = "`Idempotency-Key` per principal; stored answers are sealed"

CHECKS = (
    Check(
        "somebody-elses-key",
        PER_CALLER,
        ONCE,
        'row_id = node.hasher.hash(f"{caller}\\n{found.group(1)}")',
        'row_id = node.hasher.hash(f"{found.group(1)}")',
        T + "test_somebody_elses_key_is_another_one",
    ),
    Check(
        "key-of-another-request",
        PER_CALLER,
        ONCE,
        "if fingerprint != self.fingerprint:",
        "if False:",
        T + "test_a_key_of_another_request_is_refused",
    ),
    Check(
        "hundred-keys-at-once",
        PER_CALLER,
        ONCE,
        "if not is_mine:",
        "if False:",
        T + "test_a_hundred_at_once_make_one_object_and_all_get_the_same_answer",
    ),
)
