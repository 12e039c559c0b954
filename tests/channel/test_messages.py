"""Messages over a connection, as the programs at both of its sides see them."""

import asyncio

import pytest

from service.channel import outbox
from service.channel.models import Channel
from service.database.sessions import transaction
from tests.api.test_waiting import rest
from tests.channel.carried import Carrier, both_public, one_private
from tests.nodes import Crash
from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio


async def test_what_one_side_sends_the_other_gets_in_order_and_takes(each_pair: Pair) -> None:
    pair = each_pair
    here, there = await both_public(pair)
    sent = [await here.send({"n": n, "text": "Tür 東京 \x00"}) for n in range(3)]
    assert [message["sequence"] for message in sent] == [1, 2, 3]
    await pair.work()
    found = await there.get()
    assert [(item["id"], item["body"]["n"]) for item in found["items"]] == [
        (message["id"], n) for n, message in enumerate(sent)
    ]
    assert found["items"][0]["body"] == {"n": 0, "text": "Tür 東京 \x00"}
    assert (await here.status())["to_send"] == 0
    assert (await there.get(after=2))["items"] == found["items"][2:]
    status = await there.take(2)
    assert (status["taken"], status["to_take"], status["received"]) == (2, 1, 3)
    assert await there.take(2) == status
    assert [body["n"] for body in await there.bodies()] == [2]


async def test_both_send_at_once(each_pair: Pair) -> None:
    here, there = await both_public(each_pair)
    for n in range(150):
        await here.send(n)
        await there.send(-n)
    await each_pair.work()
    assert (await there.get())["to_take"] == (await here.get())["to_take"] == 150
    assert [await there.bodies(), (await there.get(after=100))["items"][0]["body"]] == [list(range(100)), 100]
    assert (await here.bodies())[:3] == [0, -1, -2]


async def test_a_side_that_only_dials_out_comes_for_what_waits(pair: Pair) -> None:
    dialled, private = await one_private(pair)
    await dialled.send("for you")
    await pair.work()
    assert await private.bodies() == []
    pair.clock.advance(150)  # its status probe says that something waits
    await pair.work()
    assert await private.bodies() == ["for you"]
    assert (await dialled.status())["to_send"] == 0
    await private.send("and back")
    await dialled.send("again")
    await pair.work()
    assert (await dialled.bodies(), await private.bodies()) == (["and back"], ["for you", "again"])
    await dialled.send("while we talk")
    pair.clock.advance(5)
    await pair.work()
    assert await private.bodies() == ["for you", "again", "while we talk"]
    pair.clock.advance(125)
    await pair.work()
    seen = len(pair.network.seen)
    pair.clock.advance(60)
    await pair.work()
    assert len(pair.network.seen) == seen  # nothing was said for a while, so it asks only now and then


@pytest.mark.parametrize("lost", ["lose_requests", "lose_answers"])
async def test_what_is_lost_on_the_way_arrives_once(pair: Pair, lost: str) -> None:
    here, there = await both_public(pair)
    for n in range(3):
        await here.send(n)
    getattr(pair.network, lost).append("/messages")
    await pair.a.work()
    pair.network.lose_requests.clear()
    pair.clock.advance(300)
    await pair.work()
    assert await there.bodies() == [0, 1, 2]
    assert (await here.status())["to_send"] == 0


