"""Salesforce: answers made by hand from its documents, and each of its traps."""

from typing import Any

import pytest

from service.platforms.interface import Credential, FieldKind, ProjectNotVisible, SignInFailure
from service.platforms.salesforce import ADMIN_RIGHTS, PLATFORM
from tests.platforms.fake_server import TRAPS, FakeServer, Trap, reply, require_no_way_in

URL = "https://acme.my.salesforce.com"
CREDENTIAL = Credential("oauth", {"access_token": "00D" + "a" * 60})
API = "/services/data/v59.0"
ME, QUERY = "/services/oauth2/userinfo", f"{API}/query"
OLGA = {
    "user_id": "0053000000D8cuIAAR",
    "preferred_username": "olga@example.com",
    "name": "Olga",
    "active": True,
    "urls": {"custom_domain": URL},
}
CASE = {
    "name": "Case",
    "queryable": True,
    "createable": True,
    "updateable": False,
    "recordTypeInfos": [
        {"recordTypeId": "0123", "name": "Support", "active": True, "available": True},
        {"recordTypeId": "0124", "name": "Old", "active": False, "available": True},
    ],
    "fields": [
        {"name": "Subject", "label": "Subject", "type": "string", "nillable": True, "createable": True},
        {
            "name": "Status",
            "label": "Status",
            "type": "picklist",
            "nillable": False,
            "createable": True,
            "defaultedOnCreate": False,
            "picklistValues": [{"value": "New", "active": True}, {"value": "Old", "active": False}],
        },
        {
            "name": "OwnerId",
            "label": "Owner",
            "type": "reference",
            "referenceTo": ["Group", "User"],
            "nillable": True,
        },
    ],
}


def told(**rights: Any) -> dict[str, Any]:
    record = {**dict.fromkeys(ADMIN_RIGHTS, True), **rights}
    return {
        ME: OLGA,
        QUERY: {"totalSize": 1, "done": True, "records": [record]},
        f"{API}/sobjects": {
            "sobjects": [
                {"name": "Case", "label": "Case", "queryable": True},
                {
                    "name": "Ticket__c",
                    "label": "Ticket",
                    "queryable": True,
                    "custom": True,
                    "layoutable": True,
                },
                {"name": "CaseHistory", "label": "History", "queryable": True},
            ]
        },
        f"{API}/sobjects/Case/describe": CASE,
        f"{API}/sobjects/CaseComment/describe": {
            "name": "CaseComment",
            "queryable": True,
            "createable": False,
        },
    }


pytestmark = pytest.mark.anyio


async def test_who_has_all_three_rights_is_an_admin() -> None:
    person = await PLATFORM.sign_in(FakeServer(told()).egress, URL, CREDENTIAL)
    assert (person.login, person.is_admin) == ("olga@example.com", True)


@pytest.mark.parametrize("right", ADMIN_RIGHTS)
@pytest.mark.parametrize("value", [False, None, "true", 1, [True]], ids=repr)
async def test_who_lacks_one_of_them_is_none(right: str, value: Any) -> None:
    person = await PLATFORM.sign_in(FakeServer(told(**{right: value})).egress, URL, CREDENTIAL)
    assert not person.is_admin
    assert "System Administrator" in str(person.missing)


@pytest.mark.parametrize("records", [[], None, [{}], [dict.fromkeys(ADMIN_RIGHTS, True)] * 2], ids=repr)
async def test_any_other_number_of_rows_proves_nothing(records: Any) -> None:
    server = FakeServer(told() | {QUERY: {"records": records}})
    assert not (await PLATFORM.sign_in(server.egress, URL, CREDENTIAL)).is_admin


@pytest.mark.parametrize(
    "changes",
    [
        {"active": False},
        {"user_id": None},
        {"user_id": "../x"},
        {"preferred_username": ""},
        {"urls": {"custom_domain": "https://other.my.salesforce.com"}},
    ],
    ids=["not active", "no id", "odd id", "no login", "another organisation"],
)
async def test_who_is_no_account_here_is_not_signed_in(changes: Any) -> None:
    with pytest.raises(SignInFailure):
        await PLATFORM.sign_in(FakeServer(told() | {ME: {**OLGA, **changes}}).egress, URL, CREDENTIAL)


@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_at_the_account_signs_anybody_in(trap: Trap) -> None:
    await require_no_way_in(PLATFORM, FakeServer({ME: trap.answer}), URL, CREDENTIAL, trap)


@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_at_the_admin_fact_makes_an_admin(trap: Trap) -> None:
    try:
        person = await PLATFORM.sign_in(FakeServer(told() | {QUERY: trap.answer}).egress, URL, CREDENTIAL)
    except SignInFailure:
        return
    assert not person.is_admin


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        (
            [
                {"label": "Winter '24", "url": "/services/data/v59.0", "version": "59.0"},
                {"label": "Spring '10", "url": "/services/data/v9.0", "version": "9.0"},
            ],
            "59.0",
        ),
        ([{"url": "/elsewhere/v59.0", "version": "59.0"}], None),
        ([], None),
        ("<html>", None),
    ],
    ids=["versions", "elsewhere", "none", "page"],
)
async def test_it_is_recognised_by_the_versions_that_it_lists(answer: Any, version: str | None) -> None:
    found = await PLATFORM.fingerprint(FakeServer({}, {"/services/data/": reply(answer)}).egress, URL)
    assert (found.version if found else None) == version


async def test_rights_are_those_that_the_objects_describe() -> None:
    rights = await PLATFORM.rights(FakeServer(told()).egress, URL, CREDENTIAL, "Case")
    granted = {right.permission: right.granted for right in rights}
    assert granted == {
        "Object: Read": True,
        "Object: Create": True,
        "Object: Edit": False,
        "Case Comments: Read": True,
        "Case Comments: Create": False,
        "Files: Read": False,
        "Files: Create": False,
    }


async def test_objects_types_and_fields_are_read() -> None:
    egress = FakeServer(told()).egress
    assert [each.key for each in await PLATFORM.projects(egress, URL, CREDENTIAL)] == ["Case", "Ticket__c"]
    assert [kind.name for kind in await PLATFORM.item_types(egress, URL, CREDENTIAL, "Case")] == ["Support"]
    fields = {field.id: field for field in await PLATFORM.fields(egress, URL, CREDENTIAL, "Case")}
    assert (fields["Status"].required, fields["Status"].options) == (True, ("New",))
    assert not fields["Subject"].required
    assert fields["OwnerId"].kind is FieldKind.PERSON
    for project_id in ("Task", "Case/../User", "", "Case?x"):
        with pytest.raises(ProjectNotVisible):
            await PLATFORM.fields(egress, URL, CREDENTIAL, project_id)
