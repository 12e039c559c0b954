"""GitLab: answers made by hand from its documents, and each of its traps."""

from typing import Any

import pytest

from service.platforms.gitlab.adapter import PLATFORM
from service.platforms.interface import Credential, ProjectNotVisible, SignInFailure, SignInReason
from tests.platforms.fake_server import NOT_FOUND, TRAPS, FakeServer, Trap, reply, require_no_way_in

SERVER = "https://tracker.example.com/gitlab"
GROUP = "https://gitlab.com/acme/support"
TOKEN = Credential("token", {"token": "glpat-" + "a" * 20})
BY_OAUTH = Credential("oauth", {"access_token": "a" * 64})
ME = {"id": 7, "username": "olga", "name": "Olga", "state": "active"}
ADMIN = {**ME, "is_admin": True}
API = "/gitlab/api/v4"
MEMBER_PATH = "/api/v4/groups/acme%2Fsupport/members/all/7"
OWNER = {"id": 7, "username": "olga", "state": "active", "access_level": 50}
PROJECT = {
    "id": 3,
    "name": "Desk",
    "path_with_namespace": "acme/support/desk",
    "permissions": {"project_access": {"access_level": 20}, "group_access": None},
}
REFUSAL = reply({"message": "401 Unauthorized"}, 401)
ON_SERVER: dict[str, Any] = {f"{API}/user": ADMIN, f"{API}/projects/3": PROJECT, f"{API}/projects": [PROJECT]}
IN_CLOUD: dict[str, Any] = {"https://gitlab.com/api/v4/user": ME, MEMBER_PATH: OWNER}

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("credential", [TOKEN, BY_OAUTH], ids=["token", "oauth"])
async def test_an_administrator_of_a_server_is_an_admin(credential: Credential) -> None:
    server = FakeServer(ON_SERVER)
    person = await PLATFORM.sign_in(server.egress, SERVER, credential)
    assert (person.account_id, person.login, person.is_admin) == ("7", "olga", True)
    header = "private-token" if credential is TOKEN else "authorization"
    assert header in server.requests[-1].headers


@pytest.mark.parametrize("flag", [False, None, "true", 1, [True]], ids=repr)
async def test_a_flag_that_is_not_true_is_no(flag: Any) -> None:
    person = await PLATFORM.sign_in(
        FakeServer({f"{API}/user": {**ME, "is_admin": flag}}).egress, SERVER, TOKEN
    )
    assert not person.is_admin
    assert "Admin area" in str(person.missing)


async def test_a_missing_flag_is_no() -> None:
    """GitLab shows it to administrators only; with Admin Mode on, a token without admin_mode does not see it."""
    person = await PLATFORM.sign_in(FakeServer({f"{API}/user": ME}).egress, SERVER, TOKEN)
    assert not person.is_admin
    assert "admin_mode" in str(person.missing)


async def test_an_owner_of_the_group_is_an_admin_on_gitlab_com() -> None:
    assert (await PLATFORM.sign_in(FakeServer(IN_CLOUD).egress, GROUP, TOKEN)).is_admin


async def test_the_flag_of_a_server_counts_for_nothing_on_gitlab_com() -> None:
    server = FakeServer({"/api/v4/user": ADMIN})
    assert not (await PLATFORM.sign_in(server.egress, GROUP, TOKEN)).is_admin
    assert not (await PLATFORM.sign_in(server.egress, "https://gitlab.com", TOKEN)).is_admin


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({**OWNER, "access_level": 40}, id="maintainer of the group"),
        pytest.param({**OWNER, "access_level": "50"}, id="level is text"),
        pytest.param({**OWNER, "access_level": True}, id="level is true"),
        pytest.param({**OWNER, "id": 8}, id="somebody else"),
        pytest.param({**OWNER, "state": "awaiting"}, id="not active yet"),
        pytest.param(NOT_FOUND, id="no member"),
        pytest.param(reply({}, 403), id="forbidden"),
        pytest.param([OWNER], id="a list"),
    ],
)
async def test_whoever_does_not_own_the_group_reads_what_is_missing(answer: Any) -> None:
    person = await PLATFORM.sign_in(FakeServer(IN_CLOUD | {MEMBER_PATH: answer}).egress, GROUP, TOKEN)
    assert not person.is_admin
    assert "Owner" in str(person.missing)


@pytest.mark.parametrize(("level", "is_admin"), [(40, True), (50, True), (30, False), (None, False)])
async def test_a_maintainer_is_an_admin_of_an_instance_that_is_one_project(
    level: Any, *, is_admin: bool
) -> None:
    project = {**PROJECT, "permissions": {"project_access": None, "group_access": {"access_level": level}}}
    answers = {"/api/v4/user": ME, "/api/v4/projects/acme%2Fsupport%2Fdesk": project}
    url = "https://gitlab.com/acme/support/desk/-/issues/7"
    assert (await PLATFORM.sign_in(FakeServer(answers).egress, url, TOKEN)).is_admin is is_admin


@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_at_the_account_signs_anybody_in(trap: Trap) -> None:
    await require_no_way_in(PLATFORM, FakeServer({f"{API}/user": trap.answer}), SERVER, TOKEN, trap)


