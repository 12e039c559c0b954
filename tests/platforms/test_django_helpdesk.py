"""django-helpdesk: answers that a real one gave, and each of its traps."""

from typing import Any

import pytest

from service.platforms.django_helpdesk import PLATFORM
from service.platforms.interface import Credential, FieldKind, ProjectNotVisible, SignInFailure, SignInReason
from tests.platforms.fake_server import TRAPS, FakeServer, Trap, reply, require_no_way_in

URL = "https://desk.example.com/helpdesk"
PASSWORD = Credential("password", {"login": "norma", "password": "norma-pass-1"})
API = "/helpdesk/api"
WHO, USERS, TICKETS = f"{API}/user_tickets/", f"OPTIONS {API}/users/", f"OPTIONS {API}/tickets/"
NOBODY = reply({"detail": "Authentication credentials were not provided."}, 403)
NOT_STAFF = reply({"detail": "You do not have permission to perform this action."}, 403)
STRANGERS = {WHO: NOBODY}
OWN_TICKETS: dict[str, Any] = {"count": 0, "next": None, "previous": None, "results": []}
SAYS = "Create a user account.\n\n`DjangoModelPermissions` adds that check."
NO_ADMIN = {"name": "Create User List", "description": SAYS, "renders": ["application/json"]}
ADMIN = {**NO_ADMIN, "actions": {"POST": {"username": {"type": "string", "required": True}}}}
FORM = """<form><select name="queue"><option value="1" >Alpha</option>
<option value="2">R&amp;D</option><option value="x">no id</option></select>
<select name="assigned_to"><option value="7">admin</option></select></form>"""
OFFERED = {
    "actions": {
        "POST": {
            "id": {"type": "integer", "required": False, "read_only": True, "label": "ID"},
            "queue": {"type": "field", "required": True, "read_only": False, "label": "Queue"},
            "title": {
                "type": "string",
                "required": True,
                "read_only": False,
                "label": "Title",
                "max_length": 200,
            },
            "description": {"type": "string", "required": False, "read_only": False, "label": "Description"},
            "assigned_to": {"type": "field", "required": False, "read_only": False, "label": "Assigned to"},
            "status": {
                "type": "choice",
                "required": False,
                "read_only": False,
                "label": "Status",
                "choices": [{"value": 1, "display_name": "Open"}, {"value": 2, "display_name": "Reopened"}],
            },
        }
    }
}
pytestmark = pytest.mark.anyio


def told(users: Any = ADMIN, tickets: Any = OFFERED, page: Any = None) -> dict[str, Any]:
    return {
        WHO: OWN_TICKETS,
        USERS: users,
        TICKETS: tickets,
        f"GET {API}/tickets/": page if page is not None else reply(FORM),
    }


@pytest.mark.parametrize(
    ("users", "is_admin"),
    [
        (ADMIN, True),
        (NO_ADMIN, False),
        (NOT_STAFF, False),
        ({**ADMIN, "description": ""}, False),
        ({**ADMIN, "actions": {"POST": None}}, False),
        ({**ADMIN, "actions": {"POST": []}}, False),
        ({**ADMIN, "actions": {"GET": {"username": {}}}}, False),
        ({**ADMIN, "actions": {"POST": {"title": {}}}}, False),
    ],
    ids=["admin", "agent", "customer", "before 2.4", "null", "list", "another method", "another form"],
)
async def test_who_may_make_accounts_is_an_admin(users: Any, *, is_admin: bool) -> None:
    person = await PLATFORM.sign_in(FakeServer(told(users), STRANGERS).egress, URL, PASSWORD)
    assert (person.login, person.is_admin) == ("norma", is_admin)
    assert (person.missing is None) is is_admin


async def test_an_old_one_that_lets_every_agent_make_accounts_says_to_update() -> None:
    old = {**ADMIN, "description": ""}
    person = await PLATFORM.sign_in(FakeServer(told(old), STRANGERS).egress, URL, PASSWORD)
    assert person.missing is not None
    assert "update" in person.missing


async def test_a_wrong_password_is_a_403_in_any_language_and_tried_once() -> None:
    server = FakeServer({WHO: reply({"detail": "Ungültiger Benutzername."}, 403)}, STRANGERS)
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(server.egress, URL, PASSWORD)
    assert caught.value.reason is SignInReason.WRONG_CREDENTIALS
    assert server.credentials_shown == 1


