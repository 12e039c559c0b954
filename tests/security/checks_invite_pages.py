"""Checks of an invitation's pages: who may see what, who decides, and where the link to another node leads."""

from tests.security.check import Check

INVITED = "service/pages/invitation/invited.py"
T_INVITED = "tests/invitations/test_invited_page.py::"
T_INVITER = "tests/invitations/test_inviters_page.py::"
LIVE = "checks that the person is an admin of R's instance"
FORM_TOKEN = "consent POST has a form token bound to session and request"
FRESH = "The person signs in for this decision (≤ 5 min before it)"

CHECKS = (
    Check(
        "a-form-token-is-for-one-session-and-one-code",
        FORM_TOKEN,
        INVITED,
        'if not is_form_token(node.hasher, form.get("form_token", ""), visitor.sign_in.id, FORM, subject):',
        "if False:",
        T_INVITED + "test_a_form_token_is_for_one_session_and_one_code",
    ),
    Check(
        "decision-sent-by-another-site",
        FORM_TOKEN,
        "service/pages/invitation/router.py",
        "    check_same_origin(request, node.settings)\n",
        "",
        T_INVITED + "test_a_decision_sent_by_another_site_counts_for_nothing",
    ),
    Check(
        "sign-in-five-minutes-ago-decides-nothing",
        FRESH,
        INVITED,
        "if visitor is None or node.clock.now() - visitor.sign_in.signed_in_at > FRESH:",
        "if visitor is None:",
        T_INVITED + "test_a_sign_in_more_than_five_minutes_ago_decides_nothing",
    ),
    Check(
        "member-accepts-nothing",
        LIVE,
        INVITED,
        "if not visitor.sign_in.is_admin:",
        "if False:",
        T_INVITED + "test_a_member_who_forges_the_decision_accepts_nothing",
    ),
    Check(
        "only-an-admin-of-the-instance-that-was-asked",
        LIVE,
        "service/pages/invitation/router.py",
        "if not visitor.sign_in.is_admin:",
        "if False:",
        T_INVITED + "test_only_an_admin_of_the_instance_that_was_asked_sees_how_it_stands",
    ),
    Check(
        "of-the-instance-that-was-asked",
        "another tenant's id",
        "service/invitations/invitation/operations.py",
        "if found is None or found.instance_id != instance_id or found.direction is not Direction.RECEIVED:",
        "if found is None or found.direction is not Direction.RECEIVED:",
        T_INVITED + "test_only_an_admin_of_the_instance_that_was_asked_sees_how_it_stands",
    ),
    Check(
        "only-a-node-url-becomes-a-link",
        "https only",
        "service/pages/invitation/hand_over.py",
        'if address.scheme != "https" and not is_local:',
        "if False:",
        T_INVITER + "test_only_a_node_url_becomes_a_link[http]",
    ),
    Check(
        "a-wrong-code-reads-nothing",
        "precise reasons only to a holder of the true secret",
        "service/pages/invitation/hand_over.py",
        "found = await open_with(node, instance.id, code.reference, code.secret)",
        "from service.database.rows import find\n"
        "        from service.invitations.invitation.models import Invitation as I\n"
        "        async with reading(node.database) as session:\n"
        "            found = await find(session, I, code.reference)",
        T_INVITER + "test_a_wrong_code_reads_nothing_and_the_fifth_locks",
    ),
    Check(
        "the-one-script-is-a-file-of-this-node",
        "strict CSP without inline script",
        "service/pages/rendering.py",
        "\"; script-src 'self'\"",
        "\"; script-src 'self' 'unsafe-inline'\"",
        "tests/pages/test_checks_headers.py::test_the_one_script_is_a_file_of_this_node",
    ),
    Check(
        "an-invitation-marks-every-claim",
        "name and logo are claims, shown inert and cut",
        "service/pages/templates/parts.html",
        ' <span class="tag">claimed, not verified</span>',
        "",
        "tests/pages/test_pages.py::test_an_invitation_shows_the_verified_host_and_marks_every_claim",
    ),
)
