"""The worked example of docs/platforms/adding.md, proved as every adapter is."""

from typing import Any

import pytest

from service.platforms.interface import Credential, Field, FieldKind, ItemType, Project, ProjectNotVisible
from tests.platforms.fake_server import TRAPS, FakeServer, Trap, require_no_way_in
from tests.platforms.worked_example import PLATFORM

URL = "https://acme.tomorrow.example"
OWNER = Credential("token", {"token": "o" * 40})
ME: dict[str, Any] = {"id": 7, "login": "olga", "name": "Olga", "role": "owner", "rights": ["read", "write"]}
WEB = {
    "key": "WEB",
    "name": "Website",
    "types": ["Bug"],
    "fields": [{"id": "t", "name": "Title", "type": "string"}],
}
ANSWERS: dict[str, Any] = {
    "/api/me": ME,
    "/api/projects": {"projects": [WEB]},
    "/api/projects/WEB": WEB,
}

pytestmark = pytest.mark.anyio


async def test_an_owner_is_an_admin_and_nobody_else() -> None:
    assert (await PLATFORM.sign_in(FakeServer(ANSWERS).egress, URL, OWNER)).is_admin
    for role in ("member", "Owner", None, True, ["owner"]):
        member = FakeServer(ANSWERS | {"/api/me": {**ME, "role": role}})
        person = await PLATFORM.sign_in(member.egress, URL, OWNER)
        assert not person.is_admin
        assert person.missing is not None
        assert "Settings → Members" in person.missing


@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_signs_anybody_in(trap: Trap) -> None:
    await require_no_way_in(PLATFORM, FakeServer(ANSWERS | {"/api/me": trap.answer}), URL, OWNER, trap)


async def test_projects_types_and_fields_are_read() -> None:
    egress = FakeServer(ANSWERS).egress
    assert await PLATFORM.projects(egress, URL, OWNER) == (Project("WEB", "WEB", "Website"),)
    assert await PLATFORM.item_types(egress, URL, OWNER, "WEB") == (ItemType("Bug", "Bug"),)
    assert await PLATFORM.fields(egress, URL, OWNER, "WEB") == (
        Field("t", "Title", "string", required=False, options=(), kind=FieldKind.LINE),
    )
    with pytest.raises(ProjectNotVisible):
        await PLATFORM.fields(egress, URL, OWNER, "../me")


async def test_it_is_recognised_by_what_strangers_may_read() -> None:
    server = FakeServer(
        {}, strangers={"/api/about": {"product": "Tomorrow", "version": "2.1", "title": "Acme"}}
    )
    found = await PLATFORM.fingerprint(server.egress, URL)
    assert found is not None
    assert (found.platform, found.version, found.title) == ("tomorrow", "2.1", "Acme")
