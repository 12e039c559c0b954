"""Checks on both sides of a move: a copy acts as nobody, and a new issuer has to publish the known key (ADR 0028)."""

from tests.security.check import Check

T = "tests/lifecycle/test_checks_moves.py::"
T_PAUSED = "tests/lifecycle/test_moves.py::test_a_node_under_another_url_is_paused_and_says_why"
T_OF_PAUSED = "tests/lifecycle/test_paused.py::"
T_WRITES = T_OF_PAUSED + "test_reads_and_writes_agree_that_only_the_way_out_and_an_end_are_left[active]"
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
        "service/connections/peers.py",
        "        require_running(node.settings, instance)\n",
        "",
        "tests/lifecycle/test_moves.py::test_a_closed_connection_of_a_copy_is_not_ended_at_the_partner",
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
        "service/connections/view.py",
        "        is_paused_here=is_paused,\n",
        "",
        T_PAUSED,
    ),
    Check(
        "copy-told-to-check-looks-at-nobody",
        RULE,
        "service/connections/view.py",
        "        is_paused_here=is_paused,\n",
        "",
        "tests/lifecycle/test_moves.py::test_a_copy_that_is_told_to_check_looks_at_nobody",
    ),
    Check(
        "paused-reads-and-writes-agree",
        RULE,
        "service/connections/refusals.py",
        "        require_running_here(self.setup)\n",
        "",
        T_WRITES,
    ),
    Check(
        "paused-no-invitation-looked-at",
        RULE,
        "service/invitations/invited/preview.py",
        "    require_running(node.settings, instance)\n",
        "",
        T_OF_PAUSED + "test_no_invitation_is_looked_at",
    ),
    Check(
        "paused-no-draft-begins",
        RULE,
        "service/connections/answering.py",
        "    require_running(desk.node.settings, instance)\n",
        "",
        T_OF_PAUSED + "test_no_draft_begins[public]",
    ),
    Check(
        "paused-no-destination-probed",
        RULE,
        "service/api/destination_probes.py",
        "        require_running(node.settings, instance)\n",
        "",
        T_OF_PAUSED + "test_no_destination_is_probed",
    ),
    Check(
        "paused-browser-wants-to-start",
        RULE,
        "service/pages/verification/start.py",
        "    require_running(node.settings, scene.instance)\n    url",
        "    url",
        T_OF_PAUSED + "test_a_browser_that_wants_to_start_reads_why_not",
    ),
)
