"""Each page in its ordinary shape, and in the worst one that a peer could bring about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from service.pages.views import (
    Again,
    CodeView,
    ConsentView,
    HandOverView,
    InvitedView,
    ListedInstance,
    NotAdminView,
    Obstacle,
    PermissionLine,
    ProblemView,
    ResultView,
    SignInView,
    StartView,
    View,
    WelcomeView,
)
from service.platforms.description import SignInField, SignInMethod
from service.words import Mode

HIDDEN = {"form_token": "ft-3QxZ", "session": "vs_0198"}
EXPIRES_AT = datetime(2026, 11, 22, 14, 45, tzinfo=UTC)
CODE = "K7QM-3XTR"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
MIRRORED = "Acme \u202emoc.elpmaxe\u202c \u2066Jira\u0007"
IDN_HOST = "xn--80ak6aa92e.com"

PASSWORD = SignInMethod(
    id="password",
    label="Login and password",
    fields=(
        SignInField(name="login", label="Login", secret=False, help=""),
        SignInField(name="password", label="Password", secret=True, help=""),
    ),
)
API_KEY = SignInMethod(
    id="api_key",
    label="API key",
    fields=(
        SignInField(name="api_key", label="API key", secret=True, help="Redmine shows it under My account."),
    ),
)

SIGN_IN = SignInView(
    instance_name="Support desk",
    instance_url="https://redmine.support.example",
    platform_label="Redmine",
    methods=(PASSWORD,),
    chosen_method="password",
    action="/i/support/sign-in",
    hidden=HIDDEN,
    why="parley.acme.example asks for a connection with this instance. Only an admin may decide about it.",
    error=None,
)
START = StartView(
    connection_name="Support desk to Acme Jira",
    local_name="Support desk",
    local_url="https://redmine.support.example",
    local_platform="Redmine",
    destination_host="parley.acme.example",
    destination_url="https://acme.atlassian.example",
    destination_platform="Jira Cloud",
    mode=Mode.VISUAL,
    scopes=("Read items", "Create and change items", "Read comments", "Write comments"),
    comparison_code=CODE,
    person="Norma Field",
    action="/v1/verification-sessions/vs_0198/start",
    hidden=HIDDEN,
    expires_at=EXPIRES_AT,
)
CONSENT = ConsentView(
    asking_host="parley.acme.example",
    claims=(
        ("Name", "Acme Jira"),
        ("Platform", "Jira Cloud"),
        ("Address", "https://acme.atlassian.example"),
    ),
    instance_name="Support desk",
    instance_url="https://redmine.support.example",
    mode=Mode.VISUAL,
    permissions=(
        PermissionLine("Read items in the projects it may see", "view_issues", "Granted, measured just now."),
        PermissionLine(
            "Create and change items",
            "add_issues, edit_issues",
            "Missing. Grant it under Administration, Roles and permissions.",
            is_lacking=True,
        ),
        PermissionLine("Write comments", "add_issue_notes", "Declared by the platform, not measured."),
    ),
    not_measured=None,
    comparison_code=CODE,
    person="Norma Field",
    action="/i/support/oauth/authorize",
    hidden=HIDDEN,
    expires_at=EXPIRES_AT,
)
CONSENT_ANEW = replace(CONSENT, renews="Support desk to Acme Jira", mode_before=Mode.BASIC)
START_ANEW = replace(START, is_renewal=True)
NOT_ADMIN = NotAdminView(
    instance_name="Support desk",
    person="Bob Member",
    missing="The account is not an administrator in Redmine. An administrator grants this under "
    "Administration, Users, the account, Administrator.",
    asking_host="parley.acme.example",
    action="/i/support/oauth/authorize",
    hidden=HIDDEN,
)
NOT_ADMIN_HERE = replace(NOT_ADMIN, asking_host=None)
PENDING = ResultView(
    title="Your decision has arrived",
    state="pending",
    sentences=(
        "The two nodes are now making the connection active. This takes a few seconds.",
        "It expires at 14:55 UTC if the other side does not answer.",
    ),
    next_url="/i/support/connections/con_0198",
    next_label="Look again now",
    refresh_seconds=2,
)
ACTIVE = ResultView(
    title="The connection is active",
    state="active",
    sentences=("Both sides agree.", "Next: choose what is synced, with a sync scope and a field mapping."),
    next_url="https://wizard.support.example/connections/con_0198",
    next_label="Go on to the configuration",
    refresh_seconds=None,
)
FAILED = ResultView(
    title="The other side said no",
    state="failed",
    sentences=("The admin of Acme Jira denied the connection. Your draft is as it was.",),
    next_url="https://redmine.support.example",
    next_label="Go to Support desk",
    refresh_seconds=None,
    again=Again(action="/v1/verification-sessions/vs_0198/start", hidden=HIDDEN),
)
PROBLEM = ProblemView(
    status=410,
    title="This verification session has expired",
    detail="It was open for 15 minutes, until 14:45 UTC on 22 November 2026.",
    fix="Start a new one from the connection. Nothing that you entered is lost.",
    request_id="req_01980d2e7c417d0aa5c1",
)

GIVE_CODE = CodeView(instance_name="Support desk", action="/i/support/invite", obstacle=None)
HAND_OVER = HandOverView(
    instance_name="Support desk",
    instance_url="https://redmine.support.example",
    platform_label="Redmine",
    connection_name="Support to Acme",
    mode=Mode.SCRIPT,
    scopes=START.scopes,
    confirmation_required=True,
    expected_partner=None,
    obstacle=None,
    link=None,
    link_host="",
    typed="",
    error=None,
    action="/i/support/invite",
    hidden=HIDDEN,
    expires_at=EXPIRES_AT,
)
HANDED_OVER = replace(
    HAND_OVER,
    link="https://parley.acme.example/i/tracker/invite#eyJhbGciOiJFUzI1NiJ9.e30.c2ln",
    link_host="parley.acme.example",
    typed="https://parley.acme.example/i/tracker",
)
INVITED = InvitedView(
    inviter_host=CONSENT.asking_host,
    claims=CONSENT.claims,
    instance_name=CONSENT.instance_name,
    instance_url=CONSENT.instance_url,
    mode=Mode.SCRIPT,
    permissions=CONSENT.permissions,
    not_measured=None,
    local_short_name="Support",
    destination_short_name="Acme",
    reason="",
    confirmation_required=True,
    obstacle=None,
    error=None,
    person=CONSENT.person,
    action="/i/support/invite",
    hidden=HIDDEN,
    expires_at=EXPIRES_AT,
)
USED = Obstacle("The invitation was accepted already.", "Ask the partner for a new invitation.")
ACCEPTED = replace(PENDING, title="You accepted the invitation", comparison_code=CODE, until=EXPIRES_AT)

LISTED = ListedInstance(
    name="Support desk",
    url="https://redmine.support.example",
    node_url="https://parley.support.example/i/support",
    invitation_page="/i/support/invite",
)
WELCOME = WelcomeView(version="0.1.0", instances=())

BOTH_METHODS = replace(SIGN_IN, methods=(PASSWORD, API_KEY), chosen_method="api_key")
SIGN_IN_ERROR = replace(
    SIGN_IN, methods=(PASSWORD, API_KEY), error="Redmine does not accept this login and password. Check both."
)
HOSTILE_CONSENT = replace(
    CONSENT,
    asking_host=IDN_HOST,
    claims=(
        ("Name", MARKUP),
        ("Platform", MIRRORED),
        ("Address", "https://" + "very-long-" * 1_000 + ".example"),
        ("Zalgo", "A" + "\u0310\u0311\u0312" * 60 + "cme"),
        (MARKUP, "W" * 10_240),
    ),
    instance_name="Verwaltungsgemeinschaftsangelegenheiten " * 4,
    instance_url="https://xn--mnchen-3ya.example/" + "a" * 120,
    person=MIRRORED,
    permissions=(PermissionLine(MARKUP, "p" * 400, MARKUP),),
    not_measured=MARKUP,
)
HOSTILE_START = replace(
    START,
    connection_name="C" * 255,
    local_name=MARKUP,
    destination_host="a" * 60 + "." + "b" * 60 + ".accounts.example.evil.example:8443",
    destination_url="https://\u0430pple.example/" + "x" * 500,
    destination_platform=MIRRORED,
    scopes=(MARKUP, "s" * 1_000),
    person=MARKUP,
)
HOSTILE_SIGN_IN = replace(
    SIGN_IN_ERROR, instance_name=MARKUP, why=MARKUP, error=MARKUP, hidden={"x": '"><script>alert(1)</script>'}
)

VIEWS: dict[str, View] = {
    "sign-in": SIGN_IN,
    "sign-in-both": BOTH_METHODS,
    "sign-in-error": SIGN_IN_ERROR,
    "start": START,
    "consent": CONSENT,
    "consent-not-measured": replace(
        CONSENT, not_measured="The stored user of connections cannot be used now."
    ),
    "start-anew": START_ANEW,
    "consent-anew": CONSENT_ANEW,
    "not-admin": NOT_ADMIN,
    "pending": PENDING,
    "active": ACTIVE,
    "failed": FAILED,
    "problem": PROBLEM,
    "sign-in-platform-down": replace(SIGN_IN_ERROR, error="Redmine is down.", is_error_of_input=False),
    "not-admin-here": NOT_ADMIN_HERE,
    "not-admin-invited": replace(NOT_ADMIN_HERE, is_invited=True),
    "give-code": GIVE_CODE,
    "give-code-again": replace(
        GIVE_CODE, obstacle=Obstacle("This is no invitation code.", "Copy it again."), typed="ey"
    ),
    "hand-over": HAND_OVER,
    "handed-over": HANDED_OVER,
    "hand-over-error": replace(HAND_OVER, typed="x", error="A node URL begins with https://."),
    "hand-over-expected": replace(HANDED_OVER, expected_partner=HANDED_OVER.typed),
    "hand-over-used": replace(HAND_OVER, obstacle=USED),
    "invited": INVITED,
    "invited-error": replace(INVITED, error="The two short names must differ."),
    "invited-obstacle": replace(INVITED, obstacle=USED, confirmation_required=False),
    "accepted": ACCEPTED,
    "welcome": WELCOME,
    "welcome-listed": replace(WELCOME, instances=(LISTED, replace(LISTED, name="Shop"))),
    "hostile-welcome": replace(
        WELCOME, instances=(replace(LISTED, name=MARKUP, url="https://\u0430pple.example/"),)
    ),
    "hostile-give-code": replace(
        GIVE_CODE, instance_name=MARKUP, obstacle=Obstacle(MARKUP, MIRRORED), typed="</textarea>" + MARKUP
    ),
    "hostile-hand-over": replace(
        HANDED_OVER, instance_name=MARKUP, connection_name="C" * 255, link_host=IDN_HOST, typed='"><script>'
    ),
    "hostile-invited": replace(
        INVITED,
        inviter_host=IDN_HOST,
        claims=HOSTILE_CONSENT.claims,
        permissions=HOSTILE_CONSENT.permissions,
        local_short_name='"><script>alert(1)</script>',
        reason=MARKUP,
        error=MARKUP,
    ),
    "hostile-sign-in": HOSTILE_SIGN_IN,
    "hostile-start": HOSTILE_START,
    "hostile-consent": HOSTILE_CONSENT,
    "hostile-not-admin": replace(NOT_ADMIN, person=MARKUP, missing=MIRRORED, asking_host=IDN_HOST),
    "hostile-active": replace(ACTIVE, title=MARKUP, sentences=(MARKUP, "s" * 5_000)),
    "hostile-problem": replace(PROBLEM, title=MIRRORED, detail="d" * 5_000, request_id=MARKUP),
}
