"""An Idempotency-Key: whatever becomes of an answer on its way, the request is done once and answered alike."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from sqlmodel import select

from service.database.sessions import reading
from service.main import create_app
from service.openapi.document import IDEMPOTENCY_KEY, operations
from service.retries.models import AnsweredRequest
from service.retries.routes import RetryableRoute
from service.settings import Settings
from service.trust.sealing import new_key
from tests.faults.failpoints import Life, Moment
from tests.nodes import Network, RunningNode, running_node
from tests.pairs import Pair
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio
KEY, DAY = "Idempotency-Key", 24 * 3600
CREATE = "/v1/connections"


@pytest.fixture
async def node(database_url: str) -> AsyncIterator[RunningNode]:
    async with running_node(Network(), "acme", database_url, FrozenClock()) as node:
        yield node


async def post(node: RunningNode, key: str, path: str = CREATE, body: object = None) -> httpx.Response:
    return await node.api.post(path, json=body or {"instance": node.slug}, headers={KEY: key})


async def connections(node: RunningNode) -> list[str]:
    return [item["id"] for item in (await node.read("/v1/connections"))["items"]]


async def kept(node: RunningNode) -> list[AnsweredRequest]:
    async with reading(node.node.database) as session:
        return list((await session.exec(select(AnsweredRequest))).all())


async def test_a_retry_gets_the_first_answer_and_does_nothing_again(node: RunningNode) -> None:
    key = str(uuid4())
    first, again = await post(node, key), await post(node, key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for name in ("etag", "location", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert again.headers["request-id"] != first.headers["request-id"]
    assert await connections(node) == [first.json()["id"]]


async def test_the_quotes_of_the_draft_are_no_part_of_the_key(node: RunningNode) -> None:
    bare, quoted = await post(node, "one-key"), await post(node, '"one-key"')
    assert quoted.content == bare.content


async def test_a_hundred_at_once_make_one_object_and_all_get_the_same_answer(node: RunningNode) -> None:
    answers = await asyncio.gather(*(post(node, "crowd") for _ in range(100)))
    assert Counter(answer.status_code for answer in answers) == {201: 100}
    assert len({answer.content for answer in answers}) == 1
    assert Counter(answer.headers.get("idempotent-replayed") for answer in answers) == {"true": 99, None: 1}
    assert await connections(node) == [answers[0].json()["id"]]


async def test_two_hundred_with_two_keys_make_two(node: RunningNode) -> None:
    await asyncio.gather(*(post(node, f"crowd-{number % 2}") for number in range(200)))
    assert len(await connections(node)) == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [(CREATE, {"instance": "acme-tracker", "metadata": {"team": "b"}}), ("/v1/destination-probes", None)],
)
async def test_a_key_of_another_request_is_refused(node: RunningNode, path: str, body: object) -> None:
    await post(node, "once")
    answer = await post(node, "once", path, body)
    assert (answer.status_code, answer.json().get("code")) == (422, "idempotency-key-reused")
    assert len(await connections(node)) == 1


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 256, 'a"b', "ключ".encode()])
async def test_what_is_no_key_is_refused_with_its_name(node: RunningNode, key: str) -> None:
    answer = await post(node, key)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == KEY
    assert await connections(node) == []


async def test_a_refusal_is_not_kept(node: RunningNode) -> None:
    taken = {"slug": node.slug, "name": "Again", "platform": "sandbox"}
    refused = await post(node, "mine", "/v1/instances", taken)
    assert refused.status_code == 409
    assert await kept(node) == []
    assert (await post(node, "mine", "/v1/instances", {**taken, "slug": "other"})).status_code == 201


async def test_a_retry_comes_before_whatever_its_first_run_made_impossible(node: RunningNode) -> None:
    new = {"slug": "beta", "name": "Beta", "platform": "sandbox"}
    first, again = [await post(node, "beta", "/v1/instances", new) for _ in range(2)]
    assert again.json()["token"] == first.json()["token"]
    local = {"destination": {"type": "local"}, "mode": "basic", "instance": node.slug}
    details = {"local_short_name": "here", "destination_short_name": "there"}
    made = (await post(node, "made", CREATE, {**local, "details": details})).json()
    path, stale = f"/v1/connections/{made['id']}/activation", {KEY: "go", "If-Match": '"r1"'}
    done, repeated = [await node.api.post(path, headers=stale) for _ in range(2)]
    assert (done.status_code, repeated.status_code) == (200, 200)
    assert repeated.headers["idempotent-replayed"] == "true"


async def test_somebody_elses_key_is_another_one(node: RunningNode) -> None:
    first = await post(node, "shared")
    new = {"name": "other", "scopes": ["connections:read", "connections:write"], "all_instances": True}
    token = (await node.api.post("/v1/access-tokens", json=new)).json()["token"]
    headers = {KEY: "shared", "Authorization": f"Bearer {token}"}
    second = await node.api.post(CREATE, json={"instance": node.slug}, headers=headers)
    assert second.status_code == 201
    assert second.json()["id"] != first.json()["id"]


async def test_a_person_who_signed_in_again_has_the_same_keys(node: RunningNode) -> None:
    who = {
        "instance": node.slug,
        "method": "password",
        "values": {"login": "alice", "password": "alice-sandbox"},
    }
    made = set()
    for _ in range(2):
        token = (await node.api.post("/v1/sessions", json=who)).json()["token"]
        headers = {KEY: "wizard", "Authorization": f"Bearer {token}"}
        made.add((await node.api.post(CREATE, json={}, headers=headers)).json()["id"])
    assert len(made) == 1


async def test_a_token_that_was_revoked_gets_no_answer_of_its_past(node: RunningNode) -> None:
    new = {"name": "other", "scopes": ["tokens:write"], "all_instances": True}
    made = (await node.api.post("/v1/access-tokens", json=new)).json()
    headers = {KEY: "mine", "Authorization": f"Bearer {made['token']}"}
    body = {"name": "more", "scopes": ["tokens:write"], "all_instances": True}
    assert (await node.api.post("/v1/access-tokens", json=body, headers=headers)).status_code == 201
    await node.api.delete(f"/v1/access-tokens/{made['id']}")
    assert (await node.api.post("/v1/access-tokens", json=body, headers=headers)).status_code == 401


async def test_a_key_is_free_again_after_a_day(node: RunningNode) -> None:
    first = (await post(node, "daily")).json()["id"]
    node.clock.advance(DAY - 1)
    assert (await post(node, "daily")).json()["id"] == first
    node.clock.advance(1)
    assert (
        await post(node, "daily", CREATE, {"instance": node.slug, "metadata": {"day": "2"}})
    ).status_code == 201
    node.clock.advance(DAY)
    await node.work()
    assert await kept(node) == []


async def test_answers_are_sealed_at_rest(node: RunningNode) -> None:
    new = {"name": "other", "scopes": ["tokens:write"], "all_instances": True}
    secret = (await post(node, "secret", "/v1/access-tokens", new)).json()["token"]
    (row,) = await kept(node)
    assert row.answer_sealed is not None
    assert row.answer_sealed.startswith("v1.")
    assert secret not in row.model_dump_json()
    assert "secret" not in row.id


@pytest.mark.parametrize("moment", list(Moment))
async def test_a_crash_between_effect_and_answer_leaves_both_or_none(
    node: RunningNode, moment: Moment
) -> None:
    life = Life(node.node)
    life.die_later(0, moment)
    with pytest.raises(httpx.TransportError):
        await post(node, "crash")
    await node.revive()
    again = await post(node, "crash")
    assert again.status_code == 201
    assert again.headers.get("idempotent-replayed") == ("true" if moment is Moment.AFTER else None)
    assert await connections(node) == [again.json()["id"]]


async def test_who_waits_too_long_for_a_twin_is_told_to_come_again(
    postgres_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.retries.once.LONGEST_WAIT", "20ms")
    async with running_node(Network(), "acme", postgres_database_url, FrozenClock()) as node:
        me = await node.read("/v1/me")
        row_id = node.node.hasher.hash(f"{me['id']}\nslow")
        twin = AnsweredRequest(id=row_id, fingerprint="f", expires_at=node.clock.now())
        async with node.node.database.writes() as first:
            first.add(twin)
            await first.flush()
            answer = await post(node, "slow")
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency-in-progress")
        assert answer.headers["retry-after"] == "1"
        assert (await post(node, "slow")).status_code == 201


async def test_what_changes_nothing_here_is_answered_alike_too(pair: Pair) -> None:
    """A probe asks the other side each time; its retry does not."""
    headers, body = {KEY: "look"}, {"instance": pair.a.slug, "url": pair.b.issuer}
    first = await pair.a.api.post("/v1/destination-probes", json=body, headers=headers)
    pair.network.down.add("b.test")
    again = await pair.a.api.post("/v1/destination-probes", json=body, headers=headers)
    assert again.content == first.content
    assert again.json()["outcome"] == "node_found"


async def test_the_code_of_an_invitation_is_not_lost_with_its_answer(pair: Pair) -> None:
    draft = await pair.draft("script")
    path, headers = f"/v1/connections/{draft['id']}/invitations", {KEY: "invite"}
    first, again = [await pair.a.api.post(path, headers=headers) for _ in range(2)]
    assert again.json() == first.json()
    assert again.json()["code"]


def test_every_post_with_a_token_may_be_retried() -> None:
    settings = {
        "public_url": "https://a.example",
        "sealing_keys": new_key(),
        "sandbox": True,
        "worker": False,
    }
    app = create_app(Settings.model_validate(settings))
    described = {
        path: IDEMPOTENCY_KEY in operation.get("parameters", [])
        for path, method, operation in operations(app.openapi())
        if method == "post" and "security" in operation
    }
    routes = {
        route.path
        for route in app.routes
        if isinstance(route, RetryableRoute) and "POST" in (route.methods or ())
    }
    assert set(described) <= routes
    assert all(described.values())
    assert len(described) > 10
