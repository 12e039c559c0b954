"""`Prefer: wait`: the answer comes with the change, and nothing is held until then."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from service.api import waiting
from service.http import busy_limit
from tests.deadlines import PATIENCE_SECONDS
from tests.nodes import RunningNode
from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio
LONG, SHORT = {"Prefer": "wait=30"}, {"Prefer": "wait=1"}
NEVER = 3600.0
# One for each change that its reader can see; a loop that asks every second would need as many seconds.
MOST_READS = 8


@pytest.fixture
def only_bells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks again by himself: whoever is woken was rung for."""
    monkeypatch.setattr(waiting, "LOOK_AGAIN_SECONDS", NEVER)


@asynccontextmanager
async def waiting_for(
    node: RunningNode, path: str, headers: dict[str, str] | None = None
) -> AsyncIterator[asyncio.Task[httpx.Response]]:
    """Give the answer that is still to come; somebody waits for it when the block begins."""
    tag = (await node.api.get(path)).headers["etag"]
    asked = {"If-None-Match": tag, **LONG, **(headers or {})}
    task = asyncio.create_task(node.api.get(path, headers=asked))
    await rest(node, 1)
    yield task
    async with asyncio.timeout(PATIENCE_SECONDS):
        await task


async def rest(node: RunningNode, many: int) -> None:
    """So many requests do nothing but wait by now, and no session is open; others get their turn meanwhile."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while resting(node) < many or checked_out(node):  # noqa: ASYNC110 - nothing tells that nothing happens
            await asyncio.sleep(0)


def checked_out(node: RunningNode) -> int:
    """Return how many connections to the database somebody holds."""
    engines = (node.node.database.engine, node.node.database.reading_engine)
    return sum(engine.pool.checkedout() for engine in engines)  # type: ignore[attr-defined]


def resting(node: RunningNode) -> int:
    """Return how many requests only wait."""
    layer = node.app.middleware_stack
    while layer is not None and not isinstance(layer, busy_limit.BusyLimit):
        layer = getattr(layer, "app", None)
    assert layer is not None
    return layer.resting.total()


@pytest.mark.usefixtures("only_bells")
@pytest.mark.parametrize("kind", ["connection", "session", "invitation"])
async def test_the_answer_comes_with_the_change(each_pair: Pair, kind: str) -> None:
    pair, draft = each_pair, await each_pair.draft("script")
    path = f"/v1/connections/{draft['id']}"
    other = path
    if kind == "session":
        other = f"/v1/verification-sessions/{(await pair.session(draft))['id']}"
    if kind == "invitation":
        other = f"/v1/invitations/{(await pair.post(path + '/invitations'))['id']}"
    async with waiting_for(pair.a, other) as answer:
        assert not answer.done()
        assert (await pair.a.api.delete(path)).status_code == 200
    shown = read(answer.result(), 200)
    assert shown["state"] in {"closed", "cancelled", "revoked"}
    assert answer.result().headers["preference-applied"] == "wait=30"


@pytest.mark.usefixtures("only_bells")
async def test_a_whole_set_up_is_followed_by_waiting(pair: Pair) -> None:
    draft = await pair.draft()
    path, reads = f"/v1/connections/{draft['id']}", 0
    person = await pair.to_consent(await pair.session(draft))

    async def follow() -> str:
        nonlocal reads
        headers, state = dict(LONG), ""
        while state != "active":
            answer = await pair.a.api.get(path, headers=headers)
            headers["If-None-Match"], state = answer.headers["etag"], read(answer, 200)["state"]
            reads += 1
        return state

    following = asyncio.create_task(follow())
    await rest(pair.a, 1)
    await person.submit(button="accept")
    await pair.a.work()
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await following == "active"
    assert reads <= MOST_READS


async def test_what_another_replica_commits_is_found(
    each_pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LOOK_AGAIN_SECONDS", 0.02)
    draft = await each_pair.draft()
    path = f"/v1/connections/{draft['id']}"
    monkeypatch.setattr(each_pair.a.node.database.changes, "happened", lambda _subjects: None)
    async with waiting_for(each_pair.a, path) as answer:
        read(await each_pair.a.api.patch(path, json={"description": "new"}), 200)
    assert read(answer.result(), 200)["description"] == "new"


async def test_when_nothing_happens_the_reader_is_told_so_in_time(pair: Pair) -> None:
    path = f"/v1/connections/{(await pair.draft())['id']}"
    tag = (await pair.a.api.get(path)).headers["etag"]
    began = time.monotonic()
    answer = await pair.a.api.get(path, headers={"If-None-Match": tag, **SHORT})
    assert (answer.status_code, answer.headers["preference-applied"]) == (304, "wait=1")
    assert 1 <= time.monotonic() - began < PATIENCE_SECONDS
    without = await pair.a.api.get(path, headers=SHORT)
    assert (without.status_code, without.headers["preference-applied"]) == (200, "wait=1")


@pytest.mark.parametrize("headers", [{"If-None-Match": '"older"', **LONG}, {"Prefer": "respond-async"}, {}])
async def test_who_has_an_older_version_does_not_wait(pair: Pair, headers: dict[str, str]) -> None:
    path = f"/v1/connections/{(await pair.draft())['id']}"
    answer = await pair.a.api.get(path, headers=headers)
    assert answer.status_code == 200
    assert "preference-applied" not in answer.headers


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=20", 20),
        ("wait = 20", 20),
        ('wait="5"', 5),
        ("return=minimal, wait=7", 7),
        ("Wait=7; foo=bar", 7),
        ("wait=99999", waiting.LONGEST_SECONDS),
        ("wait=-1", 0),
        ("wait=soon", 0),
        ("await=3", 0),
        ("", 0),
        (None, 0),
    ],
)
def test_what_is_no_preference_is_none(prefer: str | None, seconds: int) -> None:
    assert waiting._seconds(prefer) == seconds  # noqa: SLF001 - a table of what the header may say


async def test_who_waits_holds_no_connection_to_the_database(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LOOK_AGAIN_SECONDS", NEVER)
    path = f"/v1/connections/{(await pair.draft())['id']}"
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(pair.a.api.get(path, headers=LONG)) for _ in range(60)]
        await rest(pair.a, len(tasks))
        assert checked_out(pair.a) == 0
        read(await pair.a.api.patch(path, json={"description": "new"}), 200)
    assert {read(task.result(), 200)["description"] for task in tasks} == {"new"}


async def test_who_waits_takes_no_place_and_too_many_are_answered_at_once(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(busy_limit, "MOST_RESTING_OF_A_SOURCE", 1)
    path = f"/v1/connections/{(await pair.draft())['id']}"
    async with waiting_for(pair.a, path) as answer:
        second = await pair.a.api.get(path, headers=LONG)
        assert second.status_code == 200
        assert "preference-applied" not in second.headers
        read(await pair.a.api.patch(path, json={"description": "new"}), 200)
    assert answer.result().status_code == 200
    assert resting(pair.a) == 0


async def test_a_token_that_is_revoked_meanwhile_gets_nothing(pair: Pair) -> None:
    path = f"/v1/connections/{(await pair.draft())['id']}"
    new = {"name": "watcher", "scopes": ["connections:read"], "all_instances": True}
    token = read(await pair.a.api.post("/v1/access-tokens", json=new), 201)
    async with waiting_for(pair.a, path, {"Authorization": f"Bearer {token['token']}"}) as answer:
        assert (await pair.a.api.delete(f"/v1/access-tokens/{token['id']}")).status_code == 204
        read(await pair.a.api.patch(path, json={"description": "secret plans"}), 200)
    assert answer.result().status_code == 401
