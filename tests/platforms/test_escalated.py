"""Escalated: answers that a real one gave, and each of its traps."""

from typing import Any

import pytest

from service.platforms.escalated import PLATFORM
from service.platforms.interface import Credential, ProjectNotVisible, SignInFailure, SignInReason
from tests.platforms.fake_server import TRAPS, FakeServer, Trap, reply, require_no_way_in

URL = "https://desk.example.com/support"
TOKEN = Credential("token", {"token": "b" * 40})
API = "/support/api/v1"
WHO = f"POST {API}/auth/validate/"
ADMIN = {
    "user": {"id": 1, "name": "", "email": "admin@example.test"},
    "abilities": ["*"],
    "is_agent": False,
    "is_admin": True,
    "token_name": "api",
    "expires_at": None,
}
NORMA = {
    "user": {"id": 2, "name": "Norma User", "email": "norma@example.test"},
    "abilities": ["agent"],
    "is_agent": True,
    "is_admin": False,
    "token_name": "api",
    "expires_at": None,
}
UNAUTHENTICATED = reply({"message": "Unauthenticated."}, 401)
STRANGERS = {WHO: UNAUTHENTICATED}
DEPARTMENTS = {"data": [{"id": 1, "name": "Alpha", "description": "", "is_active": True}]}
pytestmark = pytest.mark.anyio


def told(about: Any) -> dict[str, Any]:
    return {
        WHO: about,
        f"{API}/departments/": DEPARTMENTS,
        f"{API}/tags/": {"data": [{"id": 1, "name": "urgent", "color": "#f00"}]},
    }


@pytest.mark.parametrize(
    ("about", "login", "name", "is_admin"),
    [
        (ADMIN, "admin@example.test", "admin@example.test", True),
        ({**ADMIN, "abilities": ["agent", "admin"]}, "admin@example.test", "admin@example.test", True),
        (NORMA, "norma@example.test", "Norma User", False),
        ({**NORMA, "abilities": ["*"]}, "norma@example.test", "Norma User", False),
    ],
    ids=["admin", "admin by ability", "agent", "agent with every ability"],
)
async def test_the_owner_of_the_token_signs_in(about: Any, login: str, name: str, *, is_admin: bool) -> None:
    person = await PLATFORM.sign_in(FakeServer(told(about), STRANGERS).egress, URL, TOKEN)
    assert (person.login, person.display_name, person.is_admin) == (login, name, is_admin)
    assert (person.missing is None) is is_admin


@pytest.mark.parametrize(
    "change",
    [
        {"is_admin": None},
        {"is_admin": "true"},
        {"is_admin": 1},
        {"is_agent": True, "is_admin": False},
        {"abilities": []},
        {"abilities": ["agent"]},
        {"abilities": ["administer"]},
        {"abilities": [["*"]]},
    ],
    ids=str,
)
async def test_less_than_the_positive_fact_is_no_admin(change: dict[str, Any]) -> None:
    person = await PLATFORM.sign_in(FakeServer(told({**ADMIN, **change}), STRANGERS).egress, URL, TOKEN)
    assert not person.is_admin


async def test_a_narrowed_token_of_an_admin_reads_how_to_make_a_wider_one() -> None:
    narrowed = {**ADMIN, "abilities": ["agent"]}
    person = await PLATFORM.sign_in(FakeServer(told(narrowed), STRANGERS).egress, URL, TOKEN)
    assert person.missing is not None
    assert "Admin → API tokens" in person.missing


@pytest.mark.parametrize(
    "change",
    [{"user": None}, {"user": {"id": None}}, {"user": {"id": 0}}, {"user": {"id": "1"}}, {"abilities": None}],
    ids=str,
)
async def test_an_answer_without_an_account_signs_nobody_in(change: dict[str, Any]) -> None:
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(FakeServer(told({**ADMIN, **change}), STRANGERS).egress, URL, TOKEN)
    assert caught.value.reason is SignInReason.UNEXPECTED_ANSWER


@pytest.mark.parametrize("said", ["Invalid token.", "Token has expired.", "Token owner not found."])
async def test_a_refused_token_is_shown_once(said: str) -> None:
    server = FakeServer({WHO: reply({"message": said}, 401)}, STRANGERS)
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(server.egress, URL, TOKEN)
    assert caught.value.reason is SignInReason.WRONG_CREDENTIALS
    assert server.credentials_shown == 1


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "ü" * 8, "x" * 513])
async def test_what_cannot_be_a_token_is_not_sent(token: str) -> None:
    server = FakeServer(told(ADMIN), STRANGERS)
    with pytest.raises(SignInFailure):
        await PLATFORM.sign_in(server.egress, URL, Credential("token", {"token": token}))
    assert not server.requests


