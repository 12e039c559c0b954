"""Checks, client side: who starts, and what leaves this node (P2 to P4, P7)."""

from tests.security.check import Check

SESSIONS = "service/verification/session/operations.py"
PUSHING = "service/verification/initiator/pushing.py"
START = "service/pages/verification/start.py"
MESSAGES = "service/protocol/messages.py"
OPERATIONS = "service/connections/operations.py"
T_CALLBACK = "tests/verification/test_checks_callback.py::"
T_START = "tests/verification/test_checks_start.py::"
T_PAGE = "tests/verification/test_start_page.py::"
SNAPSHOT = "snapshot for the whole flow"
FRESH = "fresh verifier"
RETURN_URL = "`return_url` only from the instance's allow-list"
OWNER = "A session made by a person belongs to that person"

CHECKS = (
    Check(
        "snapshot-for-the-whole-attempt",
        SNAPSHOT,
        "service/verification/initiator/completing.py",
        "    peer = peer_of(attempt.peer)\n",
        """    from service.discovery.node_metadata import read_node
    seen = await read_node(node.egress, attempt.peer_issuer, now=node.clock.now())
    peer = peer_of(seen.to_json())
""",
        "tests/verification/test_checks_attestation.py"
        "::test_the_snapshot_of_the_other_nodes_keys_is_used_for_the_whole_attempt",
    ),
    Check(
        "fresh-verifier",
        FRESH,
        SESSIONS,
        'attempt_id, shared_id, verifier = new_id("vs"), str(uuid4()), new_secret()',
        'attempt_id, shared_id, verifier = new_id("vs"), str(uuid4()), "v" * 43',
        T_CALLBACK + "test_each_attempt_has_a_fresh_verifier_state_and_nonce",
    ),
    Check(
        "fresh-nonce",
        FRESH,
        SESSIONS,
        "nonce=new_secret(),",
        'nonce="n" * 43,',
        T_CALLBACK + "test_each_attempt_has_a_fresh_verifier_state_and_nonce",
    ),
    Check(
        "only-client-id-and-request-uri",
        "only `client_id` and `request_uri` in the browser URL",
        "service/protocol/client.py",
        'query = urlencode({"client_id": caller.client_id, "request_uri": request_uri})',
        'query = urlencode({"client_id": caller.client_id, "request_uri": request_uri, "state": "s"})',
        T_START + "test_only_client_id_and_request_uri_in_the_browser_url",
    ),
    Check(
        "form-from-another-session",
        "consent POST has a form token bound to session and request",
        START,
        "if not is_form_token(node.hasher, given_token, visitor.sign_in.id, FORM, attempt_id):",
        "if False:",
        T_PAGE + "test_a_form_from_another_session_or_site_starts_nothing",
    ),
    Check(
        "form-from-another-site",
        "strict CSP … a form's Origin",
        START,
        "    check_same_origin(request, node.settings)\n",
        "",
        T_PAGE + "test_a_form_from_another_session_or_site_starts_nothing",
    ),
    Check(
        "session-of-a-person-belongs-to-that-person",
        OWNER,
        START,
        "if owner is not None and owner != visitor.sign_in.account_id:",
        "if False:",
        T_PAGE + "test_a_session_of_a_person_belongs_to_that_person",
    ),
    Check(
        "session-that-another-admin-started",
        OWNER,
        PUSHING,
        "if attempt.owner_account not in {None, sign_in.account_id}:",
        "if False:",
        T_START + "test_a_session_that_another_admin_started_at_the_same_moment",
    ),
    Check(
        "member-may-not-start",
        "an admin of A's instance must be signed in at A in this browser",
        START,
        "    if not visitor.sign_in.is_admin:\n        return await _go_back(node, scene, visitor)\n",
        "",
        T_START + "test_a_member_may_not_start",
    ),
    Check(
        "bearer-token-refused-nothing-active",
        "`token_type` DPoP or refused",
        MESSAGES,
        'token_type: Literal["DPoP"]',
        "token_type: str",
        "tests/verification/test_checks_attestation_alone.py"
        "::test_a_bearer_token_is_refused_and_nothing_active",
    ),
    Check(
        "return-url-only-from-the-allow-list",
        RETURN_URL,
        OPERATIONS,
        "if return_url not in instance.return_urls:",
        "if False:",
        T_CALLBACK + "test_return_url_only_from_the_allow_list",
    ),
    Check(
        "return-url-changed",
        RETURN_URL,
        OPERATIONS,
        '    if "return_url" in sent and changes.return_url is not None:\n',
        "    if False:\n",
        T_START + "test_a_return_url_changed_later_is_on_the_list_too",
    ),
)
