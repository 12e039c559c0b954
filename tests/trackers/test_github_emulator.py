"""GitHub against an emulator that others wrote: its sign-in page, repositories, labels, and a whole set-up.

It takes every token for somebody's and makes everybody an admin of every repository, so here an admin is the owner of
an account, by what /user says; other admins and all refusals are contract tests in tests/platforms/test_github.py.
"""

import html
import re
from collections.abc import Iterator
from urllib.parse import urljoin

import httpx
import pytest

from service.egress.client import Egress, EgressPolicy
from service.platforms.github.adapter import PLATFORM
from service.platforms.interface import Credential
from tests.nodes import Person, RunningNode
from tests.pairs import Pair, read
from tests.trackers.github_emulator import HOST, Emulator, running_emulator

ADMIN = Credential("token", {"token": "a" * 40})
NORMA = Credential("token", {"token": "b" * 40})
MINE = f"https://{HOST}/admin"
CLIENT = {"client_id": "Iv1.parley", "client_secret": "parley-secret-1"}

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_emulator() as port:
        yield port


@pytest.fixture
def egress(port: int) -> Egress:
    return Egress(EgressPolicy(), transport=Emulator(port))


class TellsStrangersNothing(Emulator):
    """The emulator takes a stranger for its first account; GitHub does not."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v3/user" and "authorization" not in request.headers:
            return httpx.Response(401, json={"message": "Requires authentication"})
        return await super().handle_async_request(request)


@pytest.fixture
def strict(port: int) -> Egress:
    return Egress(EgressPolicy(), transport=TellsStrangersNothing(port))


async def test_it_is_recognised(egress: Egress) -> None:
    found = await PLATFORM.fingerprint(egress, MINE)
    assert found is not None
    assert (found.platform, found.base_url) == ("github", MINE)


async def test_an_account_is_the_admin_of_its_own_and_nobody_else_is(strict: Egress) -> None:
    assert (await PLATFORM.sign_in(strict, MINE, ADMIN)).is_admin
    norma = await PLATFORM.sign_in(strict, MINE, NORMA)
    assert (norma.login, norma.is_admin) == ("norma", False)


async def test_repositories_types_and_fields_are_read(strict: Egress) -> None:
    projects = await PLATFORM.projects(strict, MINE, ADMIN)
    assert sorted(project.id for project in projects) == ["admin/alpha", "admin/secret"]
    assert [kind.name for kind in await PLATFORM.item_types(strict, MINE, ADMIN, "admin/alpha")] == ["Issue"]
    fields = {field.id: field for field in await PLATFORM.fields(strict, MINE, ADMIN, "admin/alpha")}
    assert fields["state"].options == ("open", "closed")


async def test_a_whole_set_up_with_the_sign_in_on_its_page(pair: Pair, port: int) -> None:
    pair.network.hosts[HOST] = TellsStrangersNothing(port)
    await _serve(pair.a, "norma", None)
    await _serve(pair.b, "admin", CLIENT)
    draft = await pair.draft("script")
    person = await pair.person()
    await person.open((await pair.session(draft))["start_url"])
    await person.submit({"token": "b" * 40})
    await person.submit()
    await _sign_in_on_page(person, "norma")
    assert "token lacks the scope read:org" in html.unescape(person.page)
    await person.open(next(url for url in reversed(person.visited) if "/sign-in?" in url))
    await _sign_in_on_page(person, "admin")
    assert "Accept this connection?" in person.page
    await person.submit(button="accept")
    await pair.a.work()
    assert (await pair.shown(draft))["state"] == "active"


async def _serve(node: RunningNode, owner: str, client: dict[str, str] | None) -> None:
    body = {"slug": "github", "name": owner, "platform": "github", "url": f"https://{HOST}/{owner}"}
    made = await node.api.post("/v1/instances", json={**body, "oauth_client": client})
    node.instance, node.slug = read(made, 201), "github"


async def _sign_in_on_page(person: Person, login: str) -> None:
    """The person follows the link to the emulator's page, and chooses an account there."""
    found = re.search(r'id="oauth-away" href="([^"]+)"', person.page)
    assert found is not None
    await person.open(urljoin(person.url, html.unescape(found[1])))
    logins = [form.fields.get("login") for form in person.forms()]
    await person.submit(form=logins.index(login))