@pytest.mark.parametrize(
    "listed", [{"count": 0}, {"results": []}, {"count": True, "results": []}, {"count": None, "results": []}]
)
async def test_what_is_no_list_of_tickets_signs_nobody_in(listed: Any) -> None:
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(FakeServer({**told(), WHO: listed}, STRANGERS).egress, URL, PASSWORD)
    assert caught.value.reason is SignInReason.UNEXPECTED_ANSWER


@pytest.mark.parametrize(("login", "password"), [("", "x"), ("a:b", "x"), ("norma", ""), ("a\nb", "x")])
async def test_what_cannot_be_a_login_is_not_sent(login: str, password: str) -> None:
    server = FakeServer(told(), STRANGERS)
    with pytest.raises(SignInFailure):
        await PLATFORM.sign_in(
            server.egress, URL, Credential("password", {"login": login, "password": password})
        )
    assert not server.requests


async def test_what_lets_strangers_in_gets_no_password() -> None:
    server = FakeServer(told(), {WHO: reply(OWN_TICKETS)})
    with pytest.raises(SignInFailure):
        await PLATFORM.sign_in(server.egress, URL, PASSWORD)
    assert server.credentials_shown == 0


@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_at_the_account_signs_anybody_in(trap: Trap) -> None:
    await require_no_way_in(PLATFORM, FakeServer({WHO: trap.answer}, STRANGERS), URL, PASSWORD, trap)


@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_at_the_right_makes_an_admin(trap: Trap) -> None:
    try:
        person = await PLATFORM.sign_in(FakeServer(told(trap.answer), STRANGERS).egress, URL, PASSWORD)
    except SignInFailure:
        return
    assert not person.is_admin


PARTS = dict.fromkeys(("tickets", "user_tickets", "followups", "followups-attachments", "users"), "x")


@pytest.mark.parametrize(
    ("answers", "is_one"),
    [
        ({f"{API}/": reply(PARTS)}, True),
        (
            {f"{API}/": NOBODY, "/helpdesk/login/": reply('<meta content="Django Helpdesk Team" />')},
            True,
        ),
        ({f"{API}/": reply({"tickets": "x", "users": "x"})}, False),
        ({f"{API}/": NOBODY}, False),
    ],
    ids=["its parts", "its sign-in page", "another API", "a refusal alone"],
)
async def test_it_is_recognised_by_what_strangers_see(answers: dict[str, Any], *, is_one: bool) -> None:
    found = await PLATFORM.fingerprint(FakeServer({}, answers).egress, URL)
    assert (found is not None) is is_one


async def test_queues_are_those_of_the_form_and_fields_those_that_a_ticket_takes() -> None:
    egress = FakeServer(told(NO_ADMIN)).egress
    queues = await PLATFORM.projects(egress, URL, PASSWORD)
    assert [(queue.id, queue.name) for queue in queues] == [("1", "Alpha"), ("2", "R&D")]
    assert [kind.id for kind in await PLATFORM.item_types(egress, URL, PASSWORD, "1")] == ["ticket"]
    fields = {field.id: field for field in await PLATFORM.fields(egress, URL, PASSWORD, "1")}
    assert {name: field.kind for name, field in fields.items()} == {
        "title": FieldKind.LINE,
        "description": FieldKind.TEXT,
        "assigned_to": FieldKind.PERSON,
        "status": FieldKind.CHOICE,
    }
    assert fields["title"].required
    assert fields["status"].options == ("Open", "Reopened")
    with pytest.raises(ProjectNotVisible):
        await PLATFORM.fields(egress, URL, PASSWORD, "7")


async def test_without_forms_the_queues_of_the_tickets_are_told_by_number() -> None:
    tickets = reply({"count": 2, "results": [{"id": 1, "queue": 2}, {"id": 2, "queue": 1}, {"id": 3}]})
    egress = FakeServer(told(NO_ADMIN, page=tickets)).egress
    queues = await PLATFORM.projects(egress, URL, PASSWORD)
    assert [(queue.id, queue.name) for queue in queues] == [("1", "Queue 1"), ("2", "Queue 2")]


@pytest.mark.parametrize(
    ("tickets", "project_id", "granted"),
    [(OFFERED, None, True), (OFFERED, "1", True), (OFFERED, "9", False), (NOT_STAFF, None, False)],
    ids=["staff", "in its queue", "in another queue", "customer"],
)
async def test_staff_may_do_everything_in_their_queues(
    tickets: Any, project_id: str | None, *, granted: bool
) -> None:
    egress = FakeServer(told(NO_ADMIN, tickets)).egress
    rights = await PLATFORM.rights(egress, URL, PASSWORD, project_id)
    assert {right.granted for right in rights} == {granted}
