"""Every pending thing says who must act and until when, stands in its history, and ends by itself if nobody acts."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from service.authorization.requests.states import MACHINE as AUTHORIZATION_REQUEST
from service.connections.states import MACHINE as CONNECTION
from service.invitations.invitation.states import MACHINE as INVITATION
from service.values.state_machine import StateMachine
from service.verification.session.states import MACHINE as VERIFICATION_SESSION
from tests.invitations.invited import Invited
from tests.nodes import Crash, RunningNode
from tests.pairs import Pair, read
from tests.verification.test_reconnecting import accepted, connected, reconnect

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
FOUR_DAYS = 4 * 86_400
Begin = Callable[[Pair], Awaitable[Json]]


class Deadly(httpx.AsyncBaseTransport):
    """Whoever asks here is no more."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise Crash


async def set_up(pair: Pair) -> Json:
    return await pair.session(await pair.draft("basic"))


async def upgrade(pair: Pair) -> Json:
    here, _ = await connected(pair)
    return await reconnect(pair.a, here, "script")


async def created(pair: Pair, session: Json) -> None:
    """Nobody has opened the start page."""


async def started(pair: Pair, session: Json) -> None:
    """The node dies while it asks the other side."""
    person = await pair.person()
    await person.open(session["start_url"])
    await person.sign_in()
    pair.network.hosts["b.test"] = Deadly()
    with pytest.raises(httpx.ReadError):
        await person.submit()
    pair.network.hosts["b.test"] = pair.b.door
    await pair.a.revive()


async def awaiting_decision(pair: Pair, session: Json) -> None:
    await pair.to_consent(session)


async def code_received(pair: Pair, session: Json) -> None:
    await accepted(pair, session)


async def consented(pair: Pair, session: Json) -> None:
    pair.network.hold_back = "/oauth/callback"
    await accepted(pair, session)


async def verified(pair: Pair, session: Json) -> None:
    await accepted(pair, session)
    pair.network.lose_requests.append("/activation")
    await pair.a.work()


async def opened(pair: Pair) -> Json:
    return await (await Invited.begin(pair)).invite()


async def claiming(pair: Pair) -> Json:
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    pair.network.lose_requests.append("/oauth/register")
    await invited.accept(issued)
    await pair.b.work()
    return issued


async def claimed(pair: Pair) -> Json:
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    await invited.accept(issued)
    await pair.b.work()
    return issued


async def confirmed(pair: Pair) -> Json:
    issued = await claimed(pair)
    path = f"/v1/invitations/{issued['id']}/confirmation"
    read(await pair.a.api.put(path, json={"decision": "confirm"}), 200)
    pair.network.lose_requests.append("/activation")
    pair.clock.advance(10)
    await pair.b.work()
    return issued


@dataclass(frozen=True)
class Pending:
    """What waits on one side, how it comes to that, and who must act as this side shows it."""

    machine: str
    state: str
    side: str
    begin: Begin
    go_on: Callable[[Pair, Json], Awaitable[None]] | None
    actor: str
    wrote: str

    def __str__(self) -> str:
        return f"{self.begin.__name__} {self.machine} {self.state} at {self.side}"


