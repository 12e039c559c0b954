"""What Jira Cloud and Jira Data Center have in common: permissions, projects, issue types and fields by REST."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from service.platforms.adapter import Account, Measured
from service.platforms.answers import member, objects, rows, text
from service.platforms.calls import Access
from service.platforms.description import PermissionNeed
from service.platforms.interface import Field, FieldKind, ItemType, ProjectNotVisible
from service.words import Scope

ADMINISTER, SYSTEM_ADMIN = "ADMINISTER", "SYSTEM_ADMIN"
# A project with more kinds of issues than this is read in part.
MOST_TYPES = 20
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_SCHEME = "Jira: Project settings → Permissions → the permission scheme → the connection's user or its role"


def _need(scope: Scope, permission: str, label: str, reason: str) -> PermissionNeed:
    return PermissionNeed(scope, permission, label, reason, f"{_SCHEME} → {label}")


PERMISSIONS = (
    _need(
        Scope.ITEMS_READ, "BROWSE_PROJECTS", "Browse Projects", "To read the issues that are synchronised."
    ),
    _need(Scope.ITEMS_WRITE, "CREATE_ISSUES", "Create Issues", "To create the other side's items as issues."),
    _need(Scope.ITEMS_WRITE, "EDIT_ISSUES", "Edit Issues", "To bring the other side's changes into issues."),
    _need(Scope.ITEMS_WRITE, "TRANSITION_ISSUES", "Transition Issues", "To follow the other side's status."),
    _need(
        Scope.COMMENTS_READ,
        "BROWSE_PROJECTS",
        "Browse Projects",
        "To read comments: Jira shows them with the issue.",
    ),
    _need(Scope.COMMENTS_WRITE, "ADD_COMMENTS", "Add Comments", "To add the other side's comments."),
    _need(
        Scope.ATTACHMENTS_READ,
        "BROWSE_PROJECTS",
        "Browse Projects",
        "To read files: Jira shows them with the issue.",
    ),
    _need(
        Scope.ATTACHMENTS_WRITE,
        "CREATE_ATTACHMENTS",
        "Create Attachments",
        "To attach the other side's files.",
    ),
)
NEEDED = frozenset(need.permission for need in PERMISSIONS)

_KINDS = {
    "string": FieldKind.LINE,
    "number": FieldKind.NUMBER,
    "date": FieldKind.DATE,
    "datetime": FieldKind.MOMENT,
    "user": FieldKind.PERSON,
    "timetracking": FieldKind.DURATION,
    "issuelink": FieldKind.ITEM,
    "issuelinks": FieldKind.ITEM,
}
_CLOSED = frozenset(
    {"option", "priority", "status", "resolution", "issuetype", "version", "component", "project"}
)
_LONG = frozenset({"description", "environment"})


def has(unverified: object, permission: str) -> bool:
    """True only where the answer of `mypermissions` says in so many words that this account has it."""
    return member(member(member(unverified, "permissions"), permission), "havePermission") is True


def is_admin(unverified: object) -> bool:
    """True for who administers Jira, or the system below it."""
    return has(unverified, ADMINISTER) or has(unverified, SYSTEM_ADMIN)


def not_an_admin(account: Account, where: str) -> str:
    """Return what a person reads who does not administer Jira."""
    return (
        f"Jira does not say that {account.login} has the global permission Administer Jira. "
        f"An administrator of Jira can grant it: {where}."
    )


def measured(unverified: object) -> Measured:
    """Return which of the needed permissions the answer of `mypermissions` grants."""
    return Measured(frozenset(permission for permission in NEEDED if has(unverified, permission)))


def require_id(project_id: str) -> str:
    """Return the id or key of a project, safe to stand in a path; raises ProjectNotVisible."""
    if not _ID.fullmatch(project_id):
        raise ProjectNotVisible
    return project_id


async def find_project(access: Access, api: str, project_id: str) -> Any:
    """Return the project, where this account sees it; raises ProjectNotVisible."""
    project = await access.find(f"{api}/project/{require_id(project_id)}")
    if project_id not in {text(project, "id"), text(project, "key")}:
        raise ProjectNotVisible
    return project


async def read_item_types(access: Access, api: str, project_id: str, listed_as: str) -> tuple[ItemType, ...]:
    """Return the kinds of issues that may be created in the project; `listed_as` is the member that lists them."""
    await find_project(access, api, project_id)
    answer = await access.find(f"{api}/issue/createmeta/{project_id}/issuetypes", {"maxResults": MOST_TYPES})
    found = (ItemType(text(row, "id"), text(row, "name")) for row in rows(answer, listed_as))
    return tuple(kind for kind in found if _ID.fullmatch(kind.id))


async def read_fields(
    access: Access, api: str, project_id: str, types_in: str, fields_in: str
) -> tuple[Field, ...]:
    """Return the fields of all kinds of issues of the project; required where every kind requires it."""
    kinds = await read_item_types(access, api, project_id, types_in)
    screens: list[Sequence[Mapping[str, Any]]] = []
    for kind in kinds[:MOST_TYPES]:
        path = f"{api}/issue/createmeta/{project_id}/issuetypes/{kind.id}"
        screens.append(rows(await access.find(path, {"maxResults": 200}), fields_in))
    found: dict[str, Field] = {}
    for row in (row for screen in screens for row in screen):
        field = _field(row, required=all(_requires(screen, row) for screen in screens))
        if field.id:
            found.setdefault(field.id, field)
    return tuple(found.values())


def _requires(screen: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any]) -> bool:
    """True where this kind of issue has the field and wants it filled."""
    name = text(wanted, "fieldId")
    return any(text(row, "fieldId") == name and member(row, "required") is True for row in screen)


def _field(row: Mapping[str, Any], *, required: bool) -> Field:
    name, schema = text(row, "fieldId"), member(row, "schema")
    type_, of = text(schema, "type"), text(schema, "items")
    return Field(
        id=name,
        name=text(row, "name") or name,
        type=f"{type_}<{of}>" if of else type_ or "unknown",
        required=required,
        options=tuple(filter(None, map(_option, objects(member(row, "allowedValues"))))),
        kind=_kind(name, type_, of, text(schema, "custom")),
    )


def _kind(name: str, type_: str, of: str, custom: str) -> FieldKind:
    if name in _LONG or custom.endswith(":textarea"):
        return FieldKind.TEXT
    if type_ == "array":
        many = {"string": FieldKind.LABELS, "user": FieldKind.PEOPLE, "attachment": FieldKind.OTHER}
        return FieldKind.CHOICES if of in _CLOSED else many.get(of, FieldKind.OTHER)
    if name == "parent":
        return FieldKind.ITEM
    return FieldKind.CHOICE if type_ in _CLOSED else _KINDS.get(type_, FieldKind.OTHER)


def _option(row: Mapping[str, Any]) -> str:
    return text(row, "name") or text(row, "value")
