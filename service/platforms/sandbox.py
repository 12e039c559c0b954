"""The sandbox: a small work-management system inside the node, with fixed people, projects and items."""

import hmac
from dataclasses import asdict, dataclass
from typing import Any

from service.egress.client import Egress, EgressFailure, Reason
from service.platforms.answers import text
from service.platforms.description import (
    Link,
    PermissionNeed,
    PlatformDescription,
    Proof,
    SignInField,
    SignInMethod,
)
from service.platforms.interface import (
    Credential,
    Field,
    FieldKind,
    Fingerprint,
    ItemType,
    Person,
    Platform,
    Project,
    ProjectNotVisible,
    Right,
    SignInFailure,
    SignInReason,
)
from service.words import Mode, Scope

VERSION = "1"
ALICE_PASSWORD = "alice-sandbox"  # noqa: S105 - published: the sandbox is for trying things out
BOB_PASSWORD = "bob-sandbox"  # noqa: S105 - as above

_GRANT = "The sandbox's people are fixed: sign in as alice, who may do everything."
_ADMIN = "The sandbox has one administrator, alice: sign in as alice, with the password alice-sandbox."


@dataclass(frozen=True, slots=True)
class _Account:
    id: str
    password: str
    name: str
    is_admin: bool
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of work; `fields` are the values of its project's fields, by field id."""

    key: str
    project: str
    type: str
    fields: dict[str, str]


PERMISSIONS = tuple(
    PermissionNeed(scope, permission, label, reason, _GRANT)
    for scope, permission, label, reason in (
        (Scope.ITEMS_READ, "view", "See items", "To read the items that are to be synchronised."),
        (Scope.ITEMS_WRITE, "edit", "Create and change items", "To bring in the other side's changes."),
        (Scope.COMMENTS_READ, "view", "See items", "To read the comments of items."),
        (Scope.COMMENTS_WRITE, "comment", "Comment", "To add the other side's comments."),
        (Scope.ATTACHMENTS_READ, "view", "See items", "To read the files of items."),
        (Scope.ATTACHMENTS_WRITE, "attach", "Attach files", "To attach the other side's files."),
    )
)
ACCOUNTS = {
    "alice": _Account(
        "1",
        ALICE_PASSWORD,
        "Alice Admin",
        is_admin=True,
        permissions=frozenset(need.permission for need in PERMISSIONS),
    ),
    "bob": _Account(
        "2", BOB_PASSWORD, "Bob Member", is_admin=False, permissions=frozenset({"view", "comment"})
    ),
}
PROJECTS = (Project("1", "WEB", "Website"), Project("2", "APP", "Mobile app"))
ITEM_TYPES = (ItemType("bug", "Bug"), ItemType("task", "Task"))
FIELDS = (
    Field("title", "Title", "string", required=True, options=(), kind=FieldKind.LINE),
    Field("description", "Description", "text", required=False, options=(), kind=FieldKind.TEXT),
    Field(
        "status",
        "Status",
        "list",
        required=True,
        options=("Open", "In progress", "Done"),
        kind=FieldKind.CHOICE,
    ),
    Field(
        "priority",
        "Priority",
        "list",
        required=False,
        options=("Low", "Medium", "High"),
        kind=FieldKind.CHOICE,
    ),
    Field("due", "Due date", "date", required=False, options=(), kind=FieldKind.DATE),
)
ITEMS = (
    Item("WEB-1", "WEB", "bug", {"title": "The logo is blurred", "status": "Open", "priority": "High"}),
    Item("WEB-2", "WEB", "task", {"title": "Write the imprint", "status": "Done", "priority": "Low"}),
    Item(
        "APP-1",
        "APP",
        "bug",
        {"title": "Crash without a network", "status": "In progress", "priority": "High"},
    ),
    Item(
        "APP-2", "APP", "task", {"title": "Translate into Portuguese", "status": "Open", "due": "2030-01-31"}
    ),
)
DESCRIPTION = PlatformDescription(
    name="sandbox",
    label="Sandbox",
    modes=frozenset(Mode),
    local=True,
    local_why_not=None,
    sign_in=(
        SignInMethod(
            "password",
            "Login and password",
            (
                SignInField(
                    "login", "Login", secret=False, help="alice is the administrator, bob is a member."
                ),
                SignInField(
                    "password",
                    "Password",
                    secret=True,
                    help="The login followed by -sandbox, such as alice-sandbox.",
                ),
            ),
        ),
    ),
    permissions=PERMISSIONS,
    minimum_version=None,
    tested_with="this version of Parley",
    admin_right="The account is alice.",
    proved=Proof.LIVE_SERVER,
    links=(
        Link(
            example="https://parley.example.com/sandbox/acme",
            path=r"/sandbox/(?P<slug>[a-z0-9][a-z0-9-]*)(?:/.*)?",
            instance="{origin}/sandbox/{slug}",
        ),
    ),
)


