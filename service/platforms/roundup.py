"""Roundup: four wrong logins lock everybody out for minutes, so a credential is shown once and never tried again."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from service.egress.client import Egress
from service.platforms.adapter import UNMEASURED, Account, Adapter, Measured
from service.platforms.answers import FORBIDDEN, json_of, member, not_accepted, rows, text, unexpected
from service.platforms.calls import Access, glance
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
    Platform,
    Project,
    ProjectNotVisible,
)
from service.words import Mode, Scope

NAME, LABEL = "roundup", "Roundup"
PASSWORD = "password"  # noqa: S105 - the name of a sign-in method
DATA = "/rest/data"
ISSUES = "issue"
MOST_OPTIONS = 200
MAKE_ADMIN = "the person's page in Roundup → Roles: Admin"
_ROLES = "Roundup: the tracker's schema.py, where it grants permissions to the role of the connection's user"
_LOGIN = re.compile(r"[^:\x00-\x1f\x7f\ud800-\udfff]{1,200}")
_PASSWORD = re.compile(r"[^\x00\ud800-\udfff]{1,1024}")


def _need(scope: Scope, permission: str, reason: str) -> PermissionNeed:
    return PermissionNeed(scope, permission, permission, reason, f"{_ROLES} → {permission}")


PERMISSIONS = (
    _need(Scope.ITEMS_READ, "View issue", "To read the issues that are synchronised."),
    _need(Scope.ITEMS_WRITE, "Create issue", "To create the other side's items as issues."),
    _need(Scope.ITEMS_WRITE, "Edit issue", "To bring the other side's changes into issues."),
    _need(Scope.COMMENTS_READ, "View msg", "To read messages."),
    _need(Scope.COMMENTS_WRITE, "Create msg", "To add the other side's comments as messages."),
    _need(Scope.ATTACHMENTS_READ, "View file", "To read files."),
    _need(Scope.ATTACHMENTS_WRITE, "Create file", "To attach the other side's files."),
)
EVERYTHING = frozenset(need.permission for need in PERMISSIONS)
DESCRIPTION = PlatformDescription(
    name=NAME,
    label=LABEL,
    modes=frozenset({Mode.SCRIPT, Mode.BASIC}),
    local=False,
    local_why_not="A Roundup tracker is one project, so there are no two of them to connect.",
    sign_in=(
        SignInMethod(
            PASSWORD,
            "Login name and password",
            (
                SignInField("login", "Login name", secret=False, help="Of your Roundup account."),
                SignInField("password", "Password", secret=True, help="Used for this one check, never kept."),
            ),
        ),
    ),
    permissions=PERMISSIONS,
    minimum_version="2.0",
    tested_with="Roundup 2.6.0, a real server",
    admin_right=f"The account has the role Admin ({MAKE_ADMIN}).",
    proved=Proof.LIVE_SERVER,
    links=(
        Link(
            "https://bugs.example.com/support/issue42",
            "{origin}{context}",
            path=r"(?P<context>(?:/[^/]+)?)/issue[0-9]+",
        ),
    ),
)


class Roundup(Adapter):
    """A tracker is one project, with issues as its one kind of items."""

    description = DESCRIPTION

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        """Return a Roundup that forbids strangers in its own words, or shows them its REST API."""
        url = base_url.rstrip("/")
        answer, found = await glance(egress, f"{url}/rest/")
        data = member(found, "data")
        is_open = member(data, "default_version") == 1 and isinstance(
            member(data, "supported_versions"), list
        )
        is_closed = answer.status == FORBIDDEN and b'"msg": "Forbidden."' in answer.body
        return Fingerprint(NAME, url, None, None) if is_open or is_closed else None

    async def open(self, egress: Egress, base_url: str, credential: Credential) -> Access:
        """Return the access of a login name and password."""
        login, password = credential.values.get("login", "").strip(), credential.values.get("password", "")
        if credential.method == PASSWORD and _LOGIN.fullmatch(login) and _PASSWORD.fullmatch(password):
            headers = {"X-Requested-With": "rest"}
            return Access(
                egress, LABEL, base_url.rstrip("/"), basic_auth=(login, password), open_headers=headers
            )
        raise not_accepted(LABEL)

    async def refuse_strangers(self, access: Access) -> None:
        """A public tracker lets strangers read issues, but shows them nobody's roles: who does proves nothing."""
        answer = await access.as_stranger().ask(f"{DATA}/user?@fields=roles,username")
        if any(text(row, "roles") for row in rows(member(json_of(answer), "data"), "collection")):
            raise unexpected(LABEL, "it shows roles to a caller without an account")

    async def who(self, access: Access) -> Account:
        """Return the record of the login name; a user sees roles in their own record only."""
        login = access.basic_auth[0] if access.basic_auth else ""
        path = f"{DATA}/user?username={quote(login, safe='')}&@fields=username,realname,roles"
        listed = rows(member(await access.read(path), "data"), "collection")
        own = [row for row in listed if text(row, "username").casefold() == login.casefold()]
        if not login or len(own) != 1 or not text(own[0], "id") or not text(own[0], "roles"):
            raise unexpected(LABEL, "no account of this name")
        name = text(own[0], "realname") or login
        return Account(text(own[0], "id"), text(own[0], "username"), name, own[0])

    async def missing_for_admin(self, access: Access, account: Account) -> str | None:
        """Return None where Admin is among the roles, which are words with commas between them."""
        if _is_admin(account):
            return None
        return (
            f"The Roundup account {account.login} does not have the role Admin. "
            f"An administrator can change that: {MAKE_ADMIN}."
        )

    async def measure(self, access: Access, account: Account, project_id: str | None) -> Measured:
        """Return everything for an admin; what other roles may do stands in the tracker's own code."""
        _require_tracker(project_id or ISSUES)
        return Measured(EVERYTHING) if _is_admin(account) else UNMEASURED

    async def read_projects(self, access: Access, account: Account) -> tuple[Project, ...]:
        """Return the tracker's issues as its one project."""
        classes = member(await access.read(DATA), "data")
        return (Project(ISSUES, ISSUES, "Issues"),) if member(classes, ISSUES) is not None else ()

    async def read_item_types(
        self, access: Access, account: Account, project_id: str
    ) -> tuple[ItemType, ...]:
        """Return the issue."""
        _require_tracker(project_id)
        return (ItemType(ISSUES, "Issue"),)

    async def read_fields(self, access: Access, account: Account, project_id: str) -> tuple[Field, ...]:
        """Return the fields of the classic template that this tracker has, with the names of its values."""
        _require_tracker(project_id)
        classes = member(await access.read(DATA), "data")
        options = {
            name: await _names(access, name)
            for name in ("status", "priority")
            if member(classes, name) is not None
        }
        return (
            Field("title", "Title", "string", required=True, options=(), kind=FieldKind.LINE),
            *(
                Field(name, name.capitalize(), "link", required=False, options=values, kind=FieldKind.CHOICE)
                for name, values in options.items()
            ),
            Field("assignedto", "Assigned to", "link", required=False, options=(), kind=FieldKind.PERSON),
            Field("nosy", "Nosy list", "multilink", required=False, options=(), kind=FieldKind.PEOPLE),
            Field("keyword", "Keywords", "multilink", required=False, options=(), kind=FieldKind.LABELS),
        )


def _is_admin(account: Account) -> bool:
    roles: Mapping[str, Any] = account.unverified
    return "admin" in {word.strip().casefold() for word in text(roles, "roles").split(",")}


def _require_tracker(project_id: str) -> None:
    """Raise ProjectNotVisible for anything but the tracker's issues."""
    if project_id != ISSUES:
        raise ProjectNotVisible


async def _names(access: Access, name: str) -> tuple[str, ...]:
    found = await access.find(f"{DATA}/{name}?@fields=name&@page_size={MOST_OPTIONS}")
    return tuple(text(row, "name") for row in rows(member(found, "data"), "collection") if text(row, "name"))


PLATFORM: Platform = Roundup()
