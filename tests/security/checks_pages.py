"""Checks, server side: what the pages show, which headers they have, how they redirect, and their cookie."""

from tests.security.check import Check

CONSENT = "service/pages/consent.py"
RENDERING = "service/pages/rendering.py"
COOKIES = "service/access/cookies.py"
TEMPLATE = "service/pages/templates/consent.html"
T_CONSENT = "tests/authorization/test_checks_consent.py::"
T_ALONE = "tests/authorization/test_checks_alone.py::"
T_START = "tests/verification/test_checks_start.py::"
T_HEADERS = "tests/pages/test_checks_headers.py::"
T_COOKIES = "tests/access/test_cookies.py::"
NEVER_307 = "303, never 307"
CLAIMS = "name and logo are claims, shown inert and cut"
PROMINENT = "Deny as prominent as Accept"
COMPARISON = "comparison code shown on both sides"
CSP = "strict CSP without inline script"
FORM_ACTION = "whose `form-action` names the verified redirect origin"
COOKIE = "`__Host-` cookie (named per instance: ports share cookies) bound to the session"
DENY = '<button class="button" type="submit" name="decision" value="deny">{{ icon("cross") }}Deny</button>'

REDIRECTS = (
    Check(
        "303-never-307",
        NEVER_307,
        CONSENT,
        "return RedirectResponse(url, HTTPStatus.SEE_OTHER)",
        "return RedirectResponse(url, HTTPStatus.TEMPORARY_REDIRECT)",
        T_CONSENT + "test_303_never_307",
    ),
    Check(
        "303-at-authorize",
        NEVER_307,
        CONSENT,
        "return RedirectResponse(_path(issuer, pushed.id), HTTPStatus.SEE_OTHER)",
        "return RedirectResponse(_path(issuer, pushed.id), HTTPStatus.TEMPORARY_REDIRECT)",
        T_ALONE + "test_303_at_authorize_for_who_is_signed_in",
    ),
    Check(
        "303-to-the-sign-in",
        NEVER_307,
        "service/pages/visitors.py",
        "SEE_OTHER = 303",
        "SEE_OTHER = 307",
        T_ALONE + "test_303_to_the_sign_in",
    ),
    Check(
        "303-after-the-sign-in",
        NEVER_307,
        "service/pages/sign_in.py",
        "response = RedirectResponse(goal.path, HTTPStatus.SEE_OTHER, NO_STORE)",
        "response = RedirectResponse(goal.path, HTTPStatus.TEMPORARY_REDIRECT, NO_STORE)",
        T_ALONE + "test_303_after_the_sign_in",
    ),
    Check(
        "303-when-start-is-pressed",
        NEVER_307,
        "service/pages/verification/start.py",
        "return RedirectResponse(url, SEE_OTHER)",
        "return RedirectResponse(url, 307)",
        T_START + "test_303_when_start_is_pressed",
    ),
)
SHOWN = (
    Check(
        "consent-shows-the-host-of-client-id",
        "consent shows the **host of client_id**",
        CONSENT,
        "asking_host=urlsplit(asked.client_id).netloc,\n        claims",
        "asking_host=client_document(asked).client_name,\n        claims",
        T_CONSENT + "test_consent_shows_the_host_of_client_id_and_the_rest_as_claims",
    ),
    Check(
        "marks-every-claim",
        CLAIMS,
        "service/pages/templates/parts.html",
        ' <span class="tag">claimed, not verified</span>',
        "",
        "tests/pages/test_pages.py::test_consent_shows_the_verified_host_and_marks_every_claim",
    ),
    Check(
        "text-from-outside-makes-no-elements",
        CLAIMS,
        RENDERING,
        "autoescape=True,",
        "autoescape=False,",
        "tests/pages/test_every_page.py::test_text_from_outside_makes_no_elements[hostile-consent]",
    ),
    Check(
        "characters-that-turn-the-text",
        CLAIMS,
        "service/pages/untrusted_text.py",
        'shown.append(f"[U+{ord(character):04X}]" if category.startswith("C") else character)',
        "shown.append(character)",
        "tests/pages/test_untrusted_text.py"
        "::test_characters_that_turn_or_control_the_text_become_visible_marks",
    ),
    Check(
        "kilobytes-are-cut",
        CLAIMS,
        "service/pages/untrusted_text.py",
        "if len(shown) > limit or len(unverified_text) > _LONGEST_READ:",
        "if False:",
        "tests/pages/test_untrusted_text.py::test_ten_kilobytes_are_cut_and_the_cut_shows",
    ),
    Check(
        "no-logo-from-elsewhere",
        CLAIMS,
        RENDERING,
        "\"default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; \"",
        "\"default-src 'none'; style-src 'self'; img-src https: data:; base-uri 'none'; \"",
        T_HEADERS + "test_no_logo_is_loaded_from_elsewhere",
    ),
    Check(
        "deny-as-prominent-as-accept",
        PROMINENT,
        TEMPLATE,
        DENY,
        DENY.replace('class="button"', 'class="link"'),
        T_CONSENT + "test_deny_as_prominent_as_accept",
    ),
    Check(
        "deny-and-accept-are-twins",
        PROMINENT,
        TEMPLATE,
        DENY,
        DENY.replace('type="submit"', 'type="submit" hidden'),
        "tests/pages/test_pages.py::test_deny_and_accept_are_twins",
    ),
    Check(
        "comparison-code-the-other-side-computes",
        COMPARISON,
        CONSENT,
        "comparison_code=asked.comparison_code,",
        'comparison_code="",',
        "tests/authorization/test_checks_pushed_requests.py"
        "::test_comparison_code_is_the_one_that_the_other_side_computes",
    ),
    Check(
        "comparison-code-shown-on-the-start-page",
        COMPARISON,
        "service/pages/verification/start.py",
        "comparison_code=scene.attempt.comparison_code,",
        'comparison_code="",',
        T_START + "test_comparison_code_shown_on_the_start_page",
    ),
    Check(
        "comparison-code-shown-on-both-sides",
        COMPARISON,
        "service/verification/session/operations.py",
        "comparison_code=comparison_code(client_id, there.issuer, shared_id, pkce_challenge(verifier)),",
        "comparison_code=comparison_code(client_id, there.issuer, shared_id),",
        T_START + "test_comparison_code_shown_on_both_sides",
    ),
)
HEADERS = (
    Check(
        "frame-ancestors-none",
        "`frame-ancestors 'none'`",
        RENDERING,
        "f\"frame-ancestors 'none'; form-action {form_action}\"",
        "f\"frame-ancestors 'self'; form-action {form_action}\"",
        T_HEADERS + "test_frame_ancestors_none",
    ),
    Check(
        "frame-options-deny",
        "`frame-ancestors 'none'`",
        RENDERING,
        '"X-Frame-Options": "DENY",',
        "",
        T_HEADERS + "test_frame_options_deny",
    ),
    Check(
        "referrer-policy-same-origin",
        "`Referrer-Policy: same-origin`",
        RENDERING,
        '"Referrer-Policy": "same-origin",',
        '"Referrer-Policy": "unsafe-url",',
        T_HEADERS + "test_referrer_policy_same_origin",
    ),
    Check(
        "strict-csp-without-inline-script",
        CSP,
        RENDERING,
        "\"default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; \"",
        "\"default-src 'unsafe-inline'; style-src 'self'; img-src 'self' data:; base-uri 'none'; \"",
        T_HEADERS + "test_strict_csp_without_inline_script",
    ),
    Check(
        "strict-csp-base-uri",
        CSP,
        RENDERING,
        "\"default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; \"",
        "\"default-src 'none'; style-src 'self'; img-src 'self' data:; \"",
        T_HEADERS + "test_strict_csp_base_uri",
    ),
    Check(
        "form-action-names-the-verified-redirect-origin",
        FORM_ACTION,
        CONSENT,
        "return render(request, view, status=status, form_action_origin=origin_of(asked.redirect_uri))",
        "return render(request, view, status=status)",
        T_ALONE + "test_form_action_names_the_verified_redirect_origin",
    ),
    Check(
        "form-action-of-the-start-page",
        FORM_ACTION,
        "service/pages/verification/start.py",
        "return render(request, view, form_action_origin=normalise(scene.attempt.peer_issuer).origin)",
        "return render(request, view)",
        T_START + "test_form_action_of_the_start_page_names_the_other_side",
    ),
    Check(
        "nothing-but-an-origin",
        FORM_ACTION,
        RENDERING,
        "if not _ORIGIN.fullmatch(origin) or urlsplit(origin).port == 0:",
        "if urlsplit(origin).port == 0:",
        "tests/pages/test_every_page.py"
        "::test_nothing_but_an_origin_gets_into_the_policy[https://a.example; script-src *]",
    ),
)
COOKIE_CHECKS = (
    Check(
        "each-instance-a-cookie-of-its-own",
        COOKIE,
        COOKIES,
        "hashlib.sha256(issuer.encode())",
        'hashlib.sha256(issuer.partition("/i/")[0].encode())',
        T_COOKIES + "test_each_instance_has_a_cookie_of_its_own",
    ),
    Check(
        "on-https-no-other-host",
        COOKIE,
        COOKIES,
        'return f"__Host-{name}" if _is_secure(issuer) else name',
        "return name",
        T_COOKIES + "test_on_https_no_other_host_and_no_script_reaches_it",
    ),
    Check(
        "no-script-reaches-it",
        COOKIE,
        COOKIES,
        'httponly=True,\n        samesite="lax",\n    )\n\n\ndef drop_cookie',
        'samesite="lax",\n    )\n\n\ndef drop_cookie',
        T_COOKIES + "test_on_https_no_other_host_and_no_script_reaches_it",
    ),
)
CHECKS = (*REDIRECTS, *SHOWN, *HEADERS, *COOKIE_CHECKS)
