"""What a peer that behaves badly, or simply otherwise, can do to a connection: nothing lasting."""

import asyncio

import pytest
from sqlmodel import select

from service.connections.peers import caller_of, read_peer
from service.connections.telling import END_JOB, tell_peer
from service.database.sessions import reading, transaction
from service.jobs.models import Job
from service.protocol.client import connection_token
from tests.pairs import DETAILS, Pair, read

pytestmark = pytest.mark.anyio


async def test_two_peers_that_use_one_shared_id_are_both_told(pair: Pair) -> None:
    here, _ = await pair.connected()
    node, now = pair.a.node, pair.clock.now()
    async with transaction(node.database) as session:
        await tell_peer(session, here["instance"], "https://evil.test/i/evil", here["shared_id"], now)
        await tell_peer(session, here["instance"], pair.b.issuer, here["shared_id"], now)
    await pair.work()
    assert (await pair.listed_at_b())[0]["state"] == "closed"


async def test_an_impossible_answer_to_the_push_gives_the_draft_back(pair: Pair) -> None:
    draft = await pair.draft()
    session = await pair.session(draft)
    person = await pair.person()
    await person.open(session["start_url"])
    await person.sign_in()
    pair.network.rewrite = (b'"expires_in":300', b'"expires_in":-1000000000000000000000000000000')
    await person.submit()
    assert person.status == 424
    back = await pair.shown(draft)
    assert (back["state"], back["last_error"]["code"]) == ("draft", "destination-refused")


async def test_a_close_over_there_before_the_code_is_redeemed_says_so(pair: Pair) -> None:
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    pair.network.hold_back = "/oauth/callback"
    await person.submit(button="accept")
    pair.network.hold_back = None
    (there,) = await pair.listed_at_b()
    await pair.b.api.delete(f"/v1/connections/{there['id']}")
    await person.open(person.url)
    await pair.work()
    back = await pair.shown(draft)
    assert (back["state"], back["last_error"]["code"]) == ("draft", "verification-expired")
    assert "ended this attempt" in back["last_error"]["detail"]


async def test_a_member_who_sends_deny_by_hand_is_told_as_no_admin(pair: Pair) -> None:
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft), login="bob")
    (form,) = person.forms()
    answer = await person.client.post(
        person.url, data={**form.fields, "decision": "deny"}, headers={"Origin": pair.b.url}
    )
    await person.open(answer.headers["location"])
    assert (await pair.shown(draft))["last_error"]["code"] == "not-an-admin"


async def test_parallel_drafts_without_a_name_each_get_one(each_pair: Pair) -> None:
    body = {"instance": each_pair.a.slug, "destination": {"type": "local"}, "details": DETAILS}
    answers = await asyncio.gather(*(each_pair.a.api.post("/v1/connections", json=body) for _ in range(6)))
    assert len({read(answer, 201)["name"] for answer in answers}) == 6


async def test_a_closed_connection_shows_when_the_other_side_knows(pair: Pair) -> None:
    here, there = await pair.connected()
    await pair.a.api.delete(f"/v1/connections/{here['id']}")
    assert (await pair.shown(here))["destination"]["state"] == "active"
    await pair.work()
    assert (await pair.shown(here))["destination"]["state"] == "closed"
    at_b = read(await pair.b.api.get(f"/v1/connections/{there['id']}"), 200)
    assert at_b["destination"]["state"] == "closed"


async def test_refusals_that_are_repeated_do_not_bury_the_history(pair: Pair) -> None:
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    pair.network.hold_back = "/oauth/callback"
    await person.submit(button="accept")
    pair.network.hold_back = None
    stranger = await pair.person()
    for _ in range(15):
        await stranger.open(person.url)
    told = (await pair.a.read(f"/v1/connections/{draft['id']}/history"))["items"]
    assert len([event for event in told if event["what"] == "callback.refused"]) == 10


async def test_the_jobs_that_tell_peers_are_apart(pair: Pair) -> None:
    async with transaction(pair.a.node.database) as session:
        for issuer in ("https://x.test/i/x", "https://y.test/i/y", "https://x.test/i/x"):
            await tell_peer(session, str(pair.a.instance["id"]), issuer, "same", pair.clock.now())
    async with reading(pair.a.node.database) as session:
        jobs = [job for job in (await session.exec(select(Job))).all() if job.kind == END_JOB]
    assert len(jobs) == 2


async def test_an_answer_that_is_lost_on_its_way_back_ends_the_attempt_on_both_sides(pair: Pair) -> None:
    draft = await pair.draft()
    session = await pair.session(draft)
    person = await pair.to_consent(session)
    pair.network.hold_back = "/oauth/callback"
    await person.submit(button="accept")
    pair.clock.advance(121)
    await pair.b.work()
    await pair.a.work()
    back = await pair.shown(draft)
    assert (back["state"], back["last_error"]["code"]) == ("draft", "verification-expired")
    assert [item["state"] for item in await pair.listed_at_b()] == ["closed"]


async def test_who_takes_long_to_decide_loses_nothing(pair: Pair) -> None:
    draft = await pair.draft()
    session = await pair.session(draft)
    person = await pair.to_consent(session)
    pair.clock.advance(240)
    await pair.work()
    await person.submit(button="accept")
    await pair.work()
    assert (await pair.shown(draft))["state"] == "active"


async def test_a_token_carries_no_rights_before_the_connection_is_active(pair: Pair) -> None:
    draft = await pair.draft()
    session = await pair.session(draft)
    person = await pair.to_consent(session)
    node, shared_id = pair.a.node, str((await pair.shown(draft))["shared_id"])
    caller = await caller_of(node, draft["instance"])
    peer = await read_peer(node, pair.b.issuer)
    assert "items" not in (await connection_token(caller, peer, shared_id)).scope
    await person.submit(button="accept")
    await pair.work()
    assert "items:write" in (await connection_token(caller, peer, shared_id)).scope


@pytest.mark.parametrize("name", ["\u202eevil", " x", "x ", "\u200b", "\u3000", "a\x85b"])
async def test_a_name_shows_all_that_it_is(pair: Pair, name: str) -> None:
    body = {"instance": pair.a.slug, "destination": {"type": "local"}, "details": {**DETAILS, "name": name}}
    problem = await pair.post("/v1/connections", body, expected=422)
    assert problem["errors"][0]["pointer"] == "/details/name"
