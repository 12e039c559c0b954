"""Two at once: exactly one effect, on both databases."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.authorization.stranger import Stranger, listed, query_of
from tests.nodes import Network, Person, RunningNode, running_node
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
AT_ONCE = 6


@pytest.fixture
async def b(network: Network, database_url: str) -> AsyncIterator[RunningNode]:
    async with running_node(network, "b", database_url, FrozenClock()) as node:
        yield node


async def decide(person: Person, decision: str) -> httpx.Response:
    fields = {**person.forms()[0].fields, "decision": decision}
    return await person.client.post(person.url, data=fields, headers={"Origin": "https://b.test"})


async def test_the_same_decision_many_times_is_one_connection_and_one_code(stranger: Stranger) -> None:
    person = await stranger.visit()
    answers = await asyncio.gather(*(decide(person, "accept") for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert len(await listed(stranger.asked)) == 1


async def test_of_accept_and_deny_one_counts(stranger: Stranger) -> None:
    person = await stranger.visit()
    answers = await asyncio.gather(
        *(decide(person, decision) for decision in ("accept", "deny") for _ in range(AT_ONCE // 2))
    )
    told = {answer.headers["location"] for answer in answers if answer.status_code == 303}
    assert len(told) == 1
    accepted = "code" in query_of(told.pop())
    assert len(await listed(stranger.asked)) == int(accepted)
    assert {answer.status_code for answer in answers} == {303, 410}


async def test_of_many_redemptions_one_counts(stranger: Stranger) -> None:
    code = await stranger.code()
    answers = await asyncio.gather(*(stranger.redeem(code) for _ in range(AT_ONCE)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (AT_ONCE - 1)
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}


async def test_one_assertion_sent_many_times_counts_once(stranger: Stranger) -> None:
    assertion = stranger.assertion()
    forms = [stranger.push_form(client_assertion=assertion) for _ in range(AT_ONCE)]
    answers = await asyncio.gather(*(stranger.post("/oauth/par", form) for form in forms))
    assert sorted(answer.status_code for answer in answers) == [201] + [401] * (AT_ONCE - 1)


async def test_many_pushes_of_one_attempt_leave_one_request(stranger: Stranger) -> None:
    answers = await asyncio.gather(*(stranger.push() for _ in range(AT_ONCE)))
    uris = [answer.json()["request_uri"] for answer in answers if answer.status_code == 201]
    assert {answer.status_code for answer in answers} == {201}
    statuses = []
    for uri in uris:
        person = Person(stranger.network)
        await person.open(stranger.authorize_url(uri))
        statuses.append(person.status)
    assert sorted(statuses) == [200] + [400] * (len(uris) - 1)


async def test_many_activations_give_one_commit(stranger: Stranger) -> None:
    token = (await stranger.redeemed())["access_token"]
    answers = await asyncio.gather(*(stranger.activate(token) for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    (shown,) = await listed(stranger.asked)
    assert shown["state"] == "active"


async def test_activation_and_end_at_once_agree(stranger: Stranger) -> None:
    token = (await stranger.redeemed())["access_token"]
    activated, ended = await asyncio.gather(stranger.activate(token), stranger.call("DELETE", token))
    assert ended.status_code == 204
    assert activated.status_code in {200, 410}
    (shown,) = await listed(stranger.asked)
    reason = "closed_by_peer" if activated.status_code == 200 else "attempt_ended"
    assert (shown["state"], shown["reason"]) == ("closed", reason)


async def test_activation_and_expiry_at_once_agree(stranger: Stranger) -> None:
    await stranger.redeemed()
    stranger.asked.clock.advance(599)
    token = await stranger.access_token()
    stranger.asked.clock.advance(1)
    activated, _ = await asyncio.gather(stranger.activate(token), stranger.asked.work())
    assert activated.status_code == 410
    (shown,) = await listed(stranger.asked)
    assert shown["state"] == "closed"


async def test_two_attempts_with_one_name_get_names_of_their_own(stranger: Stranger) -> None:
    other = Stranger(stranger.network, stranger.asked, "other.test")
    people = [await stranger.visit(), await other.visit()]
    answers = await asyncio.gather(*(decide(person, "accept") for person in people))
    assert [answer.status_code for answer in answers] == [303, 303]
    names = [shown["name"] for shown in await listed(stranger.asked)]
    assert sorted(names) == ["Asker to B", "Asker to B (2)"]
