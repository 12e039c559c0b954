"""Ten at once who want the same: it happens once, and each of the ten is told what happened. On both databases."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

import httpx
import pytest
from sqlmodel import select

from service.connections.peers import caller_of, peer_of
from service.database.columns import unseal
from service.database.sessions import reading
from service.protocol import client as protocol
from service.protocol.client import Caller, Peer, PeerRefused
from service.protocol.messages import TokenAnswer
from service.verification.session.models import VerificationSession
from tests.nodes import Person, RunningNode
from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio
TEN = 10
Json = dict[str, Any]
Found = TypeVar("Found")


async def ten(do: Callable[[], Awaitable[Found]]) -> list[Found]:
    """Return what each of ten who do the same at once was told; an error of any kind fails the test."""
    return await asyncio.gather(*(do() for _ in range(TEN)))


async def history(node: RunningNode, connection_id: str) -> Counter[str]:
    """Return how often each thing happened to the connection."""
    told = await node.read(f"/v1/connections/{connection_id}/history?limit=100")
    return Counter(str(event["what"]) for event in told["items"])


async def agree(pair: Pair, draft: Json) -> None:
    """Once both have done what is due, one connection is active on both sides, and its code was redeemed once."""
    await pair.work()
    here, there = await pair.shown(draft), await pair.listed_at_b()
    assert [here["state"], *(item["state"] for item in there)] == ["active", "active"]
    assert here["shared_id"] == there[0]["shared_id"]
    assert (await history(pair.a, here["id"]))["connection.activate"] == 1
    at_b = await history(pair.b, there[0]["id"])
    once = ("authorization_request.consent", "authorization_request.redeem", "connection.activate")
    assert [at_b[what] for what in once] == [1, 1, 1]


async def press(person: Person, button: str | None) -> httpx.Response:
    """Return the answer to the page's form."""
    (form,) = person.forms()
    origin = "https://" + httpx.URL(person.url).host
    return await person.client.post(
        httpx.URL(person.url).join(form.action), data=form.filled({}, button), headers={"Origin": origin}
    )


def only(answers: Iterable[httpx.Response], status: HTTPStatus) -> str:
    """Return where all of them lead, which is one address."""
    told = [(answer.status_code, answer.headers.get("location", answer.text)) for answer in answers]
    assert {code for code, _ in told} == {status}, Counter(told)
    (where,) = {where for _, where in told}
    return str(where)


async def test_ten_presses_of_start_are_one_request(alike: Pair) -> None:
    draft = await alike.draft()
    session = await alike.session(draft)
    person = await alike.person()
    await person.open(session["start_url"])
    await person.sign_in()
    answers = await ten(lambda: press(person, None))
    where = only(answers, HTTPStatus.SEE_OTHER)
    assert (await history(alike.a, draft["id"]))["verification_session.push"] == 1
    await person.open(where)
    await person.sign_in()
    await person.submit(button="accept")
    await agree(alike, draft)


async def test_ten_consents_are_one_code_and_one_connection(alike: Pair) -> None:
    draft = await alike.draft()
    person = await alike.to_consent(await alike.session(draft))
    where = only(await ten(lambda: press(person, "accept")), HTTPStatus.SEE_OTHER)
    assert len(await alike.listed_at_b()) == 1
    await person.open(where)
    await agree(alike, draft)


async def test_ten_callbacks_are_one_code_received(alike: Pair) -> None:
    draft = await alike.draft()
    session = await alike.session(draft)
    person = await alike.to_consent(session)
    alike.network.hold_back = "/oauth/callback"
    await person.submit(button="accept")
    alike.network.hold_back = None
    callback = person.url
    assert only(await ten(lambda: person.client.get(callback)), HTTPStatus.SEE_OTHER) == session["start_url"]
    for page in await ten(lambda: person.client.get(session["start_url"])):
        assert (page.status_code, "The other side accepted." in page.text) == (HTTPStatus.OK, True)
    assert (await history(alike.a, draft["id"]))["verification_session.receive_code"] == 1
    await agree(alike, draft)


@dataclass
class Received:
    """A code that A has received and not redeemed, and all that A needs to redeem it."""

    draft: Json
    caller: Caller
    peer: Peer
    shared_id: str
    code: str
    verifier: str

    async def redeem(self) -> TokenAnswer:
        return await protocol.redeem(self.caller, self.peer, self.shared_id, self.code, self.verifier)


async def received(pair: Pair) -> Received:
    """Return a code that both admins have agreed to."""
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="accept")
    node = pair.a.node
    async with reading(node.database) as session:
        attempt = (await session.exec(select(VerificationSession))).one()
    code, verifier = (unseal(node.sealer, attempt, name) for name in ("code_sealed", "code_verifier_sealed"))
    caller = await caller_of(node, attempt.instance_id)
    return Received(draft, caller, peer_of(attempt.peer), attempt.shared_id, code, verifier)