async def test_a_crash_between_the_answer_and_its_storing_repeats_nothing(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = await both_public(pair)
    await here.send("once")

    async def die(*_: object, **__: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr("service.channel.exchanging._hear", die)
        await pair.a.work()
    assert await there.bodies() == ["once"]
    await pair.a.revive()
    assert (await here.status())["to_send"] == 1
    pair.clock.advance(300)
    await pair.work()
    assert (await there.bodies(), (await here.status())["to_send"]) == (["once"], 0)


async def test_a_pause_keeps_what_was_sent_and_takes_what_comes(pair: Pair) -> None:
    here, there = await both_public(pair)
    read(await pair.a.api.delete(f"{here.path}/activation"), 200)
    await here.send("later")
    await there.send("comes all the same")
    await pair.work()
    status = await here.status()
    assert (status["state"], status["to_send"]) == ("paused", 1)
    assert (await here.bodies(), await there.bodies()) == (["comes all the same"], [])
    read(await pair.a.api.post(f"{here.path}/activation"), 200)
    await pair.work()
    assert await there.bodies() == ["later"]


async def test_what_is_sent_twice_with_one_key_arrives_once(pair: Pair) -> None:
    here, there = await both_public(pair)
    first = await here.send("once", key="k1")
    assert await here.send("once", key="k1") == first
    await pair.work()
    assert await there.bodies() == ["once"]


async def test_nobody_sends_more_than_waits_here_or_is_taken_there(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.channel.inbox.MOST_WAITING", 2)
    monkeypatch.setattr("service.channel.outbox.MOST_WAITING", 3)
    here, there = await both_public(pair)
    for n in range(3):
        await here.send(n)
    problem = await here.send(3, expected=429)
    assert (problem["code"], problem["to_send"]) == ("channel-full", 3)
    await pair.work()
    status = await here.status()
    assert (status["state"], status["to_send"], status["room"]) == ("held", 1, 0)
    assert await there.bodies() == [0, 1]
    await there.take(1)
    pair.clock.advance(60)
    await pair.work()
    assert await there.bodies() == [1, 2]
    assert (await here.status())["state"] == "running"


async def test_a_message_beyond_the_room_is_not_taken(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the other side was told before: what it sends all the same stays with it."""
    here, there = await both_public(pair)
    for n in range(5):
        await here.send(n)
    monkeypatch.setattr("service.channel.inbox.MOST_WAITING", 2)
    await pair.work()
    assert await there.bodies() == [0, 1]
    assert (await here.status())["to_send"] == 3


async def test_a_reader_waits_for_the_first_message(pair: Pair) -> None:
    here, there = await both_public(pair)
    waiting = asyncio.create_task(pair.b.api.get(f"{there.path}/messages", headers={"Prefer": "wait=20"}))
    await rest(pair.b, 1)
    await here.send("now")
    await pair.work()
    assert [item["body"] for item in read(await waiting, 200)["items"]] == ["now"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"body": "' + b"x" * 65_536 + b'"}', 413, "payload-too-large"),
        (b'{"body": NaN}', 422, "validation-failed"),
        (b'{"body": "\\ud800"}', 422, "validation-failed"),
        (b'{"body": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", 0, ""),
        (b'{"text": 1}', 422, "validation-failed"),
        (b"{", 400, "malformed-json"),
    ],
)
async def test_what_is_no_message_is_refused_and_nothing_is_kept(
    pair: Pair, body: bytes, status: int, code: str
) -> None:
    here, _ = await both_public(pair)
    headers = {"Content-Type": "application/json"}
    answer = await pair.a.api.post(f"{here.path}/messages", content=body, headers=headers)
    if status:
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.status_code in {400, 413, 422}
    assert (await here.status())["to_send"] == 0


async def test_a_message_needs_an_active_connection_between_two(pair: Pair) -> None:
    draft = await pair.draft()
    answer = await pair.a.api.post(f"/v1/connections/{draft['id']}/messages", json={"body": 1})
    problem = read(answer, 409)
    assert problem["code"] == "step-not-allowed"
    assert problem["next_actions"]
    local = {"instance": pair.a.slug, "destination": {"type": "local"}, "mode": "basic"}
    local["details"] = {"local_short_name": "X", "destination_short_name": "Y"}
    made = await pair.post("/v1/connections", local)
    await pair.post(f"/v1/connections/{made['id']}/activation", expected=200)
    answer = await pair.a.api.post(f"/v1/connections/{made['id']}/messages", json={"body": 1})
    assert "local" in read(answer, 409)["detail"]


async def test_taking_more_than_came_takes_what_came(pair: Pair) -> None:
    here, there = await both_public(pair)
    await here.send(1)
    await pair.work()
    assert (await there.take(2))["taken"] == 1
    await here.send(2)
    await pair.work()
    assert await there.bodies() == [2]


async def test_a_token_needs_the_right_for_messages(pair: Pair) -> None:
    here, _ = await both_public(pair)
    wanted = {"name": "reader", "scopes": ["messages:read"], "instances": [pair.a.instance["id"]]}
    token = (await pair.post("/v1/access-tokens", wanted))["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert (await pair.a.api.get(f"{here.path}/messages", headers=headers)).status_code == 200
    answer = await pair.a.api.post(f"{here.path}/messages", json={"body": 1}, headers=headers)
    assert read(answer, 403)["required_scope"] == "messages:write"


async def test_closing_drops_what_was_not_sent_and_says_how_much(pair: Pair) -> None:
    here, there = await both_public(pair)
    await there.send("arrived")
    await pair.work()
    pair.network.down.add("b.test")
    await here.send("never arrives")
    read(await pair.a.api.delete(here.path), 200)
    assert await here.told() == ["channel.dropped"]
    status = await here.status()
    assert (status["state"], status["to_send"]) == ("closed", 0)
    assert await here.bodies() == ["arrived"]
    assert (
        read(await pair.a.api.post(f"{here.path}/messages", json={"body": 1}), 410)["code"]
        == "connection-closed"
    )


async def test_bodies_are_sealed_at_rest(pair: Pair) -> None:
    here, there = await both_public(pair)
    await here.send("the secret of the harbour")
    await pair.work()
    await here.send("the secret of the harbour")
    for node in (pair.a, pair.b):
        async with transaction(node.node.database) as session:
            connection = await session.connection()
            for table in ("outgoing_message", "incoming_message"):
                rows = (await connection.exec_driver_sql(f"SELECT * FROM {table}")).all()  # noqa: S608
                assert "harbour" not in str(rows)
    assert await there.bodies() == ["the secret of the harbour"]


async def roll_back(side: Carrier, **numbers: object) -> None:
    """The side goes on from an older backup: its row of the channel is as it was then."""
    async with transaction(side.node.node.database) as session:
        channel = await outbox.lock_channel(session, side.connection)
        channel.sqlmodel_update(numbers)
        session.add(channel)


async def state_of(side: Carrier) -> dict[str, object]:
    async with transaction(side.node.node.database) as session:
        channel = await session.get(Channel, side.connection)
        assert channel is not None
        return channel.model_dump(exclude={"id"})


@pytest.mark.parametrize("more", [1, 2, 3, 5])
async def test_a_sender_that_goes_on_from_a_backup_loses_no_new_message(each_pair: Pair, more: int) -> None:
    pair = each_pair
    here, there = await both_public(pair)
    await here.send("before")
    await pair.work()
    backup = await state_of(here)
    for n in range(3):
        await here.send(f"forgotten {n}")
    await pair.work()
    await there.take(4)
    await roll_back(here, **backup)
    for n in range(more):
        await here.send(f"new {n}")
    await pair.work()
    pair.clock.advance(300)
    await pair.work()
    assert await there.bodies() == [f"new {n}" for n in range(more)]
    assert "channel.renumbered" in await here.told()


async def test_a_receiver_that_goes_on_from_a_backup_says_so_and_gets_what_is_new(pair: Pair) -> None:
    here, there = await both_public(pair)
    await here.send(0)
    await pair.work()
    backup = await state_of(there)
    await here.send(1)
    await pair.work()
    await roll_back(there, **backup)
    await here.send(2)
    await pair.work()
    assert (await there.bodies())[-1] == 2
    assert await there.told() == ["channel.forgotten_here"]


async def test_a_partner_that_claims_too_much_hurts_only_itself(pair: Pair) -> None:
    here, there = await both_public(pair)
    await roll_back(there, received=2**53 - 1, received_id="msg_x")
    for n in range(3):
        await here.send(n)
    await pair.work()
    pair.clock.advance(3600)
    await pair.work()
    assert (await here.status())["to_send"] == 3
    assert len(await here.told()) <= 10
