"""Who guesses passwords is stopped; who owns the account is not kept out for ever, and the tracker is asked once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import httpx
import pytest

from service.limits import table as limits
from service.platforms.interface import SignInFailure, SignInReason
from tests.nodes import Network, RunningNode, running_node
from tests.odd_platform import OddPlatform
from tests.platforms.recorded_redmine import URL, WHO_AM_I, RecordedRedmine
from tests.small_node import ALICE, FrozenClock, running

pytestmark = pytest.mark.anyio
OFFICE, ELSEWHERE = "192.0.2.1", "198.51.100.7"
WRONG = {**ALICE, "password": "wrong"}
TRIES = limits.WRONG_SIGN_INS_BY_SOURCE_AND_ACCOUNT.most


@pytest.fixture
async def node(database_url: str) -> AsyncIterator[RunningNode]:
    async with running_node(Network(), "acme", database_url, FrozenClock()) as node:
        yield node


async def sign_in(
    node: RunningNode, values: dict[str, str] = ALICE, source: str = OFFICE, **more: str
) -> httpx.Response:
    body = {"instance": node.slug, "method": "password", "values": values, **more}
    transport = httpx.ASGITransport(node.app, client=(source, 1))
    async with httpx.AsyncClient(transport=transport, base_url=node.url) as client:
        return await client.post("/v1/sessions", json=body)


async def statuses(
    node: RunningNode, count: int, values: dict[str, str] = WRONG, source: str = OFFICE
) -> list[int]:
    return [(await sign_in(node, values, source)).status_code for _ in range(count)]


async def test_after_five_wrong_passwords_the_right_one_has_to_wait_too(node: RunningNode) -> None:
    assert await statuses(node, TRIES) == [401] * TRIES
    node.clock.advance(60)
    refused = await sign_in(node)
    assert (refused.status_code, refused.headers.get("retry-after")) == (429, "840")
    problem = refused.json()
    assert (problem["code"], problem["retry"]) == ("rate-limited", "after_delay")
    assert problem["limit"] == "wrong-sign-ins-by-source-and-account"
    assert problem["retry_at"] in problem["detail"]
    until = datetime.fromisoformat(problem["retry_at"])
    assert f"{until:%H:%M:%S} UTC" in problem["fix"]
    node.clock.advance((until - node.clock.now()).total_seconds())
    assert (await sign_in(node)).status_code == 201


async def test_a_login_in_other_letters_is_the_same_account(node: RunningNode) -> None:
    await statuses(node, TRIES, {**WRONG, "login": "Alice"})
    assert (await sign_in(node, {**WRONG, "login": " ALICE"})).status_code == 429


async def test_somebody_else_and_somewhere_else_nobody_waits(node: RunningNode) -> None:
    await statuses(node, TRIES + 1)
    assert (await sign_in(node, {"login": "bob", "password": "bob-sandbox"})).status_code == 403
    assert (await sign_in(node, source=ELSEWHERE)).status_code == 201


async def test_who_gets_it_right_begins_anew(node: RunningNode) -> None:
    for _ in range(3):
        assert await statuses(node, TRIES - 1) == [401] * (TRIES - 1)
        assert (await sign_in(node)).status_code == 201


async def test_the_page_and_the_api_count_together(node: RunningNode) -> None:
    await statuses(node, TRIES)
    transport = httpx.ASGITransport(node.app, client=(OFFICE, 1))
    form = {"method": "password", **ALICE, "next": "/v1/verification-sessions/vs_1/start"}
    async with httpx.AsyncClient(transport=transport, headers={"Origin": node.url}) as browser:
        page = await browser.post(f"{node.issuer}/sign-in", data=form)
    assert (page.status_code, page.headers["retry-after"]) == (429, "900")
    assert "text/html" in page.headers["content-type"]
    assert "Wait until 03:19:05 UTC, then try again." in page.text
    assert "set-cookie" not in page.headers


async def test_strangers_everywhere_do_not_lock_out_an_admin_who_was_here_before(node: RunningNode) -> None:
    """A cap for the account holds against many addresses; it ends, and the admin's own network is above it."""
    assert (await sign_in(node)).status_code == 201
    most = limits.WRONG_SIGN_INS_BY_ACCOUNT.most
    answers = [(await sign_in(node, WRONG, f"203.0.113.{number}")).status_code for number in range(most + 3)]
    assert answers == [401] * most + [429] * 3
    assert (await sign_in(node, source=ELSEWHERE)).status_code == 429
    assert (await sign_in(node)).status_code == 201
    assert await statuses(node, TRIES + 1) == [401] * TRIES + [429]
    node.clock.advance(limits.HOUR.total_seconds())
    assert (await sign_in(node, source=ELSEWHERE)).status_code == 201


