"""GitHub: answers in the shapes of its own API description, and each of its traps."""

from typing import Any

import httpx
import pytest

from service.platforms.github.adapter import PLATFORM
from service.platforms.interface import (
    Credential,
    FieldKind,
    ItemType,
    ProjectNotVisible,
    SignInFailure,
    SignInReason,
)
from tests.platforms.fake_server import NOT_FOUND, TRAPS, FakeServer, Trap, reply, require_no_way_in

ORGANISATION = "https://github.com/octo-org"
REPOSITORY = "https://github.com/octo-org/octo-repo"
SERVER = "https://ghe.example.com"
TOKEN = Credential("token", {"token": "ghp_" + "a" * 36})
BY_OAUTH = Credential("oauth", {"access_token": "gho_" + "a" * 36})
ME = {"id": 1, "login": "octocat", "name": "monalisa octocat", "site_admin": False}
OWNER = {
    "state": "active",
    "role": "admin",
    "organization": {"login": "octo-org", "id": 7},
    "user": {"login": "octocat", "id": 1},
}
REPO = {
    "id": 1296269,
    "name": "octo-repo",
    "full_name": "octo-org/octo-repo",
    "private": True,
    "owner": {"login": "octo-org", "type": "Organization"},
    "permissions": {"admin": True, "maintain": True, "push": True, "triage": True, "pull": True},
}
MEMBERSHIP = "/user/memberships/orgs/octo-org"
REPO_PATH = "/repos/octo-org/octo-repo"
AS_OWNER: dict[str, Any] = {"https://api.github.com/user": ME, MEMBERSHIP: OWNER, REPO_PATH: REPO}

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("credential", [TOKEN, BY_OAUTH], ids=["token", "oauth"])
async def test_an_active_owner_is_an_admin_of_the_organisation(credential: Credential) -> None:
    server = FakeServer(AS_OWNER)
    person = await PLATFORM.sign_in(server.egress, ORGANISATION, credential)
    assert (person.account_id, person.login, person.display_name) == ("1", "octocat", "monalisa octocat")
    assert person.is_admin
    assert all(request.url.host == "api.github.com" for request in server.requests)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        pytest.param({**OWNER, "state": "pending"}, "yet to accept", id="pending owner"),
        pytest.param({**OWNER, "role": "member"}, "Change role", id="member"),
        pytest.param({**OWNER, "role": "billing_manager"}, "Change role", id="billing manager"),
        pytest.param({**OWNER, "role": None}, "Change role", id="null role"),
        pytest.param({**OWNER, "role": ["admin"]}, "Change role", id="role is a list"),
        pytest.param({**OWNER, "state": True}, "yet to accept", id="state is true"),
        pytest.param(NOT_FOUND, "read:org", id="no member, or no scope: 404"),
        pytest.param(reply({}, 403), "OAuth app policy", id="application not approved"),
    ],
)
async def test_whoever_is_no_active_owner_reads_what_is_missing(answer: Any, sentence: str) -> None:
    person = await PLATFORM.sign_in(FakeServer(AS_OWNER | {MEMBERSHIP: answer}).egress, ORGANISATION, TOKEN)
    assert not person.is_admin
    assert person.missing is not None
    assert sentence in person.missing


@pytest.mark.parametrize(
    "changes",
    [{"organization": {"login": "other-org"}}, {"user": {"id": 2}}, {"organization": None}, {"user": {}}],
    ids=str,
)
async def test_the_membership_of_another_proves_nothing(changes: dict[str, Any]) -> None:
    server = FakeServer(AS_OWNER | {MEMBERSHIP: {**OWNER, **changes}})
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(server.egress, ORGANISATION, TOKEN)
    assert caught.value.reason is SignInReason.UNEXPECTED_ANSWER


@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_at_the_account_signs_anybody_in(trap: Trap) -> None:
    server = FakeServer(AS_OWNER | {"https://api.github.com/user": trap.answer})
    await require_no_way_in(PLATFORM, server, ORGANISATION, TOKEN, trap)


