"""Zendesk: answers made by hand from its documents, and each of its traps."""

from typing import Any

import pytest

from service.platforms.interface import Credential, FieldKind, ProjectNotVisible, SignInFailure
from service.platforms.zendesk import PLATFORM
from tests.platforms.fake_server import TRAPS, FakeServer, Trap, reply, require_no_way_in

URL = "https://acme.zendesk.com"
TOKEN = Credential("api_token", {"email": "olga@example.com", "token": "a" * 40})
BY_OAUTH = Credential("oauth", {"access_token": "a" * 64})
ADMIN = {
    "id": 7,
    "name": "Olga",
    "email": "olga@example.com",
    "role": "admin",
    "active": True,
    "suspended": False,
}
NOBODY = {"user": {"id": None, "name": "Anonymous user", "email": "invalid@example.com", "role": "end-user"}}
ME, GROUP = "/api/v2/users/me.json", "/api/v2/groups/3.json"
FIELDS = [
    {"id": 1, "type": "subject", "title": "Subject", "required": True, "active": True},
    {
        "id": 2,
        "type": "tagger",
        "title": "Product",
        "required": False,
        "active": True,
        "custom_field_options": [{"name": "Web shop", "value": "web_shop"}],
    },
    {"id": 3, "type": "text", "title": "Old", "active": False},
]
TOLD: dict[str, Any] = {
    ME: {"user": ADMIN},
    GROUP: {"group": {"id": 3, "name": "Support"}},
    "/api/v2/groups.json": {
        "groups": [{"id": 3, "name": "Support"}, {"id": 4, "name": "Old", "deleted": True}]
    },
    "/api/v2/ticket_fields.json": {"ticket_fields": FIELDS},
}
ANONYMOUS = {ME: NOBODY}
pytestmark = pytest.mark.anyio


def told(**changes: Any) -> dict[str, Any]:
    return TOLD | {ME: {"user": {**ADMIN, **changes}}}


@pytest.mark.parametrize("credential", [TOKEN, BY_OAUTH], ids=["token", "oauth"])
async def test_the_role_admin_is_an_admin(credential: Credential) -> None:
    """Strangers get a 200 as well: it names nobody."""
    person = await PLATFORM.sign_in(FakeServer(TOLD, ANONYMOUS).egress, URL, credential)
    assert (person.account_id, person.login, person.is_admin) == ("7", "olga@example.com", True)


@pytest.mark.parametrize("role", ["agent", "end-user", "Admin ", "administrator"])
async def test_any_other_role_is_none(role: str) -> None:
    person = await PLATFORM.sign_in(FakeServer(told(role=role), ANONYMOUS).egress, URL, TOKEN)
    assert not person.is_admin
    assert "Role: Admin" in str(person.missing)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": 0},
        {"id": "7"},
        {"role": None},
        {"role": ["admin"]},
        {"active": False},
        {"suspended": True},
    ],
    ids=str,
)
async def test_who_is_no_account_is_not_signed_in(changes: dict[str, Any]) -> None:
    with pytest.raises(SignInFailure):
        await PLATFORM.sign_in(FakeServer(told(**changes), ANONYMOUS).egress, URL, TOKEN)


async def test_the_anonymous_user_is_nobody() -> None:
    """Bad credentials may come back as a 200 for the anonymous user."""
    with pytest.raises(SignInFailure):
        await PLATFORM.sign_in(FakeServer(ANONYMOUS, ANONYMOUS).egress, URL, TOKEN)


@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_at_the_account_signs_anybody_in(trap: Trap) -> None:
    await require_no_way_in(PLATFORM, FakeServer({ME: trap.answer}, ANONYMOUS), URL, TOKEN, trap)


@pytest.mark.parametrize("email", ["olga", "olga@example.com/token", "o lga@example.com", ""])
async def test_what_can_be_no_credential_is_not_sent(email: str) -> None:
    server = FakeServer(TOLD)
    with pytest.raises(SignInFailure):
        await PLATFORM.sign_in(
            server.egress, URL, Credential("api_token", {"email": email, "token": "x" * 9})
        )
    assert not server.requests


@pytest.mark.parametrize(
    ("answer", "is_one"),
    [
        (reply(NOBODY), True),
        (reply({"error": "Couldn't authenticate you"}, 401), True),
        (reply({"user": {"id": 1, "name": "Anonymous user"}}), False),
        (reply({"error": "Unauthorized"}, 401), False),
        (reply("<html>"), False),
        (reply([]), False),
    ],
    ids=["anonymous", "refusal", "somebody", "another refusal", "page", "list"],
)
async def test_it_is_recognised_by_what_strangers_see(answer: Any, *, is_one: bool) -> None:
    found = await PLATFORM.fingerprint(FakeServer({}, {ME: answer}).egress, URL + "/")
    assert (found is not None) is is_one


CUSTOM = "/api/v2/custom_roles/9.json"


@pytest.mark.parametrize(
    ("changes", "role", "granted"),
    [
        ({}, None, {"ticket_access": True, "ticket_editing": True, "ticket_comment_access": True}),
        (
            {"role": "end-user"},
            None,
            {"ticket_access": False, "ticket_editing": False, "ticket_comment_access": False},
        ),
        (
            {"role": "agent", "custom_role_id": 9},
            {"ticket_editing": False, "ticket_comment_access": "none"},
            {"ticket_access": True, "ticket_editing": False, "ticket_comment_access": False},
        ),
        (
            {"role": "agent", "custom_role_id": 9},
            None,
            {"ticket_access": None, "ticket_editing": None, "ticket_comment_access": None},
        ),
    ],
    ids=["admin", "end-user", "light agent", "a role that may not be read"],
)
async def test_rights_are_those_of_the_role(changes: Any, role: Any, granted: Any) -> None:
    answers = told(**changes) | ({CUSTOM: {"custom_role": {"configuration": role}}} if role else {})
    rights = await PLATFORM.rights(FakeServer(answers).egress, URL, TOKEN, "3")
    assert {right.permission: right.granted for right in rights} == granted


async def test_groups_types_and_fields_are_read() -> None:
    egress = FakeServer(TOLD).egress
    assert [project.name for project in await PLATFORM.projects(egress, URL, TOKEN)] == ["Support"]
    assert "incident" in [kind.id for kind in await PLATFORM.item_types(egress, URL, TOKEN, "3")]
    fields = {field.name: field for field in await PLATFORM.fields(egress, URL, TOKEN, "3")}
    assert set(fields) == {"Subject", "Product"}
    assert (fields["Product"].options, fields["Product"].kind) == (("web_shop",), FieldKind.CHOICE)
    for project_id in ("4", "x", "../users/me", "\uff13"):
        with pytest.raises(ProjectNotVisible):
            await PLATFORM.fields(egress, URL, TOKEN, project_id)