async def test_what_names_an_account_to_anybody_gets_no_token() -> None:
    server = FakeServer(told(ADMIN), {WHO: reply(ADMIN)})
    with pytest.raises(SignInFailure):
        await PLATFORM.sign_in(server.egress, URL, TOKEN)
    assert server.credentials_shown == 0


async def test_too_many_calls_say_for_how_long_and_keep_the_token_here() -> None:
    """The limit counts strangers by address, so it may be spent before the token is shown."""
    wait = reply({"message": "Too many requests.", "retry_after": 60}, 429, {"Retry-After": "60"})
    server = FakeServer(told(ADMIN), {WHO: wait})
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(server.egress, URL, TOKEN)
    assert (caught.value.reason, caught.value.retry_after) == (SignInReason.RATE_LIMITED, 60)
    assert server.credentials_shown == 0


@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_at_the_account_signs_anybody_in(trap: Trap) -> None:
    await require_no_way_in(PLATFORM, FakeServer({WHO: trap.answer}, STRANGERS), URL, TOKEN, trap)


@pytest.mark.parametrize(
    ("url", "answers", "found"),
    [
        (URL, {"/support/api/v1/auth/validate/": UNAUTHENTICATED}, URL),
        ("https://desk.example.com/", {"/support/api/v1/auth/validate/": UNAUTHENTICATED}, URL),
        ("https://desk.example.com", {"/api/v1/auth/validate/": UNAUTHENTICATED}, "https://desk.example.com"),
        (URL, {"/support/api/v1/auth/validate/": reply({"message": "Unauthorized"}, 401)}, None),
        (URL, {"/support/api/v1/auth/validate/": reply({"message": "Unauthenticated."})}, None),
        (URL, {"/support/api/v1/auth/validate/": reply("<html>", 401)}, None),
    ],
    ids=["folder", "host", "root", "other words", "200", "page"],
)
async def test_it_is_recognised_by_how_it_turns_strangers_away(
    url: str, answers: dict[str, Any], found: str | None
) -> None:
    fingerprint = await PLATFORM.fingerprint(FakeServer({}, answers).egress, url)
    assert (fingerprint and fingerprint.base_url) == found


@pytest.mark.parametrize(
    ("about", "granted"),
    [
        (ADMIN, {"agent": True, "files": False}),
        (NORMA, {"agent": True, "files": False}),
        ({**NORMA, "is_agent": False}, {"agent": None, "files": None}),
        ({**NORMA, "abilities": ["tickets:read"]}, {"agent": None, "files": None}),
    ],
    ids=["admin", "agent", "customer", "narrow token"],
)
async def test_rights_are_told_for_agents_and_files_for_nobody(
    about: Any, granted: dict[str, bool | None]
) -> None:
    rights = await PLATFORM.rights(FakeServer(told(about)).egress, URL, TOKEN, "1")
    assert {right.permission: right.granted for right in rights} == granted


async def test_a_department_its_ticket_and_its_fields_are_read() -> None:
    egress = FakeServer(told(NORMA)).egress
    assert [(each.id, each.name) for each in await PLATFORM.projects(egress, URL, TOKEN)] == [("1", "Alpha")]
    assert [each.id for each in await PLATFORM.item_types(egress, URL, TOKEN, "1")] == ["ticket"]
    fields = {field.id: field for field in await PLATFORM.fields(egress, URL, TOKEN, "1")}
    assert fields["subject"].required
    assert fields["description"].required
    assert "waiting_on_agent" in fields["status"].options
    assert fields["tags"].options == ("urgent",)


@pytest.mark.parametrize("project_id", ["2", "", "../tags", "None"])
async def test_another_department_is_not_visible(project_id: str) -> None:
    egress = FakeServer(told(NORMA)).egress
    with pytest.raises(ProjectNotVisible):
        await PLATFORM.fields(egress, URL, TOKEN, project_id)
    assert not any(right.granted for right in await PLATFORM.rights(egress, URL, TOKEN, project_id))
