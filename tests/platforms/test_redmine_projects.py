"""What an account may do in a Redmine, and what its projects hold."""

from typing import Any

import httpx
import pytest

from service.egress.client import Egress, EgressPolicy
from service.platforms.interface import Field, FieldKind, ItemType, Project, ProjectNotVisible, SignInFailure
from service.platforms.redmine.adapter import PLATFORM
from service.words import Scope
from tests.platforms.recorded_redmine import (
    ADMIN_KEY,
    NORMA_KEY,
    URL,
    WHO_AM_I,
    RecordedRedmine,
    answer,
    recorded,
    shows_credential,
)

AS_ADMIN = {WHO_AM_I: "admin_users_current", "/projects/alpha.json": "admin_project_alpha_modules"}
AS_NORMA = {
    WHO_AM_I: "norm_users_current",
    "/roles/4.json": "admin_role_4",
    "/projects/alpha.json": "admin_project_alpha_modules",
    "/projects/secret.json": "norm_project_secret",
    "/projects/nope.json": "norm_project_missing",
    "/projects/wiki-only.json": "norm_project_wiki_only",
}
CATALOGUE = {
    "/projects/alpha.json": "admin_project_alpha_fields",
    "/trackers.json": "norm_trackers",
    "/issue_statuses.json": "norm_issue_statuses",
    "/enumerations/issue_priorities.json": "norm_enumerations_issue_priorities",
    "/custom_fields.json": "admin_custom_fields",
}
SEES, ADDS, EDITS, NOTES = "view_issues", "add_issues", "edit_issues", "add_issue_notes"
EVERYTHING = {SEES, ADDS, EDITS, NOTES}

pytestmark = pytest.mark.anyio


def role(*permissions: str) -> httpx.Response:
    """Return a role of the developers' number with these permissions."""
    return answer(200, {"role": {"id": 4, "name": "Developer", "permissions": list(permissions)}})


def alpha(**changes: Any) -> httpx.Response:
    """Return the project alpha, changed."""
    project = {**recorded("admin_project_alpha_modules").json()["project"], **changes}
    return answer(200, {"project": project})


async def granted(answers: dict[str, Any], project: str | None) -> set[str]:
    """Return the permissions that were measured as granted."""
    rights = await PLATFORM.rights(RecordedRedmine(answers).egress, URL, NORMA_KEY, project)
    assert {right.scope for right in rights} == set(Scope)
    assert all(right.measured and right.granted is not None for right in rights)
    return {right.permission for right in rights if right.granted}


@pytest.mark.parametrize(
    ("answers", "project", "expected"),
    [
        pytest.param(AS_NORMA, "alpha", EVERYTHING, id="developer in her project"),
        pytest.param(AS_NORMA, None, EVERYTHING, id="developer in some project"),
        pytest.param(AS_ADMIN, "alpha", EVERYTHING, id="admin in a project"),
        pytest.param(AS_ADMIN, None, EVERYTHING, id="admin anywhere"),
        pytest.param(
            AS_NORMA | {"/roles/4.json": role(SEES, NOTES)}, "alpha", {SEES, NOTES}, id="a weak role"
        ),
        pytest.param(AS_NORMA | {"/roles/4.json": role()}, "alpha", set(), id="an empty role"),
        pytest.param(AS_NORMA, "secret", set(), id="a project she does not see"),
        pytest.param(AS_NORMA, "nope", set(), id="a project that is missing"),
        pytest.param(AS_NORMA, "../users/1", set(), id="a project that is a path"),
        pytest.param(AS_NORMA, "wiki-only", set(), id="a project without issues"),
        pytest.param(
            AS_NORMA | {"/projects/alpha.json": alpha(status=5)}, "alpha", {SEES}, id="a closed project"
        ),
        pytest.param(
            AS_ADMIN | {"/projects/alpha.json": alpha(status=5)}, "alpha", {SEES}, id="closed, as admin"
        ),
        pytest.param(
            AS_ADMIN | {"/projects/alpha.json": alpha(enabled_modules=[])},
            "alpha",
            set(),
            id="no module, as admin",
        ),
    ],
)
async def test_rights_are_those_of_the_roles(
    answers: dict[str, Any], project: str | None, expected: set[str]
) -> None:
    assert await granted(answers, project) == expected


@pytest.mark.parametrize(
    ("answers", "project", "place"),
    [
        (AS_NORMA | {"/roles/4.json": role()}, "alpha", "Roles and permissions"),
        (AS_NORMA, "secret", "Members → New member"),
        (AS_NORMA, "wiki-only", "Modules → Issue tracking"),
        (AS_NORMA | {"/projects/alpha.json": alpha(status=5)}, "alpha", "reopen it"),
    ],
    ids=["role", "membership", "module", "closed"],
)
async def test_a_missing_right_says_where_to_grant_it(
    answers: dict[str, Any], project: str, place: str
) -> None:
    rights = await PLATFORM.rights(RecordedRedmine(answers).egress, URL, NORMA_KEY, project)
    assert [right for right in rights if not right.granted]
    assert all(place in right.where_to_grant for right in rights)


async def test_rights_in_a_public_project_without_membership_are_not_guessed() -> None:
    """The role for non-members decides there, and no API tells which one that is."""
    public = AS_NORMA | {"/projects/alpha.json": alpha(id=7)}
    rights = await PLATFORM.rights(RecordedRedmine(public).egress, URL, NORMA_KEY, "alpha")
    assert {(right.granted, right.measured) for right in rights} == {(None, False)}
    assert "New member" in rights[0].where_to_grant


