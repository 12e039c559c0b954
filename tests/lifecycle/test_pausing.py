"""Either side pauses and resumes; the other side is told, also days later, and is not paused itself."""

import asyncio
from typing import Any

import pytest

from tests.nodes import RunningNode
from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio
FIVE_DAYS = 5 * 24 * 3600


def status_of(connection: dict[str, Any]) -> tuple[str, str]:
    return connection["state"], connection["destination"]["state"]


async def at(node: RunningNode, connection: dict[str, Any]) -> dict[str, Any]:
    return read(await node.api.get(f"/v1/connections/{connection['id']}"), 200)


async def pause(node: RunningNode, connection: dict[str, Any]) -> dict[str, Any]:
    return read(await node.api.delete(f"/v1/connections/{connection['id']}/activation"), 200)


async def resume(node: RunningNode, connection: dict[str, Any]) -> dict[str, Any]:
    return read(await node.api.post(f"/v1/connections/{connection['id']}/activation"), 200)


async def test_one_side_pauses_and_the_other_shows_it_without_being_paused(each_pair: Pair) -> None:
    pair = each_pair
    here, there = await pair.connected()
    paused = await pause(pair.a, here)
    assert status_of(paused) == ("deactivated", "active")
    (primary,) = [action for action in paused["next_actions"] if action["primary"]]
    assert primary["id"] == "resume"
    await pair.work()
    shown = await at(pair.b, there)
    assert status_of(shown) == ("active", "deactivated")
    assert "pause" in [action["id"] for action in shown["next_actions"]]
    answer = await pair.a.api.request(primary["method"], primary["href"])
    assert status_of(answer.json()) == ("active", "active")
    await pair.work()
    assert status_of(await at(pair.b, there)) == ("active", "active")


async def test_both_sides_pause_and_each_resumes_its_own(pair: Pair) -> None:
    here, there = await pair.connected()
    await pause(pair.b, there)
    await pause(pair.a, here)
    await pair.work()
    assert status_of(await at(pair.a, here)) == status_of(await at(pair.b, there)) == ("deactivated",) * 2
    await resume(pair.b, there)
    await pair.work()
    assert status_of(await at(pair.a, here)) == ("deactivated", "active")
    assert status_of(await at(pair.b, there)) == ("active", "deactivated")


async def test_a_side_that_was_offline_for_days_is_told_when_it_is_back(pair: Pair) -> None:
    here, there = await pair.connected()
    pair.network.down.add("b.test")
    await pause(pair.a, here)
    await pair.a.work()
    for _ in range(5):
        pair.clock.advance(FIVE_DAYS / 5)
        await pair.a.work()
    assert status_of(await at(pair.b, there)) == ("active", "active")
    pair.network.down.clear()
    pair.clock.advance(301)
    await pair.a.work()
    assert status_of(await at(pair.b, there)) == ("active", "deactivated")


async def test_whoever_was_not_told_finds_it_by_asking_within_the_hour(pair: Pair) -> None:
    here, there = await pair.connected()
    pair.network.lose_requests = ["/status"]
    await pause(pair.a, here)
    await pair.a.work()
    pair.clock.advance(3601)
    await pair.b.work()
    assert status_of(await at(pair.b, there)) == ("active", "deactivated")


async def test_the_other_side_of_five_days_ago_hears_that_it_is_closed(each_pair: Pair) -> None:
    pair = each_pair
    here, there = await pair.connected()
    pair.network.down.add("a.test")
    await pair.b.api.delete(f"/v1/connections/{there['id']}")
    for _ in range(5):
        pair.clock.advance(FIVE_DAYS / 5)
        await pair.b.work()
    assert status_of(await at(pair.a, here)) == ("active", "active")
    pair.network.down.clear()
    pair.clock.advance(301)
    await pair.b.work()
    closed = await at(pair.a, here)
    assert (closed["state"], closed["reason"]) == ("closed", "closed_by_peer")


