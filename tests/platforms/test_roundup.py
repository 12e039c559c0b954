"""Roundup: answers that a real one gave, and each of its traps."""

from typing import Any

import httpx
import pytest

from service.platforms.interface import Credential, ProjectNotVisible, SignInFailure, SignInReason
from service.platforms.roundup import PLATFORM
from tests.platforms.fake_server import TRAPS, FakeServer, Trap, reply, require_no_way_in

URL = "https://bugs.example.com/support"
PASSWORD = Credential("password", {"login": "norma", "password": "norma-pass-1"})
USERS, DATA = "/support/rest/data/user", "/support/rest/data"
FORBIDDEN = reply({"error": {"status": 403, "msg": "Forbidden."}}, 403)
NORMA = {"id": "3", "username": "norma", "realname": "Norma User", "roles": "User"}
CLASSES = {name: {"link": "x"} for name in ("issue", "msg", "file", "user", "status", "priority")}


def of(*users: Any) -> dict[str, Any]:
    return {"data": {"collection": list(users), "@total_size": len(users)}}


def told(*users: Any) -> dict[str, Any]:
    names = {"data": {"collection": [{"id": "1", "name": "open"}, {"id": "2", "name": "done"}]}}
    return {
        USERS: of(*(users or (NORMA,))),
        DATA: {"data": CLASSES},
        f"{DATA}/status": names,
        f"{DATA}/priority": names,
    }


STRANGERS = {USERS: FORBIDDEN}
pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("roles", "is_admin"), [("Admin", True), ("User, admin", True), ("User", False), ("Administrator", False)]
)
async def test_the_role_admin_is_an_admin(roles: str, *, is_admin: bool) -> None:
    person = await PLATFORM.sign_in(
        FakeServer(told({**NORMA, "roles": roles}), STRANGERS).egress, URL, PASSWORD
    )
    assert (person.login, person.is_admin) == ("norma", is_admin)


async def test_a_public_tracker_shows_strangers_no_roles() -> None:
    public = {USERS: of({"id": "3", "username": "norma"})}
    assert (await PLATFORM.sign_in(FakeServer(told(), public).egress, URL, PASSWORD)).login == "norma"


async def test_what_shows_roles_to_anybody_proves_nothing_and_gets_no_password() -> None:
    server = FakeServer(told(), {USERS: of({**NORMA, "roles": "Admin"})})
    with pytest.raises(SignInFailure):
        await PLATFORM.sign_in(server.egress, URL, PASSWORD)
    assert server.credentials_shown == 0


@pytest.mark.parametrize(
    "users",
    [
        [{**NORMA, "username": "norman"}],
        [{**NORMA, "roles": ""}],
        [{**NORMA, "roles": None}],
        [{**NORMA, "id": ""}],
        [NORMA, NORMA],
        [{"id": "3", "username": "norma"}],
    ],
    ids=["a longer name", "no roles", "null", "no id", "two", "as others see it"],
)
async def test_a_login_has_to_have_its_own_record(users: Any) -> None:
    """Roundup's filter finds names that only contain what was asked for."""
    with pytest.raises(SignInFailure):
        await PLATFORM.sign_in(FakeServer(told(*users), STRANGERS).egress, URL, PASSWORD)


async def test_a_wrong_password_is_a_plain_text_and_tried_once() -> None:
    server = FakeServer({USERS: httpx.Response(401, text="Invalid Login - Invalid login")}, STRANGERS)
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(server.egress, URL, PASSWORD)
    assert caught.value.reason is SignInReason.WRONG_CREDENTIALS
    assert server.credentials_shown == 1


async def test_a_lock_out_says_for_how_long() -> None:
    wait = httpx.Response(429, text="Logins occurring too fast.", headers={"Retry-After": "150"})
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(FakeServer({USERS: wait}, STRANGERS).egress, URL, PASSWORD)
    assert (caught.value.reason, caught.value.retry_after) == (SignInReason.RATE_LIMITED, 150)


@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_at_the_account_signs_anybody_in(trap: Trap) -> None:
    await require_no_way_in(PLATFORM, FakeServer({USERS: trap.answer}, STRANGERS), URL, PASSWORD, trap)


@pytest.mark.parametrize(
    ("answer", "is_one"),
    [
        (FORBIDDEN, True),
        (reply({"data": {"default_version": 1, "supported_versions": [1], "links": []}}), True),
        (reply({"error": {"status": 403, "msg": "no"}}, 403), False),
        (reply({"data": {"default_version": 2}}), False),
        (reply("<html>", 403), False),
    ],
    ids=["closed", "open", "another refusal", "another version", "page"],
)
async def test_it_is_recognised_by_what_strangers_see(answer: Any, *, is_one: bool) -> None:
    found = await PLATFORM.fingerprint(FakeServer({}, {"/support/rest/": answer}).egress, URL)
    assert (found is not None) is is_one


async def test_rights_can_be_told_for_an_admin_only() -> None:
    for roles, expected in (("Admin", True), ("User", None)):
        egress = FakeServer(told({**NORMA, "roles": roles})).egress
        assert {right.granted for right in await PLATFORM.rights(egress, URL, PASSWORD)} == {expected}


async def test_the_tracker_its_issue_and_its_fields_are_read() -> None:
    egress = FakeServer(told()).egress
    assert [project.id for project in await PLATFORM.projects(egress, URL, PASSWORD)] == ["issue"]
    assert [kind.id for kind in await PLATFORM.item_types(egress, URL, PASSWORD, "issue")] == ["issue"]
    fields = {field.id: field for field in await PLATFORM.fields(egress, URL, PASSWORD, "issue")}
    assert fields["title"].required
    assert fields["status"].options == ("open", "done")
    with pytest.raises(ProjectNotVisible):
        await PLATFORM.fields(egress, URL, PASSWORD, "user")