def describe_instance(slug: str) -> dict[str, Any]:
    """Return what a sandbox instance shows to everybody; probes look for `parley_sandbox`."""
    return {
        "parley_sandbox": VERSION,
        "title": f"Sandbox {slug}",
        "projects": [
            {**asdict(project), "items": [asdict(item) for item in ITEMS if item.project == project.key]}
            for project in PROJECTS
        ],
        "item_types": [asdict(item_type) for item_type in ITEM_TYPES],
        "fields": [asdict(one) for one in FIELDS],
    }


class Sandbox:
    """Signs in inside this process; only its fingerprint is a call like anyone's."""

    description = DESCRIPTION

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        """Return what it shows, None where it is no sandbox; raises EgressFailure for no answer."""
        url = base_url.rstrip("/")
        try:
            answer = await egress.request("GET", url)
            unverified = answer.json() if answer.status == 200 else None  # noqa: PLR2004 - the one good status
        except EgressFailure as failure:
            if failure.reason in {Reason.TOO_LARGE, Reason.NOT_JSON}:
                return None
            raise
        version = text(unverified, "parley_sandbox")
        return Fingerprint("sandbox", url, version, text(unverified, "title") or None) if version else None

    async def sign_in(self, egress: Egress, base_url: str, credential: Credential) -> Person:
        """Return alice the admin or bob the member; raises SignInFailure for anybody else."""
        login, account = _prove(credential)
        return Person(account.id, login, account.name, account.is_admin, None if account.is_admin else _ADMIN)

    async def rights(
        self, egress: Egress, base_url: str, credential: Credential | None, project_id: str | None = None
    ) -> tuple[Right, ...]:
        """Return what the account may do, which is the same in both projects."""
        account = None if credential is None else _prove(credential)[1]
        visible = project_id is None or any(project.id == project_id for project in PROJECTS)
        return tuple(
            Right(
                need.scope,
                need.permission,
                None if account is None else visible and need.permission in account.permissions,
                measured=account is not None,
                where_to_grant=need.where_to_grant,
            )
            for need in PERMISSIONS
        )

    async def projects(self, egress: Egress, base_url: str, credential: Credential) -> tuple[Project, ...]:
        """Return the two projects."""
        _prove(credential)
        return PROJECTS

    async def item_types(
        self, egress: Egress, base_url: str, credential: Credential, project_id: str
    ) -> tuple[ItemType, ...]:
        """Return bugs and tasks; raises ProjectNotVisible."""
        _prove(credential)
        _require_project(project_id)
        return ITEM_TYPES

    async def fields(
        self, egress: Egress, base_url: str, credential: Credential, project_id: str
    ) -> tuple[Field, ...]:
        """Return the fields of every item; raises ProjectNotVisible."""
        _prove(credential)
        _require_project(project_id)
        return FIELDS


def _prove(credential: Credential) -> tuple[str, _Account]:
    """Return the account whose password this is; how long a refusal takes tells nothing."""
    login = credential.values.get("login", "").strip()
    typed = credential.values.get("password", "").encode(errors="surrogatepass")
    account = ACCOUNTS.get(login)
    is_right = hmac.compare_digest(typed, (account.password if account else "nobody").encode())
    if account is None or not is_right or credential.method != "password":
        raise SignInFailure(
            SignInReason.WRONG_CREDENTIALS,
            "The sandbox does not know this login and password. "
            "Use alice with alice-sandbox, or bob with bob-sandbox.",
        )
    return login, account


def _require_project(project_id: str) -> None:
    if not any(project.id == project_id for project in PROJECTS):
        raise ProjectNotVisible


PLATFORM: Platform = Sandbox()