@pytest.mark.parametrize("url", [ORGANISATION, REPOSITORY], ids=["organisation", "repository"])
@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_at_the_admin_fact_makes_an_admin(trap: Trap, url: str) -> None:
    server = FakeServer(AS_OWNER | {MEMBERSHIP: trap.answer, REPO_PATH: trap.answer})
    try:
        person = await PLATFORM.sign_in(server.egress, url, TOKEN)
    except SignInFailure:
        return
    assert not person.is_admin
    assert person.missing


async def test_an_admin_of_one_repository_is_an_admin_of_that_instance() -> None:
    assert (await PLATFORM.sign_in(FakeServer(AS_OWNER).egress, REPOSITORY, TOKEN)).is_admin


@pytest.mark.parametrize("admin", [False, None, "true", 1])
async def test_an_admin_flag_that_is_not_true_is_no(admin: Any) -> None:
    repo = {**REPO, "permissions": {"admin": admin, "push": True, "pull": True}}
    person = await PLATFORM.sign_in(FakeServer(AS_OWNER | {REPO_PATH: repo}).egress, REPOSITORY, TOKEN)
    assert not person.is_admin
    assert "Collaborators and teams" in str(person.missing)


async def test_the_answer_about_another_repository_is_no() -> None:
    repo = {**REPO, "full_name": "octo-org/other"}
    assert not (
        await PLATFORM.sign_in(FakeServer(AS_OWNER | {REPO_PATH: repo}).egress, REPOSITORY, TOKEN)
    ).is_admin


async def test_an_account_is_the_admin_of_what_is_its_own() -> None:
    assert (await PLATFORM.sign_in(FakeServer(AS_OWNER).egress, "https://github.com/Octocat", TOKEN)).is_admin


@pytest.mark.parametrize("flag", [True, False, None, "true"])
async def test_of_a_whole_server_only_a_site_administrator_is_an_admin(flag: Any) -> None:
    server = FakeServer({f"{SERVER}/api/v3/user": {**ME, "site_admin": flag}})
    assert (await PLATFORM.sign_in(server.egress, SERVER, TOKEN)).is_admin is (flag is True)


async def test_nobody_is_an_admin_of_all_of_github() -> None:
    server = FakeServer({"/user": {**ME, "site_admin": True}})
    person = await PLATFORM.sign_in(server.egress, "https://github.com", TOKEN)
    assert not person.is_admin
    assert "organisation or a repository" in str(person.missing)


async def test_an_enterprise_server_that_knows_strangers_never_sees_the_token() -> None:
    server = FakeServer({"/api/v3/user": ME}, strangers={"/api/v3/user": ME})
    with pytest.raises(SignInFailure):
        await PLATFORM.sign_in(server.egress, f"{SERVER}/octo-org", TOKEN)
    assert server.credentials_shown == 0


async def test_the_login_of_a_proxy_is_named_as_such() -> None:
    proxy = httpx.Response(401, headers={"WWW-Authenticate": 'Basic realm="Company"'})
    server = FakeServer({"/api/v3/user": proxy}, strangers={"/api/v3/user": reply({}, 401)})
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(server.egress, f"{SERVER}/octo-org", TOKEN)
    assert caught.value.reason is SignInReason.UNEXPECTED_ANSWER
    assert "login of its own" in caught.value.detail


@pytest.mark.parametrize("headers", [{"Retry-After": "60"}, {"X-RateLimit-Remaining": "0"}], ids=str)
async def test_a_limit_is_no_missing_right(headers: dict[str, str]) -> None:
    """GitHub answers 403 to whoever asked too often (its secondary rate limits)."""
    server = FakeServer(AS_OWNER | {MEMBERSHIP: reply({"message": "rate limit"}, 403, headers)})
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(server.egress, ORGANISATION, TOKEN)
    assert caught.value.reason is SignInReason.RATE_LIMITED


