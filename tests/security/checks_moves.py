"""Checks on both sides of a move: a copy acts as nobody, and a new issuer has to publish the known key (ADR 0028)."""

from tests.security.check import Check

T = "tests/moves/test_checks_moves.py::"
T_PAUSED = "tests/moves/test_moves.py::test_a_node_under_another_url_is_paused_and_says_why"
RULE = "a copy does not act as the original"

CHECKS = (
    Check(
        "issuer-publishes-another-key",
        "a new issuer publishes the key that announced it",
        "service/authorization/moves.py",
        "if caller.proof.thumbprint not in keys:",
        "if not keys:",
        T + "test_an_issuer_that_publishes_another_key_is_not_the_same_side",
    ),
    Check(
        "closed-copy-not-ended",
        RULE,
        "service/connections/ending.py",
        "        require_running(node.settings, instance)\n",
        "",
        "tests/moves/test_moves.py::test_a_closed_connection_of_a_copy_is_not_ended_at_the_partner",
    ),
    Check(
        "node-under-another-url-paused",
        RULE,
        "service/authorization/issuers.py",
        "if why_paused(node.settings, issuer.instance):",
        "if False:",
        T_PAUSED,
    ),
    Check(
        "node-another-url-paused-says-why",
        RULE,
        "service/connections/inviting.py",
        "    require_running(node.settings, instance)\n",
        "",
        T_PAUSED,
    ),
    Check(
        "copy-told-to-check-looks-at-nobody",
        RULE,
        "service/connections/checking.py",
        "    await caller_of(node, connection.instance_id)  # a paused instance does not even look\n",
        "",
        "tests/moves/test_moves.py::test_a_copy_that_is_told_to_check_looks_at_nobody",
    ),
)
