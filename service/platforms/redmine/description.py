"""What Redmine offers and asks for, as data, in the words of its own English pages."""

from service.platforms.description import (
    Link,
    PermissionNeed,
    PlatformDescription,
    Proof,
    SignInField,
    SignInMethod,
)
from service.platforms.interface import FieldKind
from service.words import Mode, Scope

API_KEY = "api_key"
PASSWORD = "password"  # noqa: S105 - the name of a sign-in method

ROLES_PAGE = "Redmine: Administration → Roles and permissions → the role of the connection's user"
ENABLE_API = "Administration → Settings → API → Enable REST web service"
MAKE_ADMIN = "Administration → Users → the account → Administrator"
MAKE_MEMBER = "Redmine: the project → Settings → Members → New member"
ENABLE_MODULE = "Redmine: the project → Settings → Project → Modules → Issue tracking"
REOPEN_PROJECT = "Redmine: the project is closed; reopen it on its overview page"

VIEW_ISSUES = "view_issues"


def _need(scope: Scope, permission: str, label: str, reason: str) -> PermissionNeed:
    return PermissionNeed(scope, permission, label, reason, f"{ROLES_PAGE} → Issue tracking → {label}")


PERMISSIONS = (
    _need(Scope.ITEMS_READ, VIEW_ISSUES, "View Issues", "To read the issues that are to be synchronised."),
    _need(Scope.ITEMS_WRITE, "add_issues", "Add issues", "To create the other side's items as issues here."),
    _need(
        Scope.ITEMS_WRITE, "edit_issues", "Edit issues", "To bring the other side's changes into issues here."
    ),
    _need(
        Scope.COMMENTS_READ,
        VIEW_ISSUES,
        "View Issues",
        "To read comments: Redmine shows them with the issue.",
    ),
    _need(Scope.COMMENTS_WRITE, "add_issue_notes", "Add notes", "To add the other side's comments as notes."),
    _need(
        Scope.ATTACHMENTS_READ,
        VIEW_ISSUES,
        "View Issues",
        "To read files: Redmine shows them with the issue.",
    ),
    _need(
        Scope.ATTACHMENTS_WRITE, "edit_issues", "Edit issues", "To attach the other side's files to issues."
    ),
)

DESCRIPTION = PlatformDescription(
    name="redmine",
    label="Redmine",
    modes=frozenset(Mode),
    local=True,
    local_why_not=None,
    sign_in=(
        SignInMethod(
            PASSWORD,
            "Login and password",
            (
                SignInField("login", "Login", secret=False, help="The login name of your Redmine account."),
                SignInField("password", "Password", secret=True, help="Used for this one check, never kept."),
            ),
        ),
        SignInMethod(
            API_KEY,
            "API key",
            (
                SignInField(
                    "api_key",
                    "API key",
                    secret=True,
                    help="Redmine shows it under My account → API access key. It works with two-factor "
                    "authentication too. Used for this one check, never kept.",
                ),
            ),
        ),
    ),
    permissions=PERMISSIONS,
    minimum_version="5.0",
    tested_with="Redmine 5.0.4, a real server",
    admin_right=f"The account is an administrator of Redmine ({MAKE_ADMIN}).",
    proved=Proof.LIVE_SERVER,
    links=(
        Link(
            example="https://example.com/redmine/issues/42",
            path=r"(?P<context>(?:/(?!(?:projects|issues)(?:/|$))[^/]+){0,2})/issues(?:/[0-9]+|/gantt|/calendar)?/?",
            instance="{origin}{context}",
        ),
        Link(
            example="https://redmine.example.com/projects/shop/issues",
            path=r"(?P<context>(?:/(?!projects(?:/|$))[^/]+){0,2})/projects/(?-i:[a-z0-9][a-z0-9_-]*)"
            r"(?:/(?:issues|activity|roadmap|wiki|agile|settings|repository|documents|boards|news|files)(?:/.*)?)?/?",
            instance="{origin}{context}",
        ),
    ),
)

# Shown by Redmine for every tracker; the others below only where the tracker enables them.
ALWAYS_SHOWN = ("subject", "tracker_id", "status_id", "priority_id")
# The name on Redmine's pages and the format, in the words that Redmine uses for the formats of custom fields.
STANDARD_FIELDS = {
    "subject": ("Subject", "string"),
    "tracker_id": ("Tracker", "list"),
    "status_id": ("Status", "list"),
    "priority_id": ("Priority", "list"),
    "description": ("Description", "text"),
    "assigned_to_id": ("Assignee", "user"),
    "category_id": ("Category", "list"),
    "fixed_version_id": ("Target version", "version"),
    "parent_issue_id": ("Parent task", "issue"),
    "start_date": ("Start date", "date"),
    "due_date": ("Due date", "date"),
    "estimated_hours": ("Estimated time", "float"),
    "done_ratio": ("% Done", "int"),
}
FIELD_KINDS = {
    "string": FieldKind.LINE,
    "text": FieldKind.TEXT,
    "list": FieldKind.CHOICE,
    "enumeration": FieldKind.CHOICE,
    "bool": FieldKind.BOOLEAN,
    "int": FieldKind.NUMBER,
    "float": FieldKind.NUMBER,
    "date": FieldKind.DATE,
    "user": FieldKind.PERSON,
    "version": FieldKind.OTHER,
    "issue": FieldKind.ITEM,
    "link": FieldKind.LINE,
    "attachment": FieldKind.OTHER,
}