async def test_one_network_cannot_try_every_account(node: RunningNode) -> None:
    """The addresses of one /64 are one network: a single machine has them all."""
    most = limits.WRONG_SIGN_INS_BY_SOURCE.most
    answers = [
        (await sign_in(node, {**WRONG, "login": f"user{number}"}, f"2001:db8::{number:x}")).status_code
        for number in range(most + 1)
    ]
    assert answers == [401] * most + [429]
    assert (await sign_in(node, source="2001:db8::1:2:3:4")).status_code == 429
    assert (await sign_in(node, source="2001:db8:0:1::1")).status_code == 201


async def test_of_twenty_guesses_at_once_five_reach_the_platform(database_url: str) -> None:
    wrong = SignInFailure(SignInReason.WRONG_CREDENTIALS, "Wrong.")
    platform = OddPlatform(person=wrong)
    async with running(database_url, registry=platform.registry()) as small:
        await small.add_instance(platform="oddity", url="https://odd.example")
        answers = await asyncio.gather(*(small.sign_in(values=WRONG) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [401] * TRIES + [429] * (20 - TRIES)
    assert len(platform.calls) == TRIES


@pytest.mark.parametrize("reason", [SignInReason.UNREACHABLE, SignInReason.PASSWORD_CHANGE_DUE], ids=str)
async def test_what_says_nothing_about_the_password_is_not_counted(
    sqlite_url: str, reason: SignInReason
) -> None:
    platform = OddPlatform(person=SignInFailure(reason, "Not now."))
    async with running(sqlite_url, registry=platform.registry()) as small:
        await small.add_instance(platform="oddity", url="https://odd.example")
        answers = [(await small.sign_in()).status_code for _ in range(40)]
    assert 429 not in answers


async def test_a_form_is_one_try_at_the_tracker_and_a_refused_one_is_none(sqlite_url: str) -> None:
    redmine = RecordedRedmine({WHO_AM_I: "basic_wrong"})
    network = Network()
    network.hosts["tracker.example.com"] = redmine.transport
    wrong = {"login": "admin", "password": "guess"}
    async with running_node(network, "acme", sqlite_url, FrozenClock()) as node:
        new = {"slug": "real", "name": "Real", "platform": "redmine", "url": URL}
        assert (await node.api.post("/v1/instances", json=new)).status_code == 201
        for tries in range(1, TRIES + 1):
            assert (await sign_in(node, wrong, instance="real")).status_code == 401
            assert redmine.credentials_shown == tries
        asked = len(redmine.requests)
        assert (await sign_in(node, wrong, instance="real")).status_code == 429
    assert len(redmine.requests) == asked


async def test_keys_that_nobody_guesses_are_counted_by_network_alone(sqlite_url: str) -> None:
    redmine = RecordedRedmine({WHO_AM_I: "wrong_users_current"})
    network = Network()
    network.hosts["tracker.example.com"] = redmine.transport
    async with running_node(network, "acme", sqlite_url, FrozenClock()) as node:
        new = {"slug": "real", "name": "Real", "platform": "redmine", "url": URL}
        await node.api.post("/v1/instances", json=new)
        answers = []
        for number in range(limits.WRONG_SIGN_INS_BY_SOURCE.most + 1):
            body = {"instance": "real", "method": "api_key", "values": {"api_key": f"{number:040x}"}}
            answers.append((await node.api.post("/v1/sessions", json=body)).status_code)
    assert answers == [401] * limits.WRONG_SIGN_INS_BY_SOURCE.most + [429]
