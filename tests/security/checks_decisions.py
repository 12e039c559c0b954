"""Checks, server side: from the browser's arrival to the decision and the way back (P5)."""

from tests.security.check import Check

CONSENT = "service/pages/consent.py"
DECISIONS = "service/authorization/requests/deciding.py"
FORM_TOKENS = "service/access/form_tokens.py"
T_AUTHORIZE = "tests/authorization/test_checks_authorize.py::"
T_CONSENT = "tests/authorization/test_checks_consent.py::"
T_ALONE = "tests/authorization/test_checks_alone.py::"
ONLY_PUSHED = "`/authorize` only with a pushed `request_uri`"
PAGE = "unknown client or redirect ⇒ page, no redirect"
ALWAYS = "always authenticate and always ask, no remembered consent"
ON_BOTH = "`iss` and `state` on success *and* error"
ANSWER = 'query = urlencode({**members, "state": state, "iss": issuer.url})'
FORM_TOKEN = "consent POST has a form token bound to session and request"
LIVE = "The admin check is live: sign-in *is* the check"

ARRIVAL = (
    Check(
        "authorize-only-with-a-pushed-request-uri",
        ONLY_PUSHED,
        CONSENT,
        "if query.keys() != PARAMETERS:",
        "if not query:",
        T_AUTHORIZE + "test_authorize_only_with_a_pushed_request_uri",
    ),
    Check(
        "other-parameters-refused",
        ONLY_PUSHED,
        CONSENT,
        "if query.keys() != PARAMETERS:",
        "if not query.keys() >= PARAMETERS:",
        T_AUTHORIZE + "test_other_or_repeated_parameters_refused_with_a_page",
    ),
    Check(
        "repeated-parameters-refused-with-a-page",
        "repeated parameters refused",
        "service/protocol/parameters.py",
        "if name in found:",
        "if False:",
        T_AUTHORIZE + "test_other_or_repeated_parameters_refused_with_a_page",
    ),
    Check(
        "unknown-page",
        PAGE,
        DECISIONS,
        "AuthorizationRequest.request_uri_hash == node.hasher.hash(request_uri),",
        "AuthorizationRequest.client_id == client_id,",
        T_AUTHORIZE + "test_unknown_client_or_redirect_page_no_redirect",
    ),
    Check(
        "unknown-client-or-redirect-page-no-redirect",
        PAGE,
        CONSENT,
        """            visitor = await find_visitor(session, node, request, issuer.instance)
    except Undecidable as refusal:
        raise _page(refusal) from None
    if visitor is None or not is_fresh(visitor.sign_in, pushed.id, now):""",
        """            visitor = await find_visitor(session, node, request, issuer.instance)
    except Undecidable as refusal:
        return RedirectResponse(f"{query['client_id']}?error={refusal}", HTTPStatus.SEE_OTHER)
    if visitor is None or not is_fresh(visitor.sign_in, pushed.id, now):""",
        T_AUTHORIZE + "test_unknown_client_or_redirect_page_no_redirect",
    ),
    Check(
        "request-uri-bound-to-the-client",
        "`request_uri` bound to the client",
        DECISIONS,
        "if request is None or request.client_id != client_id:",
        "if request is None:",
        T_AUTHORIZE + "test_request_uri_bound_to_the_client",
    ),
    Check(
        "request-uri-bound-to-the-instance",
        "`request_uri` bound to the client",
        DECISIONS,
        """        AuthorizationRequest.request_uri_hash == node.hasher.hash(request_uri),
        AuthorizationRequest.instance_id == issuer.instance.id,""",
        "        AuthorizationRequest.request_uri_hash == node.hasher.hash(request_uri),",
        T_AUTHORIZE + "test_request_uri_bound_to_the_instance",
    ),
    Check(
        "request-bound-to-the-instance",
        "`request_uri` bound to the client",
        DECISIONS,
        "if request is None or request.instance_id != issuer.instance.id:",
        "if request is None:",
        T_AUTHORIZE + "test_request_uri_bound_to_the_instance",
    ),
    Check(
        "request-uri-consumed-at-the-decision",
        "`request_uri` consumed at the decision",
        DECISIONS,
        "if request.state is not _S.REQUESTED:",
        "if False:",
        T_AUTHORIZE + "test_request_uri_consumed_at_the_decision[accept]",
    ),
    Check(
        "request-waits-300-seconds",
        "PAR 300 s",
        DECISIONS,
        " or (request.state is _S.REQUESTED and request.expires_at <= now):",
        ":",
        "tests/authorization/test_checks_pushed_requests.py::test_a_request_waits_300_seconds",
    ),
    Check(
        "always-authenticate",
        ALWAYS,
        DECISIONS,
        "if sign_in is None or sign_in.for_request != request_id:",
        "if sign_in is None:",
        T_AUTHORIZE + "test_always_authenticate",
    ),
    Check(
        "always-authenticate-on-the-page",
        ALWAYS,
        CONSENT,
        "if visitor is None or not is_fresh(visitor.sign_in, asked.id, now):",
        "if visitor is None:",
        T_ALONE + "test_always_authenticate_on_the_page_itself",
    ),
    Check(
        "always-ask-no-remembered-consent",
        ALWAYS,
        CONSENT,
        "    view: ConsentView | NotAdminView = _not_admin_view(node, issuer, asked, visitor.sign_in)",
        """    from sqlmodel import select
    known = select(AuthorizationRequest).where(AuthorizationRequest.client_id == asked.client_id)
    async with transaction(node.database) as session:
        if len((await session.exec(known)).all()) > 1:
            return RedirectResponse(
                await decide(session, node, issuer, asked.id, visitor.sign_in, Decision.ACCEPT, now), 303
            )
    view: ConsentView | NotAdminView = _not_admin_view(node, issuer, asked, visitor.sign_in)""",
        T_ALONE + "test_always_ask_no_remembered_consent_after_the_sign_in",
    ),
    Check(
        "sign-in-counts-for-five-minutes",
        "The person signs in for this decision (≤ 5 min before it)",
        DECISIONS,
        "return now - sign_in.signed_in_at <= FRESH",
        "return True",
        T_AUTHORIZE + "test_a_sign_in_counts_for_five_minutes",
    ),
    Check(
        "sign-in-older-than-it-may-be-decides-nothing",
        "The person signs in for this decision (≤ 5 min before it)",
        CONSENT,
        "if visitor is None or not is_fresh(visitor.sign_in, request_id, now):",
        "if visitor is None:",
        T_ALONE + "test_a_sign_in_older_than_it_may_be_decides_nothing",
    ),
)
DECISION = (
    Check(
        "live-admin-check",
        LIVE,
        DECISIONS,
        "if not sign_in.is_admin:",
        "if False:",
        T_CONSENT + "test_the_live_admin_check_decides",
    ),
    Check(
        "form-token-bound-to-session-and-request",
        FORM_TOKEN,
        CONSENT,
        "if not is_form_token(node.hasher, given, visitor.sign_in.id, FORM, request_id):",
        "if False:",
        T_CONSENT + "test_consent_post_has_a_form_token_bound_to_session_and_request",
    ),
    Check(
        "form-token-bound-to-session",
        FORM_TOKEN,
        FORM_TOKENS,
        'return json.dumps(["form", *parts])',
        'return json.dumps(["form", *parts[1:]])',
        T_CONSENT + "test_consent_post_has_a_form_token_bound_to_session_and_request",
    ),
    Check(
        "form-token-bound-to-the-request",
        FORM_TOKEN,
        FORM_TOKENS,
        'return json.dumps(["form", *parts])',
        'return json.dumps(["form", *parts[:2]])',
        "tests/verification/test_checks_start.py::test_a_form_token_is_bound_to_the_request",
    ),
    Check(
        "consent-post-from-another-site-refused",
        "strict CSP … a form's Origin",
        CONSENT,
        "    check_same_origin(request, node.settings)\n",
        "",
        T_CONSENT + "test_consent_post_from_another_site_is_refused",
    ),
    Check(
        "another-admin-code-of-the-first",
        "same decision again ⇒ same 303 while the code lives",
        DECISIONS,
        "if request.subject == subject and _code_lives(request, now):",
        "if _code_lives(request, now):",
        T_CONSENT + "test_another_admin_does_not_get_the_code_of_the_first",
    ),
    Check(
        "iss-on-success",
        ON_BOTH,
        DECISIONS,
        ANSWER,
        ANSWER.replace('"iss": issuer.url', '**({"iss": issuer.url} if "error" in members else {})'),
        T_CONSENT + "test_iss_and_state_on_success",
    ),
    Check(
        "state-on-success",
        ON_BOTH,
        DECISIONS,
        ANSWER,
        ANSWER.replace('"state": state', '**({"state": "x"} if "code" in members else {})'),
        T_CONSENT + "test_iss_and_state_on_success",
    ),
    Check(
        "iss-on-error",
        ON_BOTH,
        DECISIONS,
        ANSWER,
        ANSWER.replace('"iss": issuer.url', '**({"iss": issuer.url} if "code" in members else {})'),
        T_CONSENT + "test_iss_and_state_on_error",
    ),
    Check(
        "state-on-error",
        ON_BOTH,
        DECISIONS,
        ANSWER,
        ANSWER.replace('"state": state', '**({"state": "x"} if "error" in members else {})'),
        T_CONSENT + "test_iss_and_state_on_error",
    ),
)
CHECKS = (*ARRIVAL, *DECISION)