async def test_a_paused_connection_is_closed_on_both_sides(pair: Pair) -> None:
    here, there = await pair.connected()
    await pause(pair.a, here)
    await pause(pair.b, there)
    await pair.work()
    await pair.a.api.delete(f"/v1/connections/{here['id']}")
    await pair.work()
    closed = await at(pair.b, there)
    assert (closed["state"], closed["reason"]) == ("closed", "closed_by_peer")


async def test_a_local_connection_is_one_thing(pair: Pair) -> None:
    details = {"local_short_name": "Here", "destination_short_name": "There"}
    body = {"instance": pair.a.slug, "destination": {"type": "local"}, "details": details, "mode": "basic"}
    draft = await pair.post("/v1/connections", body)
    await resume(pair.a, draft)
    assert status_of(await pause(pair.a, draft)) == ("deactivated", "deactivated")
    assert status_of(await resume(pair.a, draft)) == ("active", "active")


async def test_repeating_changes_nothing_and_the_wrong_moment_says_what_is_possible(pair: Pair) -> None:
    draft = await pair.draft()
    path = f"/v1/connections/{draft['id']}/activation"
    refused = read(await pair.a.api.delete(path), 409)
    assert (refused["code"], refused["next_actions"][0]["id"]) == ("step-not-allowed", "destination")
    here, _ = await pair.connected()
    once, twice = await pause(pair.a, here), await pause(pair.a, here)
    assert once["revision"] == twice["revision"]
    assert await resume(pair.a, here) == await resume(pair.a, here)
    await pair.work()
    events = (await pair.a.read(f"/v1/connections/{here['id']}/history?limit=100"))["items"]
    assert [event["what"] for event in events].count("connection.resume") == 1
    await pair.a.api.delete(f"/v1/connections/{here['id']}")
    over = read(await pair.a.api.delete(f"/v1/connections/{here['id']}/activation"), 410)
    assert over["code"] == "connection-closed"


async def test_an_old_etag_does_not_pause(pair: Pair) -> None:
    here, _ = await pair.connected()
    path, old = f"/v1/connections/{here['id']}/activation", {"If-Match": '"r1"'}
    assert read(await pair.a.api.delete(path, headers=old), 412)["code"] == "stale-revision"
    assert (await at(pair.a, here))["state"] == "active"


async def test_the_history_says_who_paused_on_both_sides(pair: Pair) -> None:
    here, there = await pair.connected()
    await pause(pair.a, here)
    await pair.work()
    events = (await pair.a.read(f"/v1/connections/{here['id']}/history"))["items"]
    assert (events[-1]["what"], events[-1]["actor"]["kind"]) == ("connection.deactivate", "service")
    events = (await pair.b.read(f"/v1/connections/{there['id']}/history"))["items"]
    (heard,) = [event for event in events if event["what"] == "destination.deactivated"]
    assert heard["actor"] == {
        **heard["actor"],
        "kind": "other_side",
        "id": f"{pair.a.issuer}/oauth/client.json",
    }


async def test_ten_who_pause_at_once_pause_once(each_pair: Pair) -> None:
    pair = each_pair
    here, _ = await pair.connected()
    path = f"/v1/connections/{here['id']}/activation"
    answers = await asyncio.gather(*(pair.a.api.delete(path) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    events = (await pair.a.read(f"/v1/connections/{here['id']}/history?limit=100"))["items"]
    assert [event["what"] for event in events].count("connection.deactivate") == 1


async def test_the_responder_paused_before_the_initiator_heard_of_the_commit(pair: Pair) -> None:
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="accept")
    pair.network.lose_answers = ["/activation"]
    await pair.a.work()
    await pause(pair.b, (await pair.listed_at_b())[0])
    await pair.b.work()
    pair.clock.advance(600)
    await pair.work()
    assert status_of(await pair.shown(draft)) == ("active", "deactivated")
