"""Azure DevOps: answers made from Microsoft's description, and each of its traps."""

from typing import Any

import pytest

from service.platforms.azure_devops import PLATFORM
from service.platforms.interface import Credential, FieldKind, ProjectNotVisible, SignInFailure
from tests.platforms.fake_server import PAGE, TRAPS, FakeServer, Trap, reply, require_no_way_in

URL = "https://dev.azure.com/contoso"
TOKEN = Credential("token", {"token": "a" * 52})
BY_OAUTH = Credential("oauth", {"access_token": "eyJ" + "a" * 60})
NAMESPACE, PROJECT = "3e65f728-f8bc-4ecd-8764-7e378b19bfa7", "eb6e4656-77fc-42a1-9181-4c6d8e9da5d1"
ME, RIGHT = "/contoso/_apis/connectionData", f"/contoso/_apis/permissions/{NAMESPACE}/2"
OLGA = {
    "id": "d6245f20-2af8-44f4-9451-8107cb2767db",
    "descriptor": "Microsoft.IdentityModel.Claims.ClaimsIdentity;x\\olga@example.com",
    "providerDisplayName": "Olga",
    "isActive": True,
    "properties": {"Account": {"$type": "System.String", "$value": "olga@example.com"}},
}
STRANGER = {
    "id": "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa",
    "descriptor": "System:PublicAccess;aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa",
    "providerDisplayName": "Anonymous",
    "isActive": True,
}
TYPES = f"/contoso/{PROJECT}/_apis/wit/workitemtypes"


def told(*, allowed: Any = True, user: Any = None) -> dict[str, Any]:
    actions = [{"bit": 1, "name": "GENERIC_READ"}, {"bit": 2, "name": "GENERIC_WRITE"}]
    return {
        ME: {"authenticatedUser": user or OLGA, "instanceId": PROJECT},
        "/contoso/_apis/securitynamespaces": {
            "value": [{"name": "Collection", "namespaceId": NAMESPACE, "actions": actions}]
        },
        RIGHT: {"count": 1, "value": [allowed]},
        "/contoso/_apis/projects": {"value": [{"id": PROJECT, "name": "Shop", "state": "wellFormed"}]},
        f"/contoso/_apis/projects/{PROJECT}": {"id": PROJECT, "name": "Shop"},
        TYPES: {
            "value": [
                {"name": "Bug", "referenceName": "Microsoft.VSTS.WorkItemTypes.Bug"},
                {"name": "Task", "referenceName": "Microsoft.VSTS.WorkItemTypes.Task"},
                {"name": "Old", "referenceName": "Custom.Old", "isDisabled": True},
            ]
        },
        f"/contoso/{PROJECT}/_apis/wit/fields": {
            "value": [
                {"referenceName": "System.Title", "type": "string"},
                {"referenceName": "System.State", "type": "string"},
                {"referenceName": "System.AssignedTo", "type": "string", "isIdentity": True},
            ]
        },
        f"{TYPES}/Bug/fields": {
            "value": [
                {"referenceName": "System.Title", "name": "Title", "alwaysRequired": True},
                {"referenceName": "System.State", "name": "State", "allowedValues": ["New", "Closed"]},
                {"referenceName": "System.AssignedTo", "name": "Assigned To", "allowedValues": [{"id": "x"}]},
            ]
        },
        f"{TYPES}/Task/fields": {
            "value": [{"referenceName": "System.Title", "name": "Title", "alwaysRequired": True}]
        },
    }


pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("credential", [TOKEN, BY_OAUTH], ids=["token", "oauth"])
async def test_who_may_change_the_organisation_is_an_admin(credential: Credential) -> None:
    person = await PLATFORM.sign_in(FakeServer(told()).egress, URL, credential)
    assert (person.login, person.display_name, person.is_admin) == ("olga@example.com", "Olga", True)


@pytest.mark.parametrize("allowed", [False, None, 1, "true", [True]], ids=repr)
async def test_whatever_is_not_true_is_no(allowed: Any) -> None:
    person = await PLATFORM.sign_in(FakeServer(told(allowed=allowed)).egress, URL, TOKEN)
    assert not person.is_admin
    assert "Project Collection Administrators" in str(person.missing)


