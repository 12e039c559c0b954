"""What a Redmine's projects hold, and what an account may do in them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from service.platforms.answers import member, number, read_json, rows, text, unexpected, words
from service.platforms.interface import Field, ItemType, Project, ProjectNotVisible, Right
from service.platforms.redmine_description import (
    ALWAYS_SHOWN,
    ENABLE_MODULE,
    MAKE_MEMBER,
    PERMISSIONS,
    REOPEN_PROJECT,
    STANDARD_FIELDS,
    VIEW_ISSUES,
)
from service.platforms.redmine_sign_in import FORBIDDEN, LABEL, Access

PAGE_SIZE = 100
# Two thousand projects: more than a person chooses from, and the end of a server that never ends.
MAX_PAGES = 20
NOT_FOUND = 404
ACTIVE = 1
_PROJECT_ID = re.compile(r"[a-z0-9_-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Measured:
    """The permissions that an account has; None where that cannot be told. `where` names a special cause."""

    permissions: frozenset[str] | None
    where: str | None = None

    def rights(self) -> tuple[Right, ...]:
        """Return what each permission that a scope needs comes to."""
        known = self.permissions is not None
        return tuple(
            Right(
                scope=need.scope,
                permission=need.permission,
                granted=None if self.permissions is None else need.permission in self.permissions,
                measured=known,
                where_to_grant=self.where or need.where_to_grant,
            )
            for need in PERMISSIONS
        )


UNMEASURED = Measured(None)
EVERYTHING = frozenset(need.permission for need in PERMISSIONS)


async def measure(access: Access, user: Any, project_id: str | None) -> Measured:
    """Return what the proven account may do in this project, or in at least one."""
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
    found: dict[str, Project] = {}
    for page in range(MAX_PAGES):
        query = urlencode({"limit": PAGE_SIZE, "offset": page * PAGE_SIZE})
        unverified = await access.read(f"/projects.json?{query}")
        known = len(found)
        for row in rows(unverified, "projects"):
            identifier = number(row, "id")
            if identifier is not None:
                found[str(identifier)] = Project(str(identifier), text(row, "identifier"), text(row, "name"))
        total = number(unverified, "total_count") or 0
        if len(found) == known or (page + 1) * PAGE_SIZE >= total:
            break
    return tuple(found.values())


async def read_project(access: Access, project_id: str, include: str) -> Any:
    """Return a project with what was asked to be included; raises ProjectNotVisible."""
    if not _PROJECT_ID.fullmatch(project_id):
        raise ProjectNotVisible
    answer = await access.ask(f"/projects/{project_id}.json?{urlencode({'include': include})}")
    if answer.status in {FORBIDDEN, NOT_FOUND}:
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
        Field(name, label, kind, name in ALWAYS_SHOWN, options.get(name, ()))
        for name, (label, kind) in STANDARD_FIELDS.items()
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
    return Field(
        id=f"cf_{number(row, 'id')}",
        name=text(row, "name"),
        type=text(row, "field_format") or "unknown",
        required=member(row, "is_required") is True,
        options=tuple(text(value, "value") for value in rows(row, "possible_values")),
    )


def _names(unverified_rows: Iterable[Any]) -> tuple[str, ...]:
    return tuple(text(row, "name") for row in unverified_rows)
