"""What ends by itself on the responder's side, and what a sweep leaves."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from service.authorization.requests.models import AuthorizationRequest
from service.authorization.requests.timers import EXPIRE_JOB
from service.database.sessions import reading
from service.jobs.models import Job
from service.protocol.replay import CachedDocument, SeenToken
from tests.authorization.stranger import Stranger, error_of, only_connection

pytestmark = pytest.mark.anyio


async def states(stranger: Stranger) -> list[str]:
    async with reading(stranger.asked.node.database) as session:
        return [record.state.value for record in (await session.exec(select(AuthorizationRequest))).all()]


async def test_a_request_that_nobody_decides_on_expires(stranger: Stranger) -> None:
    await stranger.request_uri()
    stranger.asked.clock.advance(299)
    await stranger.asked.work()
    assert await states(stranger) == ["requested"]
    stranger.asked.clock.advance(1)
    await stranger.asked.work()
    assert await states(stranger) == ["expired"]
    assert (await stranger.push()).status_code == 201
    assert await states(stranger) == ["requested"]


async def test_a_code_that_nobody_redeems_ends_the_attempt(stranger: Stranger) -> None:
    code = await stranger.code()
    shown = await only_connection(stranger)
    assert shown["expires_at"] == (stranger.asked.clock.now() + timedelta(seconds=60)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )
    stranger.asked.clock.advance(60)
    await stranger.asked.work()
    assert await states(stranger) == ["expired"]
    shown = await only_connection(stranger)
    assert (shown["state"], shown["reason"]) == ("closed", "attempt_expired")
    assert error_of(await stranger.redeem(code)) == (400, "invalid_grant")
    token = await stranger.access_token()
    assert (await stranger.call("GET", token)).json()["state"] == "closed"


async def test_redeeming_gives_ten_more_minutes(stranger: Stranger) -> None:
    await stranger.redeemed()
    stranger.asked.clock.advance(599)
    await stranger.asked.work()
    assert (await only_connection(stranger))["state"] == "pending"
    stranger.asked.clock.advance(1)
    await stranger.asked.work()
    shown = await only_connection(stranger)
    assert (shown["state"], shown["reason"]) == ("closed", "attempt_expired")


async def test_timers_run_only_before_active(stranger: Stranger) -> None:
    await stranger.activate((await stranger.redeemed())["access_token"])
    stranger.asked.clock.advance(3600 * 24)
    await stranger.asked.work()
    assert await states(stranger) == ["active"]
    async with reading(stranger.asked.node.database) as session:
        failed = select(Job).where(Job.kind == EXPIRE_JOB, col(Job.done_at).is_(None))
        assert (await session.exec(failed)).all() == []
    assert (await only_connection(stranger))["state"] == "active"


async def test_a_sweep_leaves_what_somebody_may_still_ask_for(stranger: Stranger) -> None:
    other = Stranger(stranger.network, stranger.asked, "other.test")
    await stranger.redeemed()
    await other.request_uri()
    stranger.asked.clock.advance(3600 * 24 * 6)
    await stranger.asked.work()
    assert sorted(await states(stranger)) == ["expired", "expired"]
    stranger.asked.clock.advance(3600 * 24 * 2)
    await stranger.asked.work()
    assert await states(stranger) == ["expired"]
    async with reading(stranger.asked.node.database) as session:
        assert (await session.exec(select(SeenToken))).all() == []
        assert (await session.exec(select(CachedDocument))).all() == []
