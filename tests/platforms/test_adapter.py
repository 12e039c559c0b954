"""What every adapter shares: a stranger is refused first, then an account is named, then an admin is proven."""

from typing import Any

import pytest

from service.egress.client import Egress
from service.platforms.adapter import Account, Adapter, Measured
from service.platforms.answers import member, number, text, unexpected
from service.platforms.calls import Access, every_page
from service.platforms.interface import (
    Credential,
    Field,
    Fingerprint,
    ItemType,
    Project,
    ProjectNotVisible,
    SignInFailure,
    SignInReason,
)
from service.platforms.sandbox import DESCRIPTION
from tests.platforms.fake_server import TRAPS, FakeServer, Trap, reply, require_no_way_in

URL = "https://tracker.example.com/deep"
TOKEN = Credential("token", {"token": "t" * 40})
ME = {"id": 7, "login": "ada", "admin": True}
PROVEN = {"/deep/me": ME}

pytestmark = pytest.mark.anyio


class Plain(Adapter):
    """The least that an adapter can be."""

    description = DESCRIPTION

    async def fingerprint(self, egress: Egress, base_url: str) -> Fingerprint | None:
        return None

    async def open(self, egress: Egress, base_url: str, credential: Credential) -> Access:
        headers = {"Authorization": f"Bearer {credential.values['token']}"}
        return Access(egress, "Plain", base_url, headers)

    async def who(self, access: Access) -> Account:
        me = await access.read("/me")
        if number(me, "id") is None or not text(me, "login"):
            raise unexpected("Plain", "no account")
        return Account(str(me["id"]), text(me, "login"), text(me, "login"), me)

    async def missing_for_admin(self, access: Access, account: Account) -> str | None:
        return None if member(account.unverified, "admin") is True else "Plain: ask for admin."

    async def measure(self, access: Access, account: Account, project_id: str | None) -> Measured:
        if project_id == "nowhere":
            raise ProjectNotVisible
        return Measured(frozenset({"view"}))

    async def read_projects(self, access: Access, account: Account) -> tuple[Project, ...]:
        return (Project("1", "A", account.login),)

    async def read_item_types(
        self, access: Access, account: Account, project_id: str
    ) -> tuple[ItemType, ...]:
        return ()

    async def read_fields(self, access: Access, account: Account, project_id: str) -> tuple[Field, ...]:
        return ()


PLATFORM = Plain()


async def test_an_admin_is_who_the_server_names_as_one() -> None:
    server = FakeServer(PROVEN)
    person = await PLATFORM.sign_in(server.egress, URL, TOKEN)
    assert (person.account_id, person.login, person.is_admin, person.missing) == ("7", "ada", True, None)
    assert server.credentials_shown == 1


async def test_a_member_reads_what_is_missing() -> None:
    server = FakeServer({"/deep/me": {**ME, "admin": "true"}})
    person = await PLATFORM.sign_in(server.egress, URL, TOKEN)
    assert (person.is_admin, person.missing) == (False, "Plain: ask for admin.")


@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_no_trap_signs_anybody_in(trap: Trap) -> None:
    await require_no_way_in(PLATFORM, FakeServer({"/deep/me": trap.answer}), URL, TOKEN, trap)


async def test_a_server_that_knows_everybody_never_sees_the_credential() -> None:
    """A proxy with a login of its own, or a cache, answers for whoever signed in to it before."""
    server = FakeServer(PROVEN, strangers={"/deep/me": ME})
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(server.egress, URL, TOKEN)
    assert caught.value.reason is SignInReason.UNEXPECTED_ANSWER
    assert "proxy" in caught.value.detail
    assert server.credentials_shown == 0


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_server_that_is_tired_of_strangers_never_sees_the_credential(status: int) -> None:
    server = FakeServer(PROVEN, strangers={"/deep/me": reply({}, status)})
    with pytest.raises(SignInFailure):
        await PLATFORM.sign_in(server.egress, URL, TOKEN)
    assert server.credentials_shown == 0


@pytest.mark.parametrize("call", ["projects", "rights"])
async def test_each_reading_proves_the_credential_first(call: str) -> None:
    server = FakeServer({"/deep/me": reply({"message": "no"}, 401)})
    with pytest.raises(SignInFailure) as caught:
        await getattr(PLATFORM, call)(server.egress, URL, TOKEN)
    assert caught.value.reason is SignInReason.WRONG_CREDENTIALS


async def test_in_a_project_that_is_out_of_sight_nothing_is_granted() -> None:
    rights = await PLATFORM.rights(FakeServer(PROVEN).egress, URL, TOKEN, "nowhere")
    assert rights
    assert all(right.measured and right.granted is False for right in rights)


async def test_without_a_credential_rights_are_declared_and_nobody_is_asked() -> None:
    server = FakeServer(PROVEN)
    rights = await PLATFORM.rights(server.egress, URL, None)
    assert {(right.granted, right.measured) for right in rights} == {(None, False)}
    assert not server.requests


@pytest.mark.parametrize(
    ("rows", "found", "calls"),
    [
        pytest.param([["a", "b"], ["c"]], "abc", 2, id="a short page is the last"),
        pytest.param([["a", "b"], []], "ab", 2, id="an empty page is the last"),
        pytest.param([["a", "b"], ["a", "b"], ["c", "d"]], "ab", 2, id="a repeated page is the last"),
    ],
)
async def test_pages_are_read_until_nothing_new_comes(rows: list[Any], found: str, calls: int) -> None:
    asked = []

    async def read(number: int) -> list[str]:
        asked.append(number)
        return list(rows[number])

    assert "".join(await every_page(read, size=2, key=str)) == found
    assert len(asked) == calls
