"""Jira Cloud and Data Center: answers made from Atlassian's description, and each of their traps."""

from typing import Any

import pytest

from service.platforms.interface import (
    Credential,
    FieldKind,
    Platform,
    ProjectNotVisible,
    SignInFailure,
    SignInReason,
)
from service.platforms.jira_cloud import PLATFORM as CLOUD
from service.platforms.jira_data_center import PLATFORM as SERVER
from tests.platforms.fake_server import NOT_FOUND, TRAPS, FakeServer, Trap, reply, require_no_way_in

SITE = "https://acme.atlassian.net"
HOST = "https://tracker.example.com/jira"
API_TOKEN = Credential("api_token", {"email": "olga@example.com", "token": "ATATT3xFfGF0" + "a" * 20})
BY_OAUTH = Credential("oauth", {"access_token": "eyJ" + "a" * 60})
PAT = Credential("token", {"token": "a" * 44})
PASSWORD = Credential("password", {"login": "olga", "password": "olga-pass-1"})
SITES = [
    {"id": "other-1", "url": "https://other.atlassian.net", "scopes": ["read:jira-work"]},
    {"id": "c1f2", "url": SITE, "scopes": ["read:jira-work", "read:jira-user"]},
]
ME = {"accountId": "5b10", "emailAddress": "olga@example.com", "displayName": "Olga", "active": True}
ME_THERE = {"key": "JIRAUSER1", "name": "olga", "displayName": "Olga", "active": True}


def permissions(*granted: str) -> dict[str, Any]:
    names = ("ADMINISTER", "SYSTEM_ADMIN", "BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS")
    return {"permissions": {name: {"key": name, "havePermission": name in granted} for name in names}}


