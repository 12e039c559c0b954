"""Checks, client side: the browser comes back (P6)."""

from tests.security.check import Check

CALLBACK = "service/pages/verification/callback.py"
SESSIONS = "service/verification/session/operations.py"
T_CALLBACK = "tests/verification/test_checks_callback.py::"
T_BROWSER = "tests/verification/test_checks_browser.py::"
T_START = "tests/verification/test_checks_start.py::"
ISS = "`iss` compared before anything is sent"
STATE = "`state` ≥ 128 bit, hashed, one use"
SAME_BROWSER = "callback by the **same signed-in admin and browser that started**"
CLEAN = "callback answers 303, `no-store`"
STARTED_BY = "if visitor is None or visitor.sign_in.browser_id != attempt.browser_id:"

CHECKS = (
    Check(
        "iss-equals-the-snapshot-before-anything-is-sent",
        ISS,
        CALLBACK,
        'if not hmac.compare_digest(answer.get("iss", "").encode(), attempt.peer_issuer.encode()):',
        "if False:",
        T_CALLBACK + "test_iss_equals_the_snapshot_before_anything_is_sent",
    ),
    Check(
        "missing-iss-refused",
        ISS,
        CALLBACK,
        'answer.get("iss", "").encode()',
        'answer.get("iss", attempt.peer_issuer).encode()',
        T_CALLBACK + "test_a_missing_iss_is_refused",
    ),
    Check(
        "iss-on-an-error-too",
        ISS,
        CALLBACK,
        'if not hmac.compare_digest(answer.get("iss", "").encode(), attempt.peer_issuer.encode()):',
        'if "code" in answer and answer.get("iss") != attempt.peer_issuer:',
        T_CALLBACK + "test_iss_is_compared_on_an_error_too",
    ),
    Check(
        "state-128-bits",
        STATE,
        SESSIONS,
        "    state = new_secret()\n",
        "    state = new_secret(64)\n",
        T_START + "test_state_128_bits_at_least",
    ),
    Check(
        "state-only-its-hash",
        STATE,
        SESSIONS,
        "state_hash=node.hasher.hash(state),",
        "state_hash=state,",
        T_CALLBACK + "test_state_has_128_bits_and_only_its_hash_is_looked_up",
    ),
    Check(
        "unknown-state-refused",
        STATE,
        SESSIONS,
        "        VerificationSession.state_hash == node.hasher.hash(state),\n",
        "",
        T_CALLBACK + "test_an_unknown_state_is_refused",
    ),
    Check(
        "state-works-once",
        STATE,
        CALLBACK,
        "if attempt.state is VerificationState.AWAITING_DECISION:",
        "if True:",
        T_CALLBACK + "test_state_works_once",
    ),
    Check(
        "callback-another-browser",
        SAME_BROWSER,
        CALLBACK,
        STARTED_BY,
        "if visitor is None:",
        T_BROWSER + "test_the_callback_of_the_same_admin_in_another_browser",
    ),
    Check(
        "callback-another-admin",
        SAME_BROWSER,
        CALLBACK,
        "if visitor.sign_in.account_id != attempt.owner_account:",
        "if False:",
        T_BROWSER + "test_the_callback_of_another_admin",
    ),
    Check(
        "callback-signed-in",
        SAME_BROWSER,
        CALLBACK,
        STARTED_BY,
        "if visitor is not None and visitor.sign_in.browser_id != attempt.browser_id:",
        T_BROWSER + "test_the_callback_of_who_is_not_signed_in",
    ),
    Check(
        "callback-no-admin",
        SAME_BROWSER,
        CALLBACK,
        "if not visitor.sign_in.is_admin:",
        "if False:",
        T_BROWSER + "test_the_callback_of_who_is_no_admin_any_more",
    ),
    Check(
        "callback-repeated-parameters-refused",
        "repeated parameters refused",
        CALLBACK,
        "if len(answer) != len(pairs):",
        "if False:",
        T_CALLBACK + "test_repeated_parameters_are_refused",
    ),
    Check(
        "code-and-error-together-refused",
        ISS,
        CALLBACK,
        'if ("code" in answer) == ("error" in answer):',
        'if "code" not in answer and "error" not in answer:',
        T_CALLBACK + "test_a_code_and_an_error_together_are_refused",
    ),
    Check(
        "callback-answers-303",
        CLEAN,
        CALLBACK,
        "return RedirectResponse(start_url(node.settings, found.id), SEE_OTHER)",
        "return RedirectResponse(start_url(node.settings, found.id), 307)",
        T_CALLBACK + "test_the_callback_answers_303_no_store_to_a_clean_page",
    ),
    Check(
        "callback-no-store",
        CLEAN,
        "service/http/context.py",
        'headers.setdefault("Cache-Control", "no-store")',
        'headers.setdefault("Cache-Control", "private")',
        T_CALLBACK + "test_the_callback_answers_303_no_store_to_a_clean_page",
    ),
)