@pytest.mark.parametrize("token", ["", "   ", "two words", "line\nbreak", "ümlaut", "x" * 1025])
async def test_what_can_be_no_token_is_not_sent(token: str) -> None:
    server = FakeServer(AS_OWNER)
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(server.egress, ORGANISATION, Credential("token", {"token": token}))
    assert caught.value.reason is SignInReason.WRONG_CREDENTIALS
    assert not server.requests


@pytest.mark.parametrize(
    ("url", "strangers", "expected"),
    [
        pytest.param(
            ORGANISATION,
            {"https://api.github.com/meta": {"verifiable_password_authentication": False}},
            (ORGANISATION, None),
            id="cloud",
        ),
        pytest.param(
            f"{REPOSITORY}/issues/7",
            {"/meta": reply({}, 403, {"X-GitHub-Request-Id": "1:2"})},
            (REPOSITORY, None),
            id="cloud, asked too often",
        ),
        pytest.param(
            SERVER,
            {"/api/v3/meta": {"verifiable_password_authentication": True, "installed_version": "3.19.1"}},
            (SERVER, "3.19.1"),
            id="server",
        ),
        pytest.param(
            SERVER,
            {"/api/v3/meta": reply({}, 401, {"WWW-Authenticate": 'Basic realm="GitHub"'})},
            (SERVER, None),
            id="server in private mode",
        ),
        pytest.param(SERVER, {"/api/v3/meta": reply("<html>")}, None, id="a page"),
        pytest.param(SERVER, {"/api/v3/meta": {"installed_version": 3}}, None, id="odd version"),
        pytest.param(
            "https://github.com",
            {"/meta": {"verifiable_password_authentication": False}},
            None,
            id="no owner",
        ),
    ],
)
async def test_it_is_recognised_without_an_account(
    url: str, strangers: dict[str, Any], expected: tuple[str, str | None] | None
) -> None:
    found = await PLATFORM.fingerprint(FakeServer({}, strangers).egress, url)
    assert (None if found is None else (found.base_url, found.version)) == expected


def with_scopes(repo: dict[str, Any], scopes: str | None) -> httpx.Response:
    return reply(repo, 200, {} if scopes is None else {"X-OAuth-Scopes": scopes})


@pytest.mark.parametrize(
    ("permissions", "private", "scopes", "expected"),
    [
        pytest.param(
            {"push": True, "pull": True}, True, "repo, read:org", {"pull": True, "push": True}, id="all"
        ),
        pytest.param({"push": False, "pull": True}, True, "repo", {"pull": True, "push": False}, id="reader"),
        pytest.param(
            {"push": True, "pull": True}, False, "public_repo", {"pull": True, "push": True}, id="public"
        ),
        pytest.param(
            {"push": True, "pull": True}, True, "public_repo", {"pull": True, "push": False}, id="weak scope"
        ),
        pytest.param({"push": True, "pull": True}, False, "", {"pull": True, "push": False}, id="no scope"),
        pytest.param(
            {"push": True, "pull": True}, True, None, {"pull": True, "push": None}, id="fine-grained"
        ),
        pytest.param({"push": "yes"}, True, "repo", {"pull": False, "push": False}, id="odd"),
    ],
)
async def test_rights_are_those_of_the_role_and_of_the_token(
    permissions: dict[str, Any], *, private: bool, scopes: str | None, expected: dict[str, bool | None]
) -> None:
    repo = {**REPO, "permissions": permissions, "private": private}
    answers = AS_OWNER | {REPO_PATH: with_scopes(repo, scopes), "/user/repos": with_scopes([repo], scopes)}  # type: ignore[arg-type]
    for project in ("octo-org/octo-repo", None):
        rights = await PLATFORM.rights(FakeServer(answers).egress, ORGANISATION, TOKEN, project)
        assert {right.permission: right.granted for right in rights} == expected
        assert all(right.measured is (right.granted is not None) for right in rights)
        assert all("GitHub:" in right.where_to_grant for right in rights)


