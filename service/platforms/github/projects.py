"""What repositories hold at GitHub, and what an account may do in them."""

from typing import Any

from service.egress.client import Answer
from service.platforms.adapter import Measured
from service.platforms.answers import member, number, objects, read_json, require_accepted, rows, text
from service.platforms.calls import OUT_OF_SIGHT, Access, every_page
from service.platforms.github.description import CLASSIC_SCOPE, LABEL, READ, WRITE
from service.platforms.github.places import Place, read_full_name
from service.platforms.interface import Field, FieldKind, ItemType, Project, ProjectNotVisible

PAGE_SIZE = 100
PLAIN_TYPE = ItemType("issue", "Issue")
KINDS = {
    "text": FieldKind.LINE,
    "number": FieldKind.NUMBER,
    "date": FieldKind.DATE,
    "single_select": FieldKind.CHOICE,
    "multi_select": FieldKind.CHOICES,
}


async def measure(access: Access, place: Place, project_id: str | None) -> Measured:
    """Return what the account's role and its token's scopes allow, in this repository or in at least one.

    A fine-grained token tells its rights to nobody: what it may write is known when it writes.
    """
    if project_id is None and place.repository is None:
        answer = await access.ask("/user/repos", {"per_page": PAGE_SIZE})
        require_accepted(LABEL, answer, access.own_challenge)
        repositories = [row for row in objects(read_json(LABEL, answer)) if _belongs(row, place)]
    else:
        answer, repository = await _repository(access, project_id or place.full_name)
        repositories = [repository]
    granted = {
        right
        for row in repositories
        for right in (READ, WRITE)
        if member(member(row, "permissions"), right) is True
    }
    if "x-oauth-scopes" not in answer.headers:
        return Measured(frozenset(granted), unknown=frozenset({WRITE}) & granted)
    scopes = {scope.strip() for scope in answer.headers["x-oauth-scopes"].split(",")}
    all_public = all(member(row, "private") is False for row in repositories)
    if WRITE in granted and "repo" not in scopes and not ("public_repo" in scopes and all_public):
        return Measured(frozenset(granted - {WRITE}), CLASSIC_SCOPE)
    return Measured(frozenset(granted))


async def read_projects(access: Access, place: Place) -> tuple[Project, ...]:
    """Return the repositories of the place that the account sees, at most two thousand."""
    if place.repository is not None:
        _, repository = await _repository(access, place.full_name)
        return (_project(repository),)

    async def page(index: int) -> tuple[Project, ...]:
        query: dict[str, str | int] = {"per_page": PAGE_SIZE, "page": index + 1}
        listed = objects(await access.read("/user/repos", query))
        return tuple(_project(row) for row in listed)

    seen = await every_page(page, size=PAGE_SIZE, key=lambda project: project.id)
    return tuple(project for project in seen if place.owner is None or _is_of(project.id, place.owner))


async def read_item_types(access: Access, project_id: str) -> tuple[ItemType, ...]:
    """Return the issue types of the organisation; where there are none, an issue is an issue."""
    _, repository = await _repository(access, project_id)
    types = objects(await _of_organisation(access, repository, "issue-types"))
    named = tuple(
        ItemType(text(row, "name"), text(row, "name"))
        for row in types
        if text(row, "name") and member(row, "is_enabled") is not False
    )
    return named or (PLAIN_TYPE,)


async def read_fields(access: Access, project_id: str) -> tuple[Field, ...]:
    """Return GitHub's own fields, then those of the organisation."""
    _, repository = await _repository(access, project_id)
    path = f"/repos/{project_id}"
    labels = await _names(access, f"{path}/labels", "name")
    milestones = await _names(access, f"{path}/milestones", "title")
    types = tuple(found.name for found in await read_item_types(access, project_id) if found != PLAIN_TYPE)
    own = [
        Field("title", "Title", "string", required=True, options=(), kind=FieldKind.LINE),
        _optional("body", "Description", "markdown", FieldKind.TEXT),
        Field("state", "State", "list", required=True, options=("open", "closed"), kind=FieldKind.CHOICE),
        _optional("labels", "Labels", "labels", FieldKind.LABELS, labels),
        _optional("assignees", "Assignees", "users", FieldKind.PEOPLE),
        _optional("milestone", "Milestone", "milestone", FieldKind.CHOICE, milestones),
    ]
    if types:
        own.append(_optional("type", "Type", "issue type", FieldKind.CHOICE, types))
    further = objects(await _of_organisation(access, repository, "issue-fields"))
    return (*own, *(_field(row) for row in further if number(row, "id") is not None))


async def _repository(access: Access, project_id: str) -> tuple[Answer, Any]:
    """Return the repository and the answer that it came in; raises ProjectNotVisible."""
    full_name = read_full_name(project_id)
    if full_name is None:
        raise ProjectNotVisible
    answer = await access.ask(f"/repos/{full_name}")
    if answer.status in OUT_OF_SIGHT:
        raise ProjectNotVisible
    require_accepted(LABEL, answer, access.own_challenge)
    repository = read_json(LABEL, answer)
    if not text(repository, "full_name"):
        raise ProjectNotVisible
    return answer, repository


async def _of_organisation(access: Access, repository: Any, what: str) -> Any:
    """Return what only organisations have, and only where GitHub is new enough; None elsewhere."""
    owner = member(repository, "owner")
    if text(owner, "type") != "Organization" or read_full_name(f"{text(owner, 'login')}/x") is None:
        return None
    return await access.find(f"/orgs/{text(owner, 'login')}/{what}")


async def _names(access: Access, path: str, name: str) -> tuple[str, ...]:
    """Return the names on a list that may be switched off."""

    async def page(index: int) -> tuple[str, ...]:
        query: dict[str, str | int] = {"per_page": PAGE_SIZE, "page": index + 1}
        return tuple(text(row, name) for row in objects(await access.find(path, query)) if text(row, name))

    return await every_page(page, size=PAGE_SIZE, key=str)


def _optional(name: str, label: str, type_: str, kind: FieldKind, options: tuple[str, ...] = ()) -> Field:
    return Field(name, label, type_, required=False, options=options, kind=kind)


def _field(row: Any) -> Field:
    return Field(
        id=f"field_{number(row, 'id')}",
        name=text(row, "name"),
        type=text(row, "data_type") or "unknown",
        required=False,
        options=tuple(text(option, "name") for option in rows(row, "options")),
        kind=KINDS.get(text(row, "data_type"), FieldKind.OTHER),
    )


def _project(row: Any) -> Project:
    full_name = text(row, "full_name")
    return Project(full_name, full_name, text(row, "name"))


def _belongs(row: Any, place: Place) -> bool:
    return place.owner is None or _is_of(text(row, "full_name"), place.owner)


def _is_of(full_name: str, owner: str) -> bool:
    return full_name.partition("/")[0].casefold() == owner.casefold()