SESSION, INVITED, REQUEST = VERIFICATION_SESSION.name, INVITATION.name, AUTHORIZATION_REQUEST.name
OF_SESSIONS = [
    ("created", created, {set_up: "you", upgrade: "you"}, "create"),
    ("started", started, {set_up: "other_side", upgrade: "you"}, "start"),
    ("awaiting_decision", awaiting_decision, {set_up: "other_side", upgrade: "you"}, "push"),
    ("code_received", code_received, {set_up: "system", upgrade: "system"}, "receive_code"),
    ("verified", verified, {set_up: "system", upgrade: "system"}, "verify"),
]
PENDING = [
    *(
        Pending(SESSION, state, "a", begin, go_on, actors[begin], f"{SESSION}.{wrote}")
        for begin in (set_up, upgrade)
        for state, go_on, actors, wrote in OF_SESSIONS
    ),
    Pending(REQUEST, "consented", "b", set_up, consented, "system", f"{REQUEST}.consent"),
    Pending(REQUEST, "redeemed", "b", set_up, verified, "system", f"{REQUEST}.redeem"),
    Pending(INVITED, "open", "a", opened, None, "other_side", f"{INVITED}.issue"),
    Pending(INVITED, "claiming", "b", claiming, None, "system", f"{INVITED}.accept"),
    Pending(INVITED, "claimed", "a", claimed, None, "you", f"{INVITED}.claim"),
    Pending(INVITED, "claimed", "b", claimed, None, "other_side", f"{INVITED}.claim"),
    Pending(INVITED, "confirmed", "a", confirmed, None, "system", f"{INVITED}.confirm"),
    Pending(INVITED, "confirmed", "b", confirmed, None, "system", f"{INVITED}.confirm"),
]
# Nobody waits for these: the first is known to nobody yet and ends by itself, the others are at rest.
AT_REST = {
    (REQUEST, "requested"),
    (REQUEST, "active"),
    (CONNECTION.name, "draft"),
    (CONNECTION.name, "active"),
    (CONNECTION.name, "deactivated"),
}


def test_every_state_that_does_not_last_is_in_the_table() -> None:
    """A pending connection is what all these rows are about."""
    machines: list[StateMachine[Any, Any]] = [
        CONNECTION,
        VERIFICATION_SESSION,
        INVITATION,
        AUTHORIZATION_REQUEST,
    ]
    open_states = {
        (machine.name, state.value)
        for machine in machines
        for state in type(machine.initial)
        if state not in machine.terminal()
    }
    assert {(row.machine, row.state) for row in PENDING} == open_states - AT_REST - {
        (CONNECTION.name, "pending")
    }


@pytest.mark.parametrize("row", PENDING, ids=str)
async def test_what_is_pending_has_an_owner_an_end_and_a_history(pair: Pair, row: Pending) -> None:
    begun = await row.begin(pair)
    if row.go_on is not None:
        await row.go_on(pair, begun)
    node = pair.a if row.side == "a" else pair.b
    connection_id = begun["connection"] if row.side == "a" else (await pair.listed_at_b())[0]["id"]
    shown = await node.read(f"/v1/connections/{connection_id}")
    assert await state_of(node, row, shown) == row.state
    action = owner(shown)
    assert (action["actor"], bool(action["description"])) == (row.actor, True)
    assert action["expires_at"] is not None
    events = (await node.read(f"/v1/connections/{connection_id}/history?limit=100"))["items"]
    assert row.wrote in [event["what"] for event in events]
    pair.network.lose_requests, pair.network.hold_back = [], None
    pair.clock.advance(FOUR_DAYS)
    for _ in range(3):
        await pair.work()
        pair.clock.advance(400)
    after = await node.read(f"/v1/connections/{connection_id}")
    assert after["state"] in {"draft", "active", "closed"}
    assert await state_of(node, row, after) != row.state or after["state"] == "active"
    states = {each["state"] for each in [await pair.a.read(f"/v1/connections/{begun['connection']}")]}
    theirs = {each["state"] for each in await pair.listed_at_b()}
    assert ("active" in states) is ("active" in theirs)
    assert "pending" not in states | theirs


def owner(shown: Json) -> Json:
    """Return the action that somebody has to do now: the primary one, or that of a renewal."""
    names = {"go_on", "finish_reconnect"}
    wanted = [each for each in shown["next_actions"] if each["primary"] or each["id"] in names]
    assert len(wanted) == 1, shown["next_actions"]
    action: Json = wanted[0]
    return action


async def state_of(node: RunningNode, row: Pending, shown: Json) -> str:
    """Return the state of what the row is about, as this side shows it; a request is seen as its connection."""
    if row.machine == REQUEST:
        return row.state if shown["state"] == "pending" else str(shown["state"])
    path = "verification-sessions" if row.machine == SESSION else "invitations"
    name = "verification_session" if row.machine == SESSION else "invitation"
    found = await node.read(f"/v1/{path}/{shown[name]}")
    return str(found["state"])