async def test_ten_redemptions_of_one_code_are_one_attestation(alike: Pair) -> None:
    code = await received(alike)

    async def redeem() -> TokenAnswer | PeerRefused:
        try:
            return await code.redeem()
        except PeerRefused as refusal:
            return refusal

    answers = await ten(redeem)
    (first,) = (answer for answer in answers if isinstance(answer, TokenAnswer))
    refused = [answer for answer in answers if isinstance(answer, PeerRefused)]
    assert [(refusal.status, refusal.error) for refusal in refused] == [(400, "invalid_grant")] * (TEN - 1)
    assert {refusal.description for refusal in refused} == {
        "The code was used before, or its attempt has ended."
    }
    shown = await protocol.status(code.caller, code.peer, code.shared_id, first.access_token)
    assert shown.connection_attestation == first.connection_attestation
    await agree(alike, code.draft)


async def test_ten_activations_are_one_commit(alike: Pair) -> None:
    code = await received(alike)
    token = (await code.redeem()).access_token
    answers = await ten(lambda: protocol.activate(code.caller, code.peer, code.shared_id, token))
    assert {answer.state for answer in answers} == {"active"}
    assert len({answer.model_dump_json() for answer in answers}) == 1
    await agree(alike, code.draft)


async def test_ten_activations_of_a_local_connection_are_one(alike: Pair) -> None:
    body = {"instance": alike.a.slug, "destination": {"type": "local"}, "mode": "basic",
            "details": {"local_short_name": "A", "destination_short_name": "B"}}  # fmt: skip
    draft = await alike.post("/v1/connections", body)
    answers = await ten(lambda: alike.a.api.post(f"/v1/connections/{draft['id']}/activation"))
    assert [(answer.status_code, answer.json()["state"]) for answer in answers] == [(200, "active")] * TEN
    assert (await history(alike.a, draft["id"]))["connection.activate"] == 1


@pytest.mark.parametrize(
    "sides", ["both", *(pytest.param(one, marks=pytest.mark.exhaustive) for one in ("here", "there"))]
)
async def test_ten_closings_are_one_on_each_side(alike: Pair, sides: str) -> None:
    here, there = await alike.connected()
    who = {"here": ["a"] * TEN, "there": ["b"] * TEN, "both": ["a", "b"] * (TEN // 2)}[sides]
    targets = {"a": (alike.a, here["id"]), "b": (alike.b, there["id"])}

    async def close(side: str) -> httpx.Response:
        node, connection_id = targets[side]
        return await node.api.delete(f"/v1/connections/{connection_id}")

    answers = await asyncio.gather(*(close(side) for side in who))
    assert {(answer.status_code, answer.json()["state"]) for answer in answers} == {(200, "closed")}
    await alike.work()
    for node, connection_id in targets.values():
        shown = await node.read(f"/v1/connections/{connection_id}")
        assert (shown["state"], shown["destination"]["state"]) == ("closed", "closed")
        assert (await history(node, connection_id))["connection.close"] == 1


async def test_ten_requests_of_the_other_side_to_end_are_one_end(alike: Pair) -> None:
    code = await received(alike)
    token = (await code.redeem()).access_token
    await protocol.activate(code.caller, code.peer, code.shared_id, token)
    await ten(lambda: protocol.end(code.caller, code.peer, code.shared_id, token))
    (there,) = await alike.listed_at_b()
    assert (there["state"], there["reason"]) == ("closed", "closed_by_peer")
    assert (await history(alike.b, there["id"]))["connection.close"] == 1


async def test_both_sides_initiate_towards_each_other_at_once(alike: Pair) -> None:
    async def set_up(asking: RunningNode, asked: RunningNode) -> str:
        body = {"instance": asking.slug, "destination": {"type": "public", "url": asked.issuer},
                "details": {"local_short_name": "X", "destination_short_name": "Y"}, "mode": "visual"}  # fmt: skip
        draft = read(await asking.api.post("/v1/connections", json=body), 201)
        path = f"/v1/connections/{draft['id']}/verification-sessions"
        person = await alike.to_consent(read(await asking.api.post(path), 201))
        await person.submit(button="accept")
        return str(draft["id"])

    drafts = await asyncio.gather(set_up(alike.a, alike.b), set_up(alike.b, alike.a))
    while sum(await asyncio.gather(alike.a.work(), alike.b.work())):
        pass
    for node, own in zip((alike.a, alike.b), drafts, strict=True):
        items = (await node.read("/v1/connections"))["items"]
        assert sorted((item["role"], item["state"]) for item in items) == [
            ("initiator", "active"),
            ("responder", "active"),
        ]
        assert [item["id"] for item in items if item["role"] == "initiator"] == [own]
        assert (
            len({item["shared_id"] for item in items}) == len({item["name"] for item in items}) == len(items)
        )