@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_at_the_admin_fact_makes_an_admin(trap: Trap) -> None:
    server = FakeServer(IN_CLOUD | {MEMBER_PATH: trap.answer, "/api/v4/projects/acme%2Fsupport": trap.answer})
    try:
        person = await PLATFORM.sign_in(server.egress, GROUP, TOKEN)
    except SignInFailure:
        return
    assert not person.is_admin


@pytest.mark.parametrize("state", ["blocked", None, "", "Active "])
async def test_an_account_that_is_not_active_is_none(state: Any) -> None:
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(FakeServer({f"{API}/user": {**ADMIN, "state": state}}).egress, SERVER, TOKEN)
    assert caught.value.reason is SignInReason.UNEXPECTED_ANSWER


@pytest.mark.parametrize(
    ("url", "answer", "expected"),
    [
        pytest.param(SERVER, REFUSAL, SERVER, id="below a path"),
        pytest.param(f"{GROUP}/-/issues/1", REFUSAL, GROUP, id="gitlab.com"),
        pytest.param(
            "https://gitlab.com/groups/acme",
            REFUSAL,
            "https://gitlab.com/acme",
            id="page of a group",
        ),
        pytest.param("https://gitlab.com", REFUSAL, None, id="no group"),
        pytest.param(SERVER, reply({"message": "Unauthorized"}, 401), None, id="another 401"),
        pytest.param(SERVER, reply("401 Unauthorized", 401), None, id="a page"),
        pytest.param(SERVER, reply({"version": "17.0"}), None, id="no refusal"),
    ],
)
async def test_it_is_recognised_by_its_refusal(url: str, answer: Any, expected: str | None) -> None:
    strangers = {"/gitlab/api/v4/version": answer, "/api/v4/version": answer}
    found = await PLATFORM.fingerprint(FakeServer({}, strangers).egress, url)
    assert (None if found is None else found.base_url) == expected


def at_level(level: Any) -> dict[str, Any]:
    return {**PROJECT, "permissions": {"project_access": {"access_level": level}, "group_access": None}}


@pytest.mark.parametrize(
    ("level", "scopes", "expected"),
    [
        pytest.param(20, ["api"], {"guest": True, "reporter": True}, id="reporter"),
        pytest.param(15, ["api"], {"guest": True, "reporter": True}, id="planner"),
        pytest.param(10, ["api"], {"guest": True, "reporter": False}, id="guest"),
        pytest.param(30, ["read_api"], {"guest": True, "reporter": False}, id="a token that only reads"),
        pytest.param(30, [], {"guest": True, "reporter": None}, id="a token that tells nothing"),
        pytest.param(None, ["api"], {"guest": False, "reporter": False}, id="nobody"),
    ],
)
async def test_rights_are_those_of_the_role_and_of_the_token(level: Any, scopes: Any, expected: Any) -> None:
    told = {
        f"{API}/personal_access_tokens/self": {"scopes": scopes},
        "/gitlab/oauth/token/info": {"scope": scopes},
    }
    server = FakeServer(ON_SERVER | {f"{API}/projects/3": at_level(level)} | told)
    for credential in (TOKEN, BY_OAUTH):
        rights = await PLATFORM.rights(server.egress, SERVER, credential, "3")
        assert {right.permission: right.granted for right in rights} == expected


async def test_without_a_project_the_best_role_counts() -> None:
    below: dict[str, Any] = {f"{API}/projects?membership=true&min_access_level=15&per_page=1&simple=true": []}
    rights = await PLATFORM.rights(FakeServer(ON_SERVER | below).egress, SERVER, TOKEN)
    assert {right.permission: right.granted for right in rights} == {"guest": True, "reporter": False}


async def test_projects_types_and_fields_are_read() -> None:
    lists = {f"{API}/projects/3/labels": [{"name": "bug"}], f"{API}/projects/3/milestones": [{"title": "v1"}]}
    egress = FakeServer(ON_SERVER | lists).egress
    assert [project.key for project in await PLATFORM.projects(egress, SERVER, TOKEN)] == [
        "acme/support/desk"
    ]
    assert [kind.id for kind in await PLATFORM.item_types(egress, SERVER, TOKEN, "3")] == [
        "issue",
        "incident",
        "task",
    ]
    fields = {field.id: field.options for field in await PLATFORM.fields(egress, SERVER, TOKEN, "3")}
    assert (fields["labels"], fields["milestone_id"]) == (("bug",), ("v1",))


async def test_the_projects_of_a_group_are_those_below_it() -> None:
    server = FakeServer(IN_CLOUD | {"/api/v4/groups/acme%2Fsupport/projects": [PROJECT]})
    assert [project.id for project in await PLATFORM.projects(server.egress, GROUP, TOKEN)] == ["3"]


@pytest.mark.parametrize("project", ["", "4", "acme/support/desk", "3/../4", "3?x", "\u0663"])
async def test_what_is_no_visible_project_is_said_so(project: str) -> None:
    with pytest.raises(ProjectNotVisible):
        await PLATFORM.fields(FakeServer(ON_SERVER).egress, SERVER, TOKEN, project)