@pytest.mark.parametrize(
    "namespaces",
    [[], [{"name": "Collection", "namespaceId": "../x", "actions": []}], [{"name": "Build"}], None],
    ids=["none", "an odd id", "another one", "null"],
)
async def test_a_right_that_is_not_told_of_proves_nothing(namespaces: Any) -> None:
    server = FakeServer(told() | {"/contoso/_apis/securitynamespaces": {"value": namespaces}})
    assert not (await PLATFORM.sign_in(server.egress, URL, TOKEN)).is_admin


@pytest.mark.parametrize(
    "user",
    [STRANGER, {**OLGA, "isActive": False}, {**OLGA, "id": "me"}, {**OLGA, "descriptor": ""}],
    ids=["the public", "not active", "odd id", "no descriptor"],
)
async def test_who_is_no_account_is_not_signed_in(user: Any) -> None:
    with pytest.raises(SignInFailure):
        await PLATFORM.sign_in(FakeServer(told(user=user)).egress, URL, TOKEN)


async def test_a_public_organisation_names_strangers_and_still_signs_people_in() -> None:
    strangers = {ME: {"authenticatedUser": STRANGER, "instanceId": PROJECT}}
    assert (await PLATFORM.sign_in(FakeServer(told(), strangers).egress, URL, TOKEN)).is_admin


@pytest.mark.parametrize("status", [203, 302])
async def test_an_expired_token_gets_a_page_and_is_shown_once(status: int) -> None:
    server = FakeServer(
        {ME: reply(PAGE, status, {"location": "https://spsprodcus1.vssps.visualstudio.com/_signin"})}
    )
    with pytest.raises(SignInFailure):
        await PLATFORM.sign_in(server.egress, URL, TOKEN)
    assert server.credentials_shown == 1


@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_at_the_account_signs_anybody_in(trap: Trap) -> None:
    await require_no_way_in(PLATFORM, FakeServer({ME: trap.answer}), URL, TOKEN, trap)


@pytest.mark.parametrize("path", [RIGHT, "/contoso/_apis/securitynamespaces"], ids=["right", "namespaces"])
@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_at_the_admin_fact_makes_an_admin(trap: Trap, path: str) -> None:
    try:
        person = await PLATFORM.sign_in(FakeServer(told() | {path: trap.answer}).egress, URL, TOKEN)
    except SignInFailure:
        return
    assert not person.is_admin


@pytest.mark.parametrize(
    ("answer", "is_one"),
    [
        (reply({"authenticatedUser": STRANGER, "instanceId": PROJECT}), True),
        (reply(PAGE, 302, {"location": "https://x.example.com", "x-tfs-session": PROJECT}), True),
        (reply(PAGE, 203), False),
        (reply({"instanceId": "x", "authenticatedUser": {}}), False),
    ],
    ids=["public", "closed", "a page", "another service"],
)
async def test_it_is_recognised_by_what_strangers_see(answer: Any, *, is_one: bool) -> None:
    found = await PLATFORM.fingerprint(FakeServer({}, {ME: answer}).egress, URL)
    assert (found is not None) is is_one


async def test_rights_cannot_be_told_by_project() -> None:
    rights = await PLATFORM.rights(FakeServer(told()).egress, URL, TOKEN, PROJECT)
    assert {(right.granted, right.measured) for right in rights} == {(None, False)}


async def test_projects_types_and_fields_are_read() -> None:
    egress = FakeServer(told()).egress
    assert [project.key for project in await PLATFORM.projects(egress, URL, TOKEN)] == ["Shop"]
    assert [kind.name for kind in await PLATFORM.item_types(egress, URL, TOKEN, PROJECT)] == ["Bug", "Task"]
    fields = {field.id: field for field in await PLATFORM.fields(egress, URL, TOKEN, PROJECT)}
    assert fields["System.Title"].required
    assert (fields["System.State"].options, fields["System.State"].kind) == (
        ("New", "Closed"),
        FieldKind.CHOICE,
    )
    assert (fields["System.AssignedTo"].options, fields["System.AssignedTo"].kind) == ((), FieldKind.PERSON)
    for project_id in ("Shop", NAMESPACE, "../x", ""):
        with pytest.raises(ProjectNotVisible):
            await PLATFORM.fields(egress, URL, TOKEN, project_id)
