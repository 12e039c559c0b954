"""Checks, server side: what may be pushed (P4)."""

from tests.security.check import Check

PUSHING = "service/authorization/requests/pushing.py"
MESSAGES = "service/protocol/messages.py"
T = "tests/authorization/test_checks_pushed_requests.py::"
REPLACES = "new PAR for the same `shared_id` and client replaces the old until a decision"

CHECKS = (
    Check(
        "form-well-formed",
        "cheap checks before any fetch",
        PUSHING,
        """    pushed = _read_push(issuer, modes, request, form, asking)
""",
        """    await authenticate_by_document(node, issuer, assertion, asking)
    pushed = _read_push(issuer, modes, request, form, asking)
""",
        T + "test_form_well_formed[response_type-token]",
    ),
    Check(
        "form-request",
        "PAR, required (9126)",
        PUSHING,
        'if "request_uri" in form or "request" in form:',
        "if False:",
        T + "test_form_well_formed[request-e30.e30.e30]",
    ),
    Check(
        "form-response-type",
        "RFC 6749 code grant",
        MESSAGES,
        'response_type: Literal["code"]',
        "response_type: str",
        T + "test_form_well_formed[response_type-token]",
    ),
    Check(
        "form-state",
        "`state` ≥ 128 bit",
        MESSAGES,
        "    state: Annotated[str, StringConstraints(min_length=22, max_length=512)]",
        "    state: Annotated[str, StringConstraints(max_length=512)]",
        T + "test_form_well_formed[state-short]",
    ),
    Check(
        "form-nonce",
        "client assertion, S256, state, nonce",
        MESSAGES,
        "    nonce: Annotated[str, StringConstraints(min_length=22, max_length=512)]",
        "    nonce: Annotated[str, StringConstraints(max_length=512)]",
        T + "test_form_well_formed[nonce-short]",
    ),
    Check(
        "form-shared-id",
        "`shared_id` is a fresh UUID per attempt",
        MESSAGES,
        'code_challenge_method: Literal["S256"]\n    shared_id: SharedId',
        'code_challenge_method: Literal["S256"]\n    shared_id: str',
        T + "test_form_well_formed[shared_id-not-a-uuid]",
    ),
    Check(
        "unknown-scope-refused",
        "scope ⊆ asked",
        PUSHING,
        "if not scope or not SCOPES.issuperset(scope):",
        "if not scope:",
        T + "test_an_unknown_scope_is_refused[items:admin]",
    ),
    Check(
        "s256-only-plain",
        "S256 only",
        MESSAGES,
        'code_challenge_method: Literal["S256"]',
        'code_challenge_method: Literal["S256", "plain"]',
        T + f"test_s256_only[{'x' * 43}-plain]",
    ),
    Check(
        "s256-only-none",
        "S256 only",
        MESSAGES,
        'code_challenge_method: Literal["S256"]',
        'code_challenge_method: Literal["S256"] = "S256"',
        T + f"test_s256_only[{'x' * 43}-None]",
    ),
    Check(
        "redirect-uri-exact",
        "`redirect_uri` exact",
        PUSHING,
        "if redirect_uri not in client.document.redirect_uris:",
        "if not redirect_uri.startswith(tuple(client.document.redirect_uris)):",
        T + "test_redirect_uri_exact[https://asker.test/i/asker/oauth/callback/]",
    ),
    Check(
        "redirect-uri-same-origin-as-client-id",
        "`redirect_uri` same origin as `client_id`",
        PUSHING,
        'if not has_same_origin(pushed.redirect_uri, pushed.client_id) or "#" in pushed.redirect_uri:',
        'if "#" in pushed.redirect_uri:',
        T + "test_redirect_uri_same_origin_as_client_id[https://evil.test/callback]",
    ),
    Check(
        "redirect-uri-fragment",
        "`redirect_uri` exact",
        PUSHING,
        'if not has_same_origin(pushed.redirect_uri, pushed.client_id) or "#" in pushed.redirect_uri:',
        "if not has_same_origin(pushed.redirect_uri, pushed.client_id):",
        T + "test_redirect_uri_same_origin_as_client_id[https://asker.test/i/asker/oauth/callback#fragment]",
    ),
    Check(
        "repeated-parameters-refused",
        "repeated parameters refused",
        "service/protocol/parameters.py",
        "if name in found:",
        "if False:",
        T + "test_repeated_parameters_refused",
    ),
    Check(
        "request-uri-unguessable",
        "`request_uri` unguessable",
        PUSHING,
        "REQUEST_URI_BITS = 256",
        "REQUEST_URI_BITS = 64",
        T + "test_request_uri_unguessable",
    ),
    Check(
        "new-push-replaces-the-old",
        REPLACES,
        PUSHING,
        "    await session.delete(older)\n    await session.flush()",
        "    older.shared_id = new_id('old')[:36]\n    await session.flush()",
        T + "test_a_new_push_replaces_the_old_one_until_a_decision",
    ),
    Check(
        "after-a-decision-refused",
        REPLACES,
        PUSHING,
        "    if not is_undecided or older.connection_id is not None:",
        "    if False:",
        T + "test_after_a_decision_a_conflict_is_refused[deny]",
    ),
)