async def test_rights_without_a_credential_are_declared_only() -> None:
    redmine = RecordedRedmine({})
    rights = await PLATFORM.rights(redmine.egress, URL, None)
    assert {(right.granted, right.measured) for right in rights} == {(None, False)}
    assert not redmine.requests


async def test_rights_that_cannot_be_read_are_no_rights() -> None:
    with pytest.raises(SignInFailure):
        await granted({WHO_AM_I: "norm_users_current", "/projects/alpha.json": alpha()}, "alpha")


async def test_projects_are_those_that_the_account_sees() -> None:
    redmine = RecordedRedmine({WHO_AM_I: "norm_users_current", "/projects.json": "norm_projects"})
    assert await PLATFORM.projects(redmine.egress, URL, NORMA_KEY) == (Project("1", "alpha", "Alpha"),)


def counting(total: int, size: int = 100) -> tuple[list[int], Egress]:
    """Return a Redmine of that many projects, and the offsets that it is asked for."""
    asked: list[int] = []

    def pages(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(WHO_AM_I):
            return recorded("admin_users_current" if shows_credential(request) else "fp_users_current_anon")
        offset = int(request.url.params["offset"])
        asked.append(offset)
        numbers = range(offset + 1, min(offset + size, total) + 1)
        found = [{"id": number, "identifier": f"p{number}", "name": f"P {number}"} for number in numbers]
        return answer(200, {"projects": found, "total_count": total})

    return asked, Egress(EgressPolicy(), transport=httpx.MockTransport(pages))


@pytest.mark.parametrize(
    ("total", "expected", "calls"), [(0, 0, 1), (99, 99, 1), (100, 100, 2), (101, 101, 2), (10**6, 2000, 20)]
)
async def test_projects_are_read_page_by_page_up_to_a_limit(total: int, expected: int, calls: int) -> None:
    asked, egress = counting(total)
    assert len(await PLATFORM.projects(egress, URL, ADMIN_KEY)) == expected
    assert len(asked) == calls


async def test_a_server_that_repeats_its_first_page_ends_the_reading() -> None:
    first = [{"id": number, "identifier": f"p{number}", "name": "A"} for number in range(1, 101)]
    page = answer(200, {"projects": first, "total_count": 10**6})
    redmine = RecordedRedmine({WHO_AM_I: "admin_users_current", "/projects.json": page})
    assert len(await PLATFORM.projects(redmine.egress, URL, ADMIN_KEY)) == 100
    assert len(redmine.requests) == 4


async def test_item_types_are_the_trackers_of_the_project() -> None:
    answers = {WHO_AM_I: "norm_users_current", "/projects/1.json": "norm_project_alpha_trackers"}
    assert await PLATFORM.item_types(RecordedRedmine(answers).egress, URL, NORMA_KEY, "1") == (
        ItemType("1", "Bug"),
        ItemType("2", "Feature"),
        ItemType("3", "Support"),
    )


@pytest.mark.parametrize("project", ["secret", "nope", "../alpha", "", "a/b", "a?b"])
async def test_a_project_that_is_not_visible_is_said_so(project: str) -> None:
    redmine = RecordedRedmine(AS_NORMA | {"/users/alpha.json": "norm_users_current"})
    with pytest.raises(ProjectNotVisible):
        await PLATFORM.item_types(redmine.egress, URL, NORMA_KEY, project)
    with pytest.raises(ProjectNotVisible):
        await PLATFORM.fields(redmine.egress, URL, NORMA_KEY, project)


async def test_an_admin_sees_custom_fields_with_their_options() -> None:
    redmine = RecordedRedmine(CATALOGUE | {WHO_AM_I: "admin_users_current"})
    fields = await PLATFORM.fields(redmine.egress, URL, ADMIN_KEY, "alpha")
    assert fields[0] == Field("subject", "Subject", "string", required=True, options=(), kind=FieldKind.LINE)
    assert fields[-1] == Field(
        "cf_1", "Severity", "list", required=False, options=("Low", "Medium", "High"), kind=FieldKind.CHOICE
    )
    assert {field.id: field.options[0] for field in fields if field.options} == {
        "tracker_id": "Bug",
        "status_id": "New",
        "priority_id": "Low",
        "cf_1": "Low",
    }
    assert "due_date" in {field.id for field in fields}


async def test_a_member_sees_the_names_of_the_custom_fields_of_the_project() -> None:
    listed = answer(200, {"project": recorded("norm_projects").json()["projects"][0]})
    redmine = RecordedRedmine(CATALOGUE | {WHO_AM_I: "norm_users_current", "/projects/alpha.json": listed})
    fields = await PLATFORM.fields(redmine.egress, URL, NORMA_KEY, "alpha")
    assert fields[-1] == Field(
        "cf_1", "Severity", "unknown", required=False, options=(), kind=FieldKind.OTHER
    )
    assert "/redmine/custom_fields.json" not in {request.url.path for request in redmine.requests}


async def test_fields_that_no_tracker_of_the_project_shows_are_left_out() -> None:
    trackers = answer(200, {"trackers": [{"id": 9, "enabled_standard_fields": ["due_date"]}]})
    redmine = RecordedRedmine(CATALOGUE | {WHO_AM_I: "admin_users_current", "/trackers.json": trackers})
    fields = await PLATFORM.fields(redmine.egress, URL, ADMIN_KEY, "alpha")
    assert [field.id for field in fields] == ["subject", "tracker_id", "status_id", "priority_id", "cf_1"]
