"""What projects hold at GitLab, and what an account may do in them."""

from dataclasses import replace
from typing import Any

from service.platforms.adapter import Measured
from service.platforms.answers import number, objects, text, words
from service.platforms.calls import Access, every_page
from service.platforms.gitlab.description import API_SCOPE, GUEST, REPORTER, server
from service.platforms.gitlab.sign_in import in_path, is_cloud, level_of, read_namespace
from service.platforms.interface import Field, FieldKind, ItemType, Project, ProjectNotVisible

PAGE_SIZE = 100
GUEST_LEVEL, PLANNER_LEVEL = 10, 15
ITEM_TYPES = (ItemType("issue", "Issue"), ItemType("incident", "Incident"), ItemType("task", "Task"))


async def measure(access: Access, project_id: str | None) -> Measured:
    """Return what the role allows, in this project or in at least one, as far as the token's scopes let it."""
    level = (
        await _best_level(access) if project_id is None else level_of(await read_project(access, project_id))
    )
    granted = {GUEST} if level >= GUEST_LEVEL else set()
    if level < PLANNER_LEVEL:
        return Measured(frozenset(granted))
    scopes = await _scopes(access)
    if scopes is None:
        return Measured(frozenset({GUEST, REPORTER}), unknown=frozenset({REPORTER}))
    return (
        Measured(frozenset({GUEST, REPORTER})) if "api" in scopes else Measured(frozenset(granted), API_SCOPE)
    )


async def read_projects(access: Access) -> tuple[Project, ...]:
    """Return the projects that the account is a member of, on gitlab.com those of the group, at most two thousand."""
    namespace = read_namespace(access.instance_url) if is_cloud(access.instance_url) else None
    if namespace is not None and (single := await access.find(f"/projects/{in_path(namespace)}")) is not None:
        return tuple(_project(row) for row in [single] if number(row, "id") is not None)
    path = "/projects" if namespace is None else f"/groups/{in_path(namespace)}/projects"
    which: dict[str, str | int] = (
        {"membership": "true"} if namespace is None else {"include_subgroups": "true"}
    )

    async def page(index: int) -> tuple[Project, ...]:
        query = {**which, "simple": "true", "per_page": PAGE_SIZE, "page": index + 1}
        listed = objects(await access.find(path, query))
        return tuple(_project(row) for row in listed if number(row, "id") is not None)

    return await every_page(page, size=PAGE_SIZE, key=lambda project: project.id)


async def read_project(access: Access, project_id: str) -> Any:
    """Return the project; raises ProjectNotVisible."""
    is_number = project_id.isascii() and project_id.isdecimal()
    project = await access.find(f"/projects/{project_id}") if is_number else None
    if str(number(project, "id")) != project_id:
        raise ProjectNotVisible
    return project


async def read_item_types(access: Access, project_id: str) -> tuple[ItemType, ...]:
    """Return the types of issues that every GitLab has."""
    await read_project(access, project_id)
    return ITEM_TYPES


async def read_fields(access: Access, project_id: str) -> tuple[Field, ...]:
    """Return the fields that GitLab's REST API has: custom fields of work items are not among them."""
    await read_project(access, project_id)
    labels = await _names(access, f"/projects/{project_id}/labels", "name")
    milestones = await _names(access, f"/projects/{project_id}/milestones", "title")
    types = tuple(each.id for each in ITEM_TYPES)
    return (
        Field("title", "Title", "string", required=True, options=(), kind=FieldKind.LINE),
        _optional("description", "Description", "markdown", FieldKind.TEXT),
        Field("state", "State", "list", required=True, options=("opened", "closed"), kind=FieldKind.CHOICE),
        _optional("issue_type", "Type", "list", FieldKind.CHOICE, types),
        _optional("labels", "Labels", "labels", FieldKind.LABELS, labels),
        _optional("assignee_ids", "Assignees", "users", FieldKind.PEOPLE),
        _optional("milestone_id", "Milestone", "milestone", FieldKind.CHOICE, milestones),
        _optional("due_date", "Due date", "date", FieldKind.DATE),
        _optional("weight", "Weight", "integer", FieldKind.NUMBER),
        _optional("confidential", "Confidential", "boolean", FieldKind.BOOLEAN),
    )


async def _best_level(access: Access) -> int:
    """Return a level that the account has in at least one project."""
    for level in (PLANNER_LEVEL, GUEST_LEVEL):
        query: dict[str, str | int] = {
            "membership": "true",
            "min_access_level": level,
            "per_page": 1,
            "simple": "true",
        }
        if objects(await access.read("/projects", query)):
            return level
    return 0


async def _scopes(access: Access) -> frozenset[str] | None:
    """Return what the token may do; None where GitLab does not tell."""
    if "PRIVATE-TOKEN" in access.headers:
        scopes = words(await access.find("/personal_access_tokens/self"), "scopes")
    else:
        info = replace(access, base_url=server(access.instance_url))
        scopes = words(await info.find("/oauth/token/info"), "scope")
    return frozenset(scopes) or None


async def _names(access: Access, path: str, name: str) -> tuple[str, ...]:
    async def page(index: int) -> tuple[str, ...]:
        query: dict[str, str | int] = {"per_page": PAGE_SIZE, "page": index + 1}
        return tuple(text(row, name) for row in objects(await access.find(path, query)) if text(row, name))

    return await every_page(page, size=PAGE_SIZE, key=str)


def _optional(name: str, label: str, type_: str, kind: FieldKind, options: tuple[str, ...] = ()) -> Field:
    return Field(name, label, type_, required=False, options=options, kind=kind)


def _project(row: Any) -> Project:
    path = text(row, "path_with_namespace")
    return Project(str(number(row, "id")), path, text(row, "name") or path)
