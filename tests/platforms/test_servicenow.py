"""ServiceNow: answers made by hand from its documents, and each of its traps."""

from typing import Any

import pytest

from service.platforms.interface import Credential, FieldKind, ProjectNotVisible, SignInFailure, SignInReason
from service.platforms.servicenow import PLATFORM
from tests.platforms.fake_server import NOT_FOUND, TRAPS, FakeServer, Trap, reply, require_no_way_in

URL = "https://acme.service-now.com"
PASSWORD = Credential("password", {"login": "olga", "password": "olga-pass-1"})
BY_OAUTH = Credential("oauth", {"access_token": "a" * 64})
ME = "6816f79cc0a8016401c5a33be04be441"
TABLE = "/api/now/table"
USERS, ROLES = f"{TABLE}/sys_user", f"{TABLE}/sys_user_has_role"
REFUSAL = reply(
    {"error": {"message": "User is not authenticated", "detail": "Required to provide Auth information"}},
    401,
    {"WWW-Authenticate": 'BASIC realm="Service-now"'},
)
OLGA = {"sys_id": ME, "user_name": "olga", "name": "Olga", "active": "true"}


def role(name: str, user: str = ME, state: str = "active") -> dict[str, Any]:
    return {"user": {"link": "https://x", "value": user}, "role.name": name, "state": state}


def told(*roles: Any, user: Any = None) -> dict[str, Any]:
    return {
        USERS: {"result": [user or OLGA]},
        ROLES: {"result": list(roles)},
        f"{TABLE}/sys_db_object": {"result": [{"name": "incident", "label": "Incident"}]},
        f"{TABLE}/sys_dictionary": {
            "result": [
                {
                    "element": "short_description",
                    "column_label": "Short description",
                    "internal_type": {"value": "string"},
                    "mandatory": "true",
                },
                {
                    "element": "state",
                    "column_label": "State",
                    "internal_type": "integer",
                    "mandatory": "false",
                },
            ]
        },
        f"{TABLE}/sys_choice": {
            "result": [{"element": "state", "label": "New"}, {"element": "state", "label": "Closed"}]
        },
    }


STRANGERS = {USERS: REFUSAL}
pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("credential", [PASSWORD, BY_OAUTH], ids=["password", "oauth"])
async def test_the_role_admin_is_an_admin(credential: Credential) -> None:
    person = await PLATFORM.sign_in(FakeServer(told(role("admin")), STRANGERS).egress, URL, credential)
    assert (person.account_id, person.login, person.is_admin) == (ME, "olga", True)


@pytest.mark.parametrize(
    "roles",
    [[], [role("itil")], [role("admin", user="b" * 32)], [role("admin", state="inactive")], ["admin"], [{}]],
    ids=["an empty list", "itil", "somebody else's", "not active", "text", "nothing in it"],
)
async def test_nothing_but_ones_own_active_role_proves_an_admin(roles: Any) -> None:
    person = await PLATFORM.sign_in(FakeServer(told(*roles), STRANGERS).egress, URL, PASSWORD)
    assert not person.is_admin
    assert "Roles → admin" in str(person.missing)


async def test_roles_that_may_not_be_read_prove_nothing() -> None:
    for answer in (
        reply({"error": {"message": "Insufficient rights"}}, 403),
        NOT_FOUND,
        reply({"result": None}),
    ):
        person = await PLATFORM.sign_in(FakeServer(told() | {ROLES: answer}, STRANGERS).egress, URL, PASSWORD)
        assert not person.is_admin


@pytest.mark.parametrize(
    "user",
    [
        {**OLGA, "active": "false"},
        {**OLGA, "user_name": "guest"},
        {**OLGA, "user_name": "other"},
        {**OLGA, "sys_id": "me"},
        {**OLGA, "active": True},
    ],
    ids=["not active", "guest", "another account", "odd id", "a flag of another shape"],
)
async def test_who_is_no_account_is_not_signed_in(user: Any) -> None:
    with pytest.raises(SignInFailure):
        await PLATFORM.sign_in(FakeServer(told(role("admin"), user=user), STRANGERS).egress, URL, PASSWORD)


async def test_two_records_are_no_account() -> None:
    answers = told(role("admin")) | {USERS: {"result": [OLGA, OLGA]}}
    with pytest.raises(SignInFailure):
        await PLATFORM.sign_in(FakeServer(answers, STRANGERS).egress, URL, PASSWORD)


@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_at_the_account_signs_anybody_in(trap: Trap) -> None:
    await require_no_way_in(PLATFORM, FakeServer({USERS: trap.answer}, STRANGERS), URL, PASSWORD, trap)


@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_at_the_admin_fact_makes_an_admin(trap: Trap) -> None:
    try:
        person = await PLATFORM.sign_in(
            FakeServer(told() | {ROLES: trap.answer}, STRANGERS).egress, URL, PASSWORD
        )
    except SignInFailure:
        return
    assert not person.is_admin


async def test_a_proxy_that_asks_for_a_login_of_its_own_is_named() -> None:
    proxy = reply("<html>", 401, {"WWW-Authenticate": 'Basic realm="Corporate proxy"'})
    server = FakeServer({USERS: proxy}, STRANGERS)
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(server.egress, URL, PASSWORD)
    assert caught.value.reason is SignInReason.UNEXPECTED_ANSWER
    assert server.credentials_shown == 1


@pytest.mark.parametrize(
    ("answer", "is_one"),
    [
        (REFUSAL, True),
        (reply({"error": {"message": "User is not authenticated"}}, 401), False),
        (reply({"result": []}), False),
        (reply("<html>", 401, {"WWW-Authenticate": 'Basic realm="Service-now"'}), False),
    ],
    ids=["its refusal", "without its realm", "an open list", "a page"],
)
async def test_it_is_recognised_by_its_refusal(answer: Any, *, is_one: bool) -> None:
    found = await PLATFORM.fingerprint(FakeServer({}, {USERS: answer}).egress, URL)
    assert (found is not None) is is_one


async def test_rights_follow_from_itil_or_cannot_be_told() -> None:
    for roles, expected in ((("itil",), True), (("admin",), True), ((), None)):
        egress = FakeServer(told(*(role(name) for name in roles))).egress
        rights = await PLATFORM.rights(egress, URL, PASSWORD, "incident")
        assert {right.granted for right in rights} == {expected}


async def test_tables_types_and_fields_are_read() -> None:
    egress = FakeServer(told()).egress
    assert [project.key for project in await PLATFORM.projects(egress, URL, PASSWORD)] == ["incident"]
    assert [kind.name for kind in await PLATFORM.item_types(egress, URL, PASSWORD, "incident")] == [
        "Incident"
    ]
    fields = {field.id: field for field in await PLATFORM.fields(egress, URL, PASSWORD, "incident")}
    assert fields["short_description"].required
    assert (fields["state"].options, fields["state"].kind) == (("New", "Closed"), FieldKind.CHOICE)
    for project_id in ("problem", "incident^ORname=sys_user", "../x", ""):
        with pytest.raises(ProjectNotVisible):
            await PLATFORM.fields(egress, URL, PASSWORD, project_id)