PROJECT = {"id": "10000", "key": "SHOP", "name": "Shop"}
TYPES = [{"id": "1", "name": "Bug"}, {"id": "2", "name": "Task"}]
SUMMARY = {
    "fieldId": "summary",
    "name": "Summary",
    "required": True,
    "schema": {"type": "string", "system": "summary"},
}
PRIORITY = {
    "fieldId": "priority",
    "name": "Priority",
    "required": False,
    "schema": {"type": "priority"},
    "allowedValues": [{"id": "1", "name": "High"}, {"id": "2", "name": "Low"}],
}
SEVERITY = {
    "fieldId": "customfield_10020",
    "name": "Severity",
    "required": True,
    "schema": {"type": "array", "items": "option", "custom": "com.atlassian.jira:multiselect"},
    "allowedValues": [{"id": "9", "value": "S1"}, {"id": "10", "value": "S2"}],
}
NOTES = {
    "fieldId": "customfield_10021",
    "name": "Notes",
    "required": False,
    "schema": {"type": "string", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:textarea"},
}


def answers(api: str, me: Any, types: str, fields: str, *granted: str) -> dict[str, Any]:
    meta = f"{api}/issue/createmeta/SHOP/issuetypes"
    return {
        f"{api}/myself": me,
        f"{api}/mypermissions": permissions(*granted),
        f"{api}/project/SHOP": PROJECT,
        f"{api}/project/10000": PROJECT,
        f"{api}/project/search": {"values": [PROJECT], "isLast": True},
        f"{api}/project": [PROJECT],
        meta: {types: TYPES},
        f"{meta}/1": {fields: [SUMMARY, PRIORITY, SEVERITY]},
        f"{meta}/2": {fields: [SUMMARY, PRIORITY, NOTES]},
    }


def in_cloud(*granted: str) -> dict[str, Any]:
    return answers("/rest/api/3", ME, "issueTypes", "fields", *granted)


def on_server(*granted: str) -> dict[str, Any]:
    return answers("/jira/rest/api/2", ME_THERE, "values", "values", *granted)


CASES = [
    pytest.param(CLOUD, SITE, API_TOKEN, in_cloud, id="cloud"),
    pytest.param(SERVER, HOST, PAT, on_server, id="data center"),
]
each = pytest.mark.parametrize(("platform", "url", "credential", "told"), CASES)
pytestmark = pytest.mark.anyio


@each
@pytest.mark.parametrize("right", ["ADMINISTER", "SYSTEM_ADMIN"])
async def test_who_administers_jira_is_an_admin(
    platform: Platform, url: str, credential: Credential, told: Any, right: str
) -> None:
    person = await platform.sign_in(FakeServer(told(right)).egress, url, credential)
    assert person.is_admin
    assert person.display_name == "Olga"


@each
async def test_who_does_not_reads_what_is_missing(
    platform: Platform, url: str, credential: Credential, told: Any
) -> None:
    person = await platform.sign_in(FakeServer(told("BROWSE_PROJECTS")).egress, url, credential)
    assert not person.is_admin
    assert "Global permissions" in str(person.missing)


@each
@pytest.mark.parametrize("flag", [None, "true", 1, [True], {"havePermission": True}], ids=repr)
async def test_a_flag_that_is_not_true_is_no(
    platform: Platform, url: str, credential: Credential, told: Any, flag: Any
) -> None:
    odd = {"permissions": {"ADMINISTER": {"key": "ADMINISTER", "havePermission": flag}}}
    path = "/rest/api/3/mypermissions" if platform is CLOUD else "/jira/rest/api/2/mypermissions"
    person = await platform.sign_in(FakeServer(told() | {path: odd}).egress, url, credential)
    assert not person.is_admin


@each
@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_at_the_account_signs_anybody_in(
    platform: Platform, url: str, credential: Credential, told: Any, trap: Trap
) -> None:
    path = "/rest/api/3/myself" if platform is CLOUD else "/jira/rest/api/2/myself"
    server = FakeServer(told("ADMINISTER") | {path: trap.answer})
    await require_no_way_in(platform, server, url, credential, trap)


@each
@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_at_the_admin_fact_makes_an_admin(
    platform: Platform, url: str, credential: Credential, told: Any, trap: Trap
) -> None:
    path = "/rest/api/3/mypermissions" if platform is CLOUD else "/jira/rest/api/2/mypermissions"
    try:
        person = await platform.sign_in(FakeServer(told() | {path: trap.answer}).egress, url, credential)
    except SignInFailure:
        return
    assert not person.is_admin


@each
async def test_permissions_that_strangers_get_too_sign_nobody_in(
    platform: Platform, url: str, credential: Credential, told: Any
) -> None:
    """Anonymous callers may ask for permissions: only `myself` proves an account."""
    server = FakeServer({}, told("ADMINISTER"), otherwise=reply({}, 401))
    with pytest.raises(SignInFailure):
        await platform.sign_in(server.egress, url, credential)
    assert server.credentials_shown == 0  # it names an account to a caller without any


@each
async def test_a_deactivated_account_is_none(
    platform: Platform, url: str, credential: Credential, told: Any
) -> None:
    path, me = ("/rest/api/3/myself", ME) if platform is CLOUD else ("/jira/rest/api/2/myself", ME_THERE)
    server = FakeServer(told("ADMINISTER") | {path: {**me, "active": False}})
    with pytest.raises(SignInFailure):
        await platform.sign_in(server.egress, url, credential)


async def test_a_password_is_for_the_account_that_was_typed() -> None:
    assert (await SERVER.sign_in(FakeServer(on_server("ADMINISTER")).egress, HOST, PASSWORD)).is_admin
    other = on_server("ADMINISTER") | {"/jira/rest/api/2/myself": {**ME_THERE, "name": "service"}}
    with pytest.raises(SignInFailure) as caught:
        await SERVER.sign_in(FakeServer(other).egress, HOST, PASSWORD)
    assert caught.value.reason is SignInReason.UNEXPECTED_ANSWER


@pytest.mark.parametrize(
    "header",
    [
        {"X-Seraph-LoginReason": "AUTHENTICATION_DENIED"},
        {
            "X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=https://tracker.example.com/login.jsp"
        },
    ],
    ids=["denied", "captcha"],
)
@pytest.mark.parametrize("status", [200, 401, 403])
async def test_a_locked_account_is_said_to_be_locked_and_asked_once(
    header: dict[str, str], status: int
) -> None:
    server = FakeServer({"/jira/rest/api/2/myself": reply(ME_THERE, status, header)})
    with pytest.raises(SignInFailure) as caught:
        await SERVER.sign_in(server.egress, HOST, PASSWORD)
    assert caught.value.reason is SignInReason.LOCKED_OUT
    assert server.credentials_shown == 1


async def test_by_oauth_the_site_is_found_among_those_that_the_person_allowed() -> None:
    at_gateway = {f"/ex/jira/c1f2{path}": answer for path, answer in in_cloud("ADMINISTER").items()}
    server = FakeServer(at_gateway | {"/oauth/token/accessible-resources": SITES})
    assert (await CLOUD.sign_in(server.egress, SITE, BY_OAUTH)).is_admin
    assert {request.url.host for request in server.requests} == {"api.atlassian.com"}


@pytest.mark.parametrize(
    "sites", [[], SITES[:1], [{**SITES[1], "id": "../x"}], None, {"id": "c1f2"}], ids=repr
)
async def test_by_oauth_a_site_that_was_not_allowed_is_named(sites: Any) -> None:
    server = FakeServer({"/oauth/token/accessible-resources": sites})
    with pytest.raises(SignInFailure) as caught:
        await CLOUD.sign_in(server.egress, SITE, BY_OAUTH)
    assert caught.value.reason is SignInReason.RIGHT_MISSING
    assert "acme.atlassian.net" in caught.value.detail


@pytest.mark.parametrize(
    ("platform", "credential"),
    [
        (CLOUD, Credential("api_token", {"email": "olga", "token": "x" * 20})),
        (CLOUD, Credential("api_token", {"email": "olga@example.com", "token": "white space"})),
        (CLOUD, Credential("token", {"token": "x" * 20})),
        (SERVER, Credential("password", {"login": "", "password": "x"})),
        (SERVER, Credential("token", {"token": ""})),
        (SERVER, Credential("oauth", {})),
    ],
    ids=["no address", "white space", "another method", "no login", "empty", "no token"],
)
async def test_what_can_be_no_credential_is_not_sent(platform: Platform, credential: Credential) -> None:
    server = FakeServer({})
    with pytest.raises(SignInFailure) as caught:
        await platform.sign_in(server.egress, SITE, credential)
    assert caught.value.reason is SignInReason.WRONG_CREDENTIALS
    assert not server.requests


@pytest.mark.parametrize(
    ("info", "cloud", "server"),
    [
        ({"deploymentType": "Cloud", "version": "1001.0.0", "serverTitle": "Acme"}, True, False),
        ({"deploymentType": "Server", "version": "9.12.1", "serverTitle": "Acme"}, False, True),
        ({"version": "9.12.1"}, False, False),
        ({"deploymentType": "Server"}, False, False),
        ("<html>", False, False),
        ([], False, False),
    ],
    ids=repr,
)
async def test_it_is_recognised_by_its_kind_of_deployment(info: Any, *, cloud: bool, server: bool) -> None:
    strangers = {"/rest/api/3/serverInfo": reply(info), "/jira/rest/api/2/serverInfo": reply(info)}
    egress = FakeServer({}, strangers).egress
    assert (await CLOUD.fingerprint(egress, SITE) is not None) is cloud
    found = await SERVER.fingerprint(egress, HOST)
    assert (found is not None) is server
    assert not found or (found.version, found.title) == ("9.12.1", "Acme")


@each
async def test_rights_are_those_in_the_project(
    platform: Platform, url: str, credential: Credential, told: Any
) -> None:
    server = FakeServer(told("BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES"))
    rights = await platform.rights(server.egress, url, credential, "SHOP")
    granted = {right.permission: right.granted for right in rights}
    assert granted["BROWSE_PROJECTS"] is True
    assert granted["ADD_COMMENTS"] is False
    assert granted["CREATE_ATTACHMENTS"] is False
    (asked,) = [request for request in server.requests if request.url.path.endswith("/mypermissions")]
    assert asked.url.params["projectId"] == "10000"
    unseen = await platform.rights(server.egress, url, credential, "OTHER")
    assert not any(right.granted for right in unseen)


@each
async def test_projects_types_and_fields_are_read(
    platform: Platform, url: str, credential: Credential, told: Any
) -> None:
    egress = FakeServer(told()).egress
    assert [project.key for project in await platform.projects(egress, url, credential)] == ["SHOP"]
    kinds = await platform.item_types(egress, url, credential, "SHOP")
    assert [kind.name for kind in kinds] == ["Bug", "Task"]
    fields = {field.id: field for field in await platform.fields(egress, url, credential, "SHOP")}
    assert fields["summary"].required
    assert fields["priority"].options == ("High", "Low")
    severity = fields["customfield_10020"]
    assert (severity.options, severity.kind) == (("S1", "S2"), FieldKind.CHOICES)
    assert not severity.required  # a task has no such field
    assert fields["customfield_10021"].kind is FieldKind.TEXT


@each
@pytest.mark.parametrize("project_id", ["OTHER", "../myself", "", "SHOP/../x", "SHOP?x"])
async def test_a_project_out_of_sight_is_said_to_be(
    platform: Platform, url: str, credential: Credential, told: Any, project_id: str
) -> None:
    server = FakeServer(told(), otherwise=NOT_FOUND)
    for call in (platform.item_types, platform.fields):
        with pytest.raises(ProjectNotVisible):
            await call(server.egress, url, credential, project_id)
