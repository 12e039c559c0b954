"""The sign-in page: the platform is asked, the person goes on to one of few places, and never anywhere else."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import httpx
import pytest

from service.platforms import sandbox
from service.platforms.interface import SignInFailure, SignInReason
from tests.nodes import Network, RunningNode, running_node
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
START = "/v1/verification-sessions/vs_1/start"
DECISION = "/i/b-tracker/oauth/authorize/aut_1"
INVITE = "/i/b-tracker/invite"
WAYS = [START, DECISION, INVITE, INVITE + "/inv_1"]
ALICE = {"method": "password", "login": "alice", "password": "alice-sandbox"}


@pytest.fixture
async def node(sqlite_url: str) -> AsyncIterator[RunningNode]:
    async with running_node(Network(), "b", sqlite_url, FrozenClock()) as running:
        yield running


def browser(node: RunningNode) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(node.app), headers={"Origin": node.url})


async def show(node: RunningNode, next_path: str | None) -> httpx.Response:
    query = "" if next_path is None else "?" + urlencode({"next": next_path})
    return await browser(node).get(f"{node.issuer}/sign-in{query}")


async def send(node: RunningNode, next_path: str = START, **changes: str) -> httpx.Response:
    form = {**ALICE, "next": next_path, **changes}
    return await browser(node).post(f"{node.issuer}/sign-in", data=form)


@pytest.mark.parametrize("next_path", WAYS)
async def test_the_page_asks_for_the_platforms_own_account(node: RunningNode, next_path: str) -> None:
    answer = await show(node, next_path)
    assert answer.status_code == 200
    assert 'name="login"' in answer.text
    assert f'name="next" value="{next_path}"' in answer.text
    assert "form-action 'self';" in answer.headers["content-security-policy"] + ";"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("next_path", WAYS)
async def test_a_person_goes_on_with_a_cookie(node: RunningNode, next_path: str) -> None:
    answer = await send(node, next_path)
    assert (answer.status_code, answer.headers["location"]) == (303, next_path)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-parley-")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert "alice-sandbox" not in cookie


@pytest.mark.parametrize(
    "next_path",
    [
        None,
        "",
        "/",
        "//evil.test",
        "https://evil.test/",
        "https://evil.test" + START,
        "\\\\evil.test",
        "/\\evil.test",
        START + "/../../../x",
        START + "?x=1",
        START + "#x",
        START + "\n",
        " " + START,
        "/v1/verification-sessions//start",
        "/v1/verification-sessions/a/b/start",
        "/i/other/oauth/authorize/aut_1",
        "/i/other/invite",
        INVITE + "/",
        INVITE + "#code",
        "/i/b-tracker/oauth/authorize",
        "/i/b-tracker/oauth/authorize/aut_1/x",
        "javascript:alert(1)",
    ],
)
async def test_never_an_open_redirect(node: RunningNode, next_path: str | None) -> None:
    for answer in (await show(node, next_path), await send(node, next_path or "")):
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "set-cookie" not in answer.headers
        assert "text/html" in answer.headers["content-type"]


async def test_a_wrong_password_is_said_and_not_shown(node: RunningNode) -> None:
    answer = await send(node, password="my secret typo")
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert 'role="alert"' in answer.text
    assert "my secret typo" not in answer.text
    assert f'name="next" value="{START}"' in answer.text


@pytest.mark.parametrize("changes", [{"password": ""}, {"method": "other"}, {"more": "x"}])
async def test_an_incomplete_form_is_shown_again(node: RunningNode, changes: dict[str, str]) -> None:
    answer = await send(node, **changes)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "set-cookie" not in answer.headers


async def test_a_tracker_that_does_not_answer_is_not_the_persons_fault(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise SignInFailure(SignInReason.UNREACHABLE, "The tracker does not answer.")

    monkeypatch.setattr(sandbox.Sandbox, "sign_in", fail)
    answer = await send(node)
    assert answer.status_code == 424
    assert "The tracker does not answer." in answer.text


@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://b.test", ""])
async def test_a_form_of_another_site_signs_nobody_in(node: RunningNode, origin: str) -> None:
    client = httpx.AsyncClient(transport=httpx.ASGITransport(node.app))
    headers = {"Origin": origin} if origin else {}
    answer = await client.post(f"{node.issuer}/sign-in", data={**ALICE, "next": START}, headers=headers)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "text/html" in answer.headers["content-type"]


async def test_repeated_parameters_are_refused_with_a_page(node: RunningNode) -> None:
    form = urlencode([*ALICE.items(), ("next", START), ("next", DECISION)])
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    posted = await browser(node).post(f"{node.issuer}/sign-in", content=form, headers=headers)
    shown = await browser(node).get(f"{node.issuer}/sign-in?next={START}&next={START}")
    for answer in (posted, shown):
        assert answer.status_code == 400
        assert "text/html" in answer.headers["content-type"]


async def test_an_unknown_instance_is_a_page(node: RunningNode) -> None:
    answer = await browser(node).get(f"{node.url}/i/nobody/sign-in?next={START}")
    assert answer.status_code == 404
    assert "text/html" in answer.headers["content-type"]


async def test_somebody_who_is_no_admin_is_signed_in_too_and_told_by_the_next_page(node: RunningNode) -> None:
    answer = await send(node, login="bob", password="bob-sandbox")
    assert answer.status_code == 303
    assert "set-cookie" in answer.headers