async def test_in_a_repository_out_of_sight_nothing_is_granted() -> None:
    rights = await PLATFORM.rights(FakeServer(AS_OWNER).egress, ORGANISATION, TOKEN, "octo-org/hidden")
    assert {right.granted for right in rights} == {False}


async def test_the_repositories_of_the_owner_are_the_projects() -> None:
    seen = [
        REPO,
        {**REPO, "full_name": "elsewhere/x", "name": "x"},
        {**REPO, "full_name": "OCTO-org/b", "name": "b"},
    ]
    server = FakeServer(AS_OWNER | {"/user/repos": seen})
    projects = await PLATFORM.projects(server.egress, ORGANISATION, TOKEN)
    assert [project.id for project in projects] == ["octo-org/octo-repo", "OCTO-org/b"]


async def test_an_instance_that_is_one_repository_has_one_project() -> None:
    assert [each.id for each in await PLATFORM.projects(FakeServer(AS_OWNER).egress, REPOSITORY, TOKEN)] == [
        "octo-org/octo-repo"
    ]


TYPES = [
    {"id": 410, "name": "Task"},
    {"id": 411, "name": "Bug"},
    {"id": 412, "name": "Old", "is_enabled": False},
]
FIELDS = [
    {"id": 1, "name": "DRI", "data_type": "text"},
    {
        "id": 2,
        "name": "Priority",
        "data_type": "single_select",
        "options": [{"name": "High"}, {"name": "Low"}],
    },
]
CATALOGUE = AS_OWNER | {
    "/orgs/octo-org/issue-types": TYPES,
    "/orgs/octo-org/issue-fields": FIELDS,
    f"{REPO_PATH}/labels": [{"id": 1, "name": "bug"}, {"id": 2, "name": "help wanted"}],
    f"{REPO_PATH}/milestones": [{"number": 1, "title": "v1.0"}],
}


async def test_types_and_fields_of_an_organisation_have_their_values() -> None:
    egress = FakeServer(CATALOGUE).egress
    types = await PLATFORM.item_types(egress, ORGANISATION, TOKEN, "octo-org/octo-repo")
    assert types == (ItemType("Task", "Task"), ItemType("Bug", "Bug"))
    fields = {
        field.id: field for field in await PLATFORM.fields(egress, ORGANISATION, TOKEN, "octo-org/octo-repo")
    }
    assert {name: field.options for name, field in fields.items() if field.options} == {
        "state": ("open", "closed"),
        "labels": ("bug", "help wanted"),
        "milestone": ("v1.0",),
        "type": ("Task", "Bug"),
        "field_2": ("High", "Low"),
    }
    assert [name for name, field in fields.items() if field.required] == ["title", "state"]
    assert (fields["field_1"].kind, fields["field_2"].kind) == (FieldKind.LINE, FieldKind.CHOICE)


async def test_an_older_server_and_a_personal_repository_know_issues_only() -> None:
    personal = {**REPO, "owner": {"login": "octo-org", "type": "User"}}
    for answers in (AS_OWNER, CATALOGUE | {REPO_PATH: personal}):
        egress = FakeServer(answers).egress
        assert await PLATFORM.item_types(egress, ORGANISATION, TOKEN, "octo-org/octo-repo") == (
            ItemType("issue", "Issue"),
        )
        fields = await PLATFORM.fields(egress, ORGANISATION, TOKEN, "octo-org/octo-repo")
        assert "type" not in {field.id for field in fields}


@pytest.mark.parametrize(
    "project", ["", "octo-org", "../user", "octo-org/../x", "octo-org/..", "a/b/c", "a/b?c"]
)
async def test_what_can_be_no_repository_is_not_asked_for(project: str) -> None:
    server = FakeServer(CATALOGUE)
    with pytest.raises(ProjectNotVisible):
        await PLATFORM.item_types(server.egress, ORGANISATION, TOKEN, project)
    assert [request.url.path for request in server.requests] == ["/user"]
