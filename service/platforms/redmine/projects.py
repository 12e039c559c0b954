"""What a Redmine's projects hold, and what an account may do in them."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from service.platforms.adapter import Account, Measured
from service.platforms.answers import member, number, read_json, rows, text, unexpected, words
from service.platforms.calls import OUT_OF_SIGHT, Access, every_page
from service.platforms.interface import Field, FieldKind, ItemType, Project, ProjectNotVisible
from service.platforms.redmine.description import (
    ALWAYS_SHOWN,
    ENABLE_MODULE,
    FIELD_KINDS,
    MAKE_MEMBER,
    PERMISSIONS,
    REOPEN_PROJECT,
    STANDARD_FIELDS,
    VIEW_ISSUES,
)
from service.platforms.redmine.sign_in import LABEL, WHO_AM_I

PAGE_SIZE = 100
ACTIVE = 1
_PROJECT_ID = re.compile(r"[a-z0-9_-]{1,100}", re.ASCII)


EVERYTHING = frozenset(need.permission for need in PERMISSIONS)


async def measure(access: Access, account: Account, project_id: str | None) -> Measured:
    """Return what the proven account may do in this project, or in at least one."""
    user = member(await access.read(f"{WHO_AM_I}?include=memberships"), "user")
    if number(user, "id") != number(account.unverified, "id"):
        raise unexpected(LABEL, "another account than a moment ago")
    if project_id is None:
        return await _by_account(access, user, rows(user, "memberships"))
    try:
        project = await read_project(access, project_id, "enabled_modules")
    except ProjectNotVisible:
        return Measured(frozenset(), MAKE_MEMBER)
    if "issue_tracking" not in {text(module, "name") for module in rows(project, "enabled_modules")}:
        return Measured(frozenset(), ENABLE_MODULE)
    memberships = [
        row
        for row in rows(user, "memberships")
        if number(member(row, "project"), "id") == number(project, "id")
    ]
    measured = await _by_account(access, user, memberships)
    if member(project, "status") != ACTIVE and measured.permissions is not None:
        return Measured(measured.permissions & {VIEW_ISSUES}, REOPEN_PROJECT)
    return measured


async def read_projects(access: Access) -> tuple[Project, ...]:
    """Return the visible projects, at most two thousand."""

    async def page(number_of_page: int) -> tuple[Project, ...]:
        query: dict[str, str | int] = {"limit": PAGE_SIZE, "offset": number_of_page * PAGE_SIZE}
        unverified = rows(await access.read("/projects.json", query), "projects")
        return tuple(
            Project(str(number(row, "id")), text(row, "identifier"), text(row, "name"))
            for row in unverified
            if number(row, "id") is not None
        )

    return await every_page(page, size=PAGE_SIZE, key=lambda project: project.id)


async def read_project(access: Access, project_id: str, include: str) -> Any:
    """Return a project with what was asked to be included; raises ProjectNotVisible."""
    if not _PROJECT_ID.fullmatch(project_id):
        raise ProjectNotVisible
    answer = await access.ask(f"/projects/{project_id}.json?{urlencode({'include': include})}")
    if answer.status in OUT_OF_SIGHT:
        raise ProjectNotVisible
    project = member(read_json(LABEL, answer), "project")
    if number(project, "id") is None:
        raise unexpected(LABEL, "no project")
    return project


async def read_item_types(access: Access, project_id: str) -> tuple[ItemType, ...]:
    """Return the project's trackers, which is Redmine's word for kinds of issues."""
    project = await read_project(access, project_id, "trackers")
    return tuple(ItemType(str(number(row, "id")), text(row, "name")) for row in rows(project, "trackers"))


async def read_fields(access: Access, user: Any, project_id: str) -> tuple[Field, ...]:
    """Return the fields of the project's trackers, Redmine's own first.

    Only an admin may read the catalogue of custom fields. It does not say which of them are limited to other
    projects, so all that fit the trackers are there. Others see the names of those assigned to this project.
    """
    project = await read_project(access, project_id, "trackers,issue_custom_fields")
    trackers = {number(row, "id") for row in rows(project, "trackers")} - {None}
    enabled = {
        name
        for row in rows(await access.read("/trackers.json"), "trackers")
        if number(row, "id") in trackers
        for name in words(row, "enabled_standard_fields")
    }
    options = {
        "tracker_id": _names(rows(project, "trackers")),
        "status_id": _names(rows(await access.read("/issue_statuses.json"), "issue_statuses")),
        "priority_id": _names(
            rows(await access.read("/enumerations/issue_priorities.json"), "issue_priorities")
        ),
    }
    standard = tuple(
        Field(name, label, type_, name in ALWAYS_SHOWN, options.get(name, ()), FIELD_KINDS[type_])
        for name, (label, type_) in STANDARD_FIELDS.items()
        if name in ALWAYS_SHOWN or name in enabled
    )
    if member(user, "admin") is not True:
        return standard + tuple(_custom_field(row) for row in rows(project, "issue_custom_fields"))
    catalogue = rows(await access.read("/custom_fields.json"), "custom_fields")
    return standard + tuple(
        _custom_field(row)
        for row in catalogue
        if member(row, "customized_type") == "issue"
        and trackers & {number(tracker, "id") for tracker in rows(row, "trackers")}
    )


async def _by_account(access: Access, user: Any, memberships: Iterable[Any]) -> Measured:
    """Return what admins, or the roles of these memberships, may do.

    Without a membership the role for non-members decides, which no API names.
    """
    if member(user, "admin") is True:
        return Measured(EVERYTHING)
    roles = {number(role, "id") for membership in memberships for role in rows(membership, "roles")} - {None}
    if not roles:
        return Measured(None, MAKE_MEMBER)
    granted: set[str] = set()
    for role in sorted(roles, key=str):
        granted.update(words(member(await access.read(f"/roles/{role}.json"), "role"), "permissions"))
    return Measured(frozenset(granted))


def _custom_field(row: Any) -> Field:
    type_ = text(row, "field_format") or "unknown"
    kind = FIELD_KINDS.get(type_, FieldKind.OTHER)
    if member(row, "multiple") is True:
        kind = {FieldKind.CHOICE: FieldKind.CHOICES, FieldKind.PERSON: FieldKind.PEOPLE}.get(kind, kind)
    return Field(
        id=f"cf_{number(row, 'id')}",
        name=text(row, "name"),
        type=type_,
        required=member(row, "is_required") is True,
        options=tuple(text(value, "value") for value in rows(row, "possible_values")),
        kind=kind,
    )


def _names(unverified_rows: Iterable[Any]) -> tuple[str, ...]:
    return tuple(text(row, "name") for row in unverified_rows)
