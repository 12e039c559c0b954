"""What clients can leave behind here is bounded, and one that floods keeps those that are known from nothing."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlmodel import SQLModel, insert, select

from service.authorization import router as authorization
from service.authorization import sweeping
from service.authorization.requests import places
from service.authorization.requests.models import AuthorizationRequest
from service.authorization.requests.timers import EXPIRE_JOB
from service.database.sessions import reading, transaction
from service.jobs.models import Job
from service.protocol.replay import CachedDocument, SeenToken
from tests.authorization.stranger import Stranger, error_of

pytestmark = pytest.mark.anyio


async def store(stranger: Stranger, kind: type[SQLModel], rows: list[dict[str, object]]) -> None:
    async with transaction(stranger.asked.node.database) as session:
        await session.exec(insert(kind), params=rows)


async def rows(stranger: Stranger, kind: type[SQLModel]) -> list[SQLModel]:
    async with reading(stranger.asked.node.database) as session:
        return list((await session.exec(select(kind))).all())


async def wait_here(stranger: Stranger, hosts: list[str], *, state: str = "requested") -> None:
    """One request of each of these hosts waits for a decision."""
    now = stranger.asked.clock.now()
    usual = {
        "instance_id": stranger.asked.instance["id"],
        "state": state,
        "client": {},
        "redirect_uri": "",
        "client_state_sealed": "",
        "nonce": "",
        "code_challenge": "",
        "scope": [],
        "details": {},
        "comparison_code": "",
        "expires_at": now + timedelta(seconds=300),
        "created_at": now,
    }
    requests = [
        {
            **usual,
            "id": f"aut_{uuid4().hex}",
            "client_id": f"https://{host}/i/{number}/oauth/client.json",
            "shared_id": str(uuid4()),
            "request_uri_hash": uuid4().hex,
        }
        for number, host in enumerate(hosts)
    ]
    await store(stranger, AuthorizationRequest, requests)


async def test_a_host_has_its_share_of_places_and_no_more(stranger: Stranger) -> None:
    """However many clients it names; the host of another name, and one that has expired, is not counted."""
    await wait_here(stranger, [stranger.host] * (places.MOST_OF_A_HOST - 1))
    await wait_here(stranger, [stranger.host + ".other.test"] * 5)
    await wait_here(stranger, [stranger.host] * 5, state="denied")
    assert (await stranger.push()).status_code == 201
    assert (await stranger.push()).status_code == 201, "it takes the place of the same attempt"
    refused = await stranger.push(shared_id=str(uuid4()))
    assert error_of(refused) == (429, "temporarily_unavailable")
    assert refused.headers["retry-after"] == "60"
    other = Stranger(stranger.network, stranger.asked, "other.test")
    assert (await other.push()).status_code == 201
    stranger.asked.clock.advance(300)
    assert (await stranger.push(shared_id=str(uuid4()))).status_code == 201


async def test_where_every_place_is_taken_known_clients_still_find_one(stranger: Stranger) -> None:
    await stranger.redeemed()
    await wait_here(stranger, [f"h{number}.test" for number in range(places.MOST_OF_ALL)])
    unknown = Stranger(stranger.network, stranger.asked, "unknown.test")
    refused = await unknown.push()
    assert error_of(refused) == (503, "temporarily_unavailable")
    assert refused.headers["retry-after"] == "60"
    assert (await stranger.push(shared_id=str(uuid4()))).status_code == 201
    stranger.asked.clock.advance(300)
    assert (await unknown.push()).status_code == 201


async def test_a_client_that_pushes_again_and_again_leaves_no_jobs(stranger: Stranger) -> None:
    for _ in range(5):
        assert (await stranger.push()).status_code == 201
    assert len(await rows(stranger, AuthorizationRequest)) == 1
    assert await _expiry_jobs(stranger) == 1
    stranger.asked.clock.advance(300)
    await stranger.asked.work()
    assert await _expiry_jobs(stranger) == 1
    stranger.asked.clock.advance(3600 + 600)
    await stranger.asked.work()
    assert await _expiry_jobs(stranger) == 0
    assert await rows(stranger, AuthorizationRequest) == []


async def _expiry_jobs(stranger: Stranger) -> int:
    async with reading(stranger.asked.node.database) as session:
        return len((await session.exec(select(Job).where(Job.kind == EXPIRE_JOB))).all())


async def test_used_tokens_are_not_taken_in_without_end(
    stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A used JWT must not be forgotten early, so there is no room for more until those have expired."""
    monkeypatch.setattr(authorization, "MOST_SEEN", 20)
    expires_at = stranger.asked.clock.now() + timedelta(seconds=60)
    await store(
        stranger, SeenToken, [{"fingerprint": str(number), "expires_at": expires_at} for number in range(20)]
    )
    for answer in (await stranger.push(), await stranger.connection_token()):
        assert error_of(answer) == (503, "temporarily_unavailable")
        assert answer.headers["retry-after"] == "60"
    assert len(await rows(stranger, SeenToken)) == 20
    stranger.asked.clock.advance(600)
    await stranger.asked.work()
    assert (await stranger.push()).status_code == 201


async def test_a_cache_of_documents_keeps_the_newest(
    stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "MOST_DOCUMENTS", 3)
    now = stranger.asked.clock.now()
    documents = [
        {"url": f"https://{age}.test", "document": "{}", "fetched_at": now - timedelta(minutes=age)}
        for age in range(5)
    ]
    await store(stranger, CachedDocument, documents)
    stranger.asked.clock.advance(600)
    await stranger.asked.work()
    kept = {
        str(document.url)
        for document in await rows(stranger, CachedDocument)
        if isinstance(document, CachedDocument)
    }
    assert kept == {"https://0.test", "https://1.test", "https://2.test"}
