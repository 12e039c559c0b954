"""Request Tracker: answers that a real one gave, and each of its traps."""

from typing import Any

import httpx
import pytest

from service.platforms.interface import Credential, ProjectNotVisible, SignInFailure
from service.platforms.request_tracker import PLATFORM
from tests.platforms.fake_server import TRAPS, FakeServer, Trap, reply, require_no_way_in

URL = "https://rt.example.com/rt"
PASSWORD = Credential("password", {"login": "norma", "password": "norma-pass-1"})
TOKEN = Credential("token", {"token": "1-14-" + "a" * 32})
API = "/rt/REST/2.0"
PLAIN, SUPER = {"Version": "5.0.3+dfsg-3~deb12u6"}, {"Version": "5.0.3+dfsg-3~deb12u6", "Plugins": []}
NORMA = {"id": 27, "Name": "norma", "RealName": "Norma User", "Disabled": "0", "Privileged": 1}
QUEUE = {
    "id": 3,
    "Name": "Alpha",
    "_hyperlinks": [{"ref": "self", "id": 3}, {"ref": "create", "type": "ticket"}],
    "TicketCustomFields": [{"id": "2", "name": "Severity", "type": "customfield"}],
}
LISTED = {
    "items": [{"type": "queue", "id": "3", "Name": "Alpha", "Description": "Alpha queue"}],
    "total": None,
}
BANNER = "RT/5.0.3+dfsg-3~deb12u6 401 Credentials required\n"


def told(about: Any = PLAIN) -> dict[str, Any]:
    return {
        f"{API}/rt": about,
        f"{API}/user/norma": NORMA,
        f"{API}/queues/all": LISTED,
        f"{API}/queue/3": QUEUE,
        f"{API}/customfield/2": {
            "Type": "Select",
            "MaxValues": "1",
            "Name": "Severity",
            "Values": ["Low", "High"],
        },
    }


pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("credential", [PASSWORD, TOKEN], ids=["password", "token"])
@pytest.mark.parametrize(("about", "is_admin"), [(SUPER, True), (PLAIN, False)], ids=["superuser", "user"])
async def test_who_is_told_the_plugins_is_a_superuser(
    credential: Credential, about: Any, *, is_admin: bool
) -> None:
    person = await PLATFORM.sign_in(FakeServer(told(about)).egress, URL, credential)
    assert person.is_admin is is_admin
    assert (person.missing is None) is is_admin


async def test_a_token_is_nobody_but_itself() -> None:
    """No call says whose it is, so two tokens are two accounts, and a login beside one is not believed."""
    other = Credential("token", {"token": "1-14-" + "b" * 32, "login": "root"})
    egress = FakeServer(told(SUPER)).egress
    first, second = [await PLATFORM.sign_in(egress, URL, credential) for credential in (TOKEN, other)]
    assert first.account_id != second.account_id
    assert "root" not in second.login


@pytest.mark.parametrize("plugins", [None, "x", {}, True], ids=repr)
async def test_plugins_of_another_shape_are_no(plugins: Any) -> None:
    about = {**PLAIN, "Plugins": plugins}
    assert not (await PLATFORM.sign_in(FakeServer(told(about)).egress, URL, PASSWORD)).is_admin


@pytest.mark.parametrize(
    "user",
    [{**NORMA, "Name": "root"}, {**NORMA, "Disabled": "1"}, {**NORMA, "id": None}, {"Name": "norma"}],
    ids=["another one", "disabled", "no id", "as others see it"],
)
async def test_a_login_has_to_have_its_own_record(user: Any) -> None:
    with pytest.raises(SignInFailure):
        await PLATFORM.sign_in(FakeServer(told(SUPER) | {f"{API}/user/norma": user}).egress, URL, PASSWORD)


@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_at_the_account_signs_anybody_in(trap: Trap) -> None:
    await require_no_way_in(PLATFORM, FakeServer({f"{API}/rt": trap.answer}), URL, PASSWORD, trap)


@pytest.mark.parametrize("login", ["", "a:b", "../rt", "norma/x"])
async def test_what_can_be_no_login_is_not_sent(login: str) -> None:
    server = FakeServer(told(SUPER))
    with pytest.raises(SignInFailure):
        await PLATFORM.sign_in(server.egress, URL, Credential("password", {"login": login, "password": "x"}))
    assert not server.requests


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        (httpx.Response(200, text=BANNER), "5.0.3+dfsg-3~deb12u6"),
        (httpx.Response(401, text=BANNER), "5.0.3+dfsg-3~deb12u6"),
        (httpx.Response(200, text="RT 401"), None),
        (httpx.Response(302, text=BANNER), None),
        (reply({}), None),
    ],
    ids=["as it says", "with a status", "another text", "redirect", "JSON"],
)
async def test_it_is_recognised_by_its_banner(answer: httpx.Response, version: str | None) -> None:
    found = await PLATFORM.fingerprint(FakeServer({}, {"/rt/REST/1.0/": answer}).egress, URL)
    assert (found.version if found else None) == version


async def test_rights_can_be_told_for_a_superuser_and_in_part_for_others() -> None:
    rights = await PLATFORM.rights(FakeServer(told(SUPER)).egress, URL, PASSWORD, "3")
    assert all(right.granted for right in rights)
    rights = await PLATFORM.rights(FakeServer(told()).egress, URL, PASSWORD, "3")
    assert {right.permission: right.granted for right in rights} == {
        "ShowTicket": None,
        "CreateTicket": True,
        "ModifyTicket": None,
        "ReplyToTicket": None,
    }
    rights = await PLATFORM.rights(FakeServer(told()).egress, URL, PASSWORD)
    assert {right.granted for right in rights} == {None}


async def test_no_rights_look_like_an_empty_list() -> None:
    empty: dict[str, Any] = {"items": [], "total": None, "pages": None, "count": 0}
    assert (
        await PLATFORM.projects(FakeServer(told() | {f"{API}/queues/all": empty}).egress, URL, PASSWORD) == ()
    )


async def test_queues_types_and_fields_are_read() -> None:
    egress = FakeServer(told()).egress
    assert [project.key for project in await PLATFORM.projects(egress, URL, PASSWORD)] == ["Alpha"]
    assert [kind.id for kind in await PLATFORM.item_types(egress, URL, PASSWORD, "3")] == ["ticket"]
    fields = {field.id: field for field in await PLATFORM.fields(egress, URL, PASSWORD, "3")}
    assert fields["Subject"].required
    assert fields["CF.2"].options == ("Low", "High")
    for project_id in ("4", "Alpha", "../rt", "0"):
        with pytest.raises(ProjectNotVisible):
            await PLATFORM.fields(egress, URL, PASSWORD, project_id)
