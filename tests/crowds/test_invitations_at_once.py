"""Many at once who want one invitation: one has it, and each of the others is told what happened. On both databases."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from tests.invitations.claimant import Claimant
from tests.invitations.invited import Invited
from tests.pairs import Pair

pytestmark = pytest.mark.anyio
HUNDRED, TEN = 100, 10
LATE = (
    (HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"),
    (HTTPStatus.FAILED_DEPENDENCY, "destination-unreachable"),
)
Json = dict[str, Any]
Ask = Callable[[], Awaitable[httpx.Response]]


@pytest.fixture
async def invited(alike: Pair) -> Invited:
    return await Invited.begin(alike)


async def at_once(asks: Iterable[Ask]) -> Counter[tuple[int, str]]:
    """Return how often each answer came: its status, and its problem, error or id."""
    answers = await asyncio.gather(*(ask() for ask in asks))
    return Counter((answer.status_code, _in_a_word(answer.json())) for answer in answers)


def _in_a_word(body: Json) -> str:
    return str(body.get("code") or body.get("error_description") or body.get("id") or body["client_id"])


@pytest.mark.exhaustive
async def test_a_hundred_acceptances_of_one_code_are_one_connection(alike: Pair, invited: Invited) -> None:
    body = {"code": (await invited.invite())["code"], "instance": alike.b.slug}
    told, left = Counter[tuple[int, str]](), HUNDRED
    while left:  # whoever the node had no place for, or the inviter no answer in time, is told to ask again
        told += await at_once([lambda: alike.b.api.post("/v1/invitation-acceptances", json=body)] * left)
        left = sum(told.pop(late, 0) for late in LATE)
    assert list(told.values()) == [HUNDRED], told
    ((status, accepted),) = told
    assert status == HTTPStatus.CREATED
    await alike.work()
    (theirs,) = await alike.listed_at_b()
    assert (theirs["state"], theirs["invitation"]) == ("pending", accepted)
    (sent,) = (await alike.a.read("/v1/invitations"))["items"]
    assert sent["state"] == "claimed"


async def test_of_acceptances_and_rejections_one_counts(alike: Pair, invited: Invited) -> None:
    body = {"code": (await invited.invite())["code"], "instance": alike.b.slug}
    paths = ["/v1/invitation-acceptances", "/v1/invitation-rejections"] * (TEN // 2)
    told = await at_once(partial(alike.b.api.post, path, json=body) for path in paths)
    assert sum(told[answer] for answer in told if answer[0] == HTTPStatus.CREATED) == TEN // 2
    assert told[HTTPStatus.GONE, "invitation-unusable"] == TEN // 2
    (known,) = (await alike.b.read("/v1/invitations"))["items"]
    await alike.work()
    (sent,) = (await alike.a.read("/v1/invitations"))["items"]
    assert sent["state"] == ("claimed" if known["state"] == "claiming" else "rejected")
    assert len(await alike.listed_at_b()) == (1 if known["state"] == "claiming" else 0)


async def test_of_ten_claimants_one_wins(alike: Pair, invited: Invited) -> None:
    code = (await invited.invite())["code"]
    claimants = [Claimant(alike.network, alike.a, f"asker{number}.test") for number in range(TEN)]
    told = await at_once(partial(claimant.register, code) for claimant in claimants)
    assert told[HTTPStatus.UNAUTHORIZED, "Another key has claimed this invitation."] == TEN - 1
    ((winner, _),) = [answer for answer in told.items() if answer[0][0] == HTTPStatus.CREATED]
    (sent,) = (await alike.a.read("/v1/invitations"))["items"]
    assert winner[1] == f"https://{sent['claimed_by']['host']}/i/asker/oauth/client.json"


async def test_who_was_second_reads_that_it_is_used(alike: Pair, invited: Invited) -> None:
    issued = await invited.invite()
    accepted = await invited.accept(issued)
    await Claimant(alike.network, alike.a).claimed(issued["code"])
    await alike.work()
    (theirs,) = await alike.listed_at_b()
    assert (theirs["state"], theirs["last_error"]["reason"]) == ("closed", "used")
    shown = await alike.b.read(f"/v1/invitations/{accepted['id']}")
    assert shown["last_error"]["code"] == "invitation-unusable"


async def test_ten_registrations_of_one_key_are_one_claim(alike: Pair, invited: Invited) -> None:
    code = (await invited.invite())["code"]
    claimant = Claimant(alike.network, alike.a)
    told = await at_once([lambda: claimant.register(code)] * TEN)
    assert told == {(HTTPStatus.CREATED, claimant.client_id): TEN}
    history = await alike.a.read(f"/v1/connections/{invited.draft['id']}/history?limit=100")
    assert [event["what"] for event in history["items"]].count("invitation.claim") == 1


async def test_ten_confirmations_are_one(alike: Pair, invited: Invited) -> None:
    issued = await invited.invite()
    await invited.accept(issued)
    await alike.work()
    path = f"/v1/invitations/{issued['id']}/confirmation"
    told = await at_once([partial(alike.a.api.put, path, json={"decision": "confirm"})] * TEN)
    assert told == {(HTTPStatus.OK, issued["id"]): TEN}
    alike.clock.advance(60)
    await alike.work()
    ours, theirs = await invited.both()
    assert (ours["state"], theirs["state"]) == ("active", "active")


async def test_of_an_activation_and_a_revocation_one_counts(alike: Pair, invited: Invited) -> None:
    issued = await invited.invite(confirmation_required=False)
    claimant = Claimant(alike.network, alike.a)
    await claimant.claimed(issued["code"])
    token = await claimant.token()
    path = f"/v1/invitations/{issued['id']}"
    activated, revoked = await asyncio.gather(claimant.activate(token), alike.a.api.delete(path))
    ours = await invited.ours()
    if activated.status_code == HTTPStatus.OK:
        assert (revoked.status_code, ours["state"]) == (HTTPStatus.CONFLICT, "active")
    else:
        assert (activated.status_code, revoked.status_code) == (HTTPStatus.GONE, HTTPStatus.OK)
        assert ours["state"] == "draft"


async def test_of_ten_invitations_at_once_the_last_one_is_good(alike: Pair, invited: Invited) -> None:
    path = f"/v1/connections/{invited.draft['id']}/invitations"
    answers = await asyncio.gather(*(alike.a.api.post(path, json={}) for _ in range(TEN)))
    assert {answer.status_code for answer in answers} == {HTTPStatus.CREATED}
    states = Counter(item["state"] for item in (await alike.a.read("/v1/invitations"))["items"])
    assert states == {"open": 1, "revoked": TEN - 1}


async def test_ten_wrong_codes_at_once_are_ten(alike: Pair, invited: Invited) -> None:
    issued = await invited.invite()
    claimant = Claimant(alike.network, alike.a)
    told = await at_once(
        partial(claimant.asks, issued["code"], secret=str(guess) * 43) for guess in range(TEN)
    )
    assert {status for status, _ in told} == {HTTPStatus.UNAUTHORIZED}
    assert (await invited.shown(issued))["state"] == "locked"
