"""Checks of an active connection: what its other side may change of it, and what not (ADR 0027, 0029)."""

from tests.security.check import Check

RENEWALS = "tests/authorization/test_reconnects.py::test_"
RECORDS = "service/authorization/records.py"
PUSHES = "service/authorization/requests/pushing.py"

CHECKS = (
    Check(
        "renewed-only-for-this-client",
        "re-verification names the existing shared_id",
        "service/verification/renewal.py",
        'known = connection.peer is not None and connection.peer["client_id"] == client_id',
        "known = connection.peer is not None",
        RENEWALS + "only_this_client_has_its_own_connection_renewed_for_it",
    ),
    Check(
        "another-mode-is-final",
        "otherwise a mode is final once the connection is active",
        PUSHES,
        "if not may_become(connection, pushed.mode):",
        "if False:",
        RENEWALS + "another_mode_than_basic_is_final",
    ),
    Check(
        "mode-given-meanwhile-stays",
        "otherwise a mode is final once the connection is active",
        RECORDS,
        "if not may_become(connection, mode) or (is_change and await is_deciding(session, connection)):",
        "if False:",
        RENEWALS + "the_mode_that_somebody_else_has_given_it_meanwhile_stays",
    ),
    Check(
        "two-upgrades-that-cross",
        "mode on both sides changes in one commit",
        RECORDS,
        "if not may_become(connection, mode) or (is_change and await is_deciding(session, connection)):",
        "if not may_become(connection, mode):",
        "tests/verification/test_reconnecting.py::test_of_two_upgrades_that_cross_one_at_most_is_committed",
    ),
    Check(
        "attempt-ends-without-the-connection",
        "its own state and nonce tell attempts apart",
        RECORDS,
        "if connection is not None and not agreement.is_renewal and not _is_still_ours(connection):",
        "if connection is not None and not _is_still_ours(connection):",
        RENEWALS + "the_attempt_ends_without_the_connection",
    ),
    Check(
        "token-for-the-attempt-has-no-rights",
        "5-min DPoP-bound token that carries shared_id",
        "service/authorization/agreements.py",
        'return Agreement(record.client["jwks"], [], record, connection)',
        'return Agreement(record.client["jwks"], record.scope, record, connection)',
        RENEWALS + "a_token_for_the_attempt_has_no_rights_and_tells_nothing",
    ),
    Check(
        "late-message-does-not-undo-a-newer-one",
        "status is two-sided",
        "service/lifecycle/status.py",
        "if known is not None and told.changed_at is not None and told.changed_at < known:",
        "if False:",
        "tests/authorization/test_status.py::test_a_late_message_does_not_undo_a_newer_one",
    ),
)
