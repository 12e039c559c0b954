"""Whoever reads a resource saves the transfer of what they have, and whoever changes it overwrites nothing unseen."""

from typing import Any

import httpx
import pytest

from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
STALE = {"If-Match": '"0123456789abcdef"'}
EVENTS = "/v1/connections/{}/history"


async def made(pair: Pair, kind: str) -> str:
    """Return the path of a fresh resource of this kind."""
    draft = await pair.draft("script")
    match kind:
        case "connection":
            return f"/v1/connections/{draft['id']}"
        case "verification session":
            return f"/v1/verification-sessions/{(await pair.session(draft))['id']}"
        case "invitation":
            issued = await pair.post(f"/v1/connections/{draft['id']}/invitations")
            return f"/v1/invitations/{issued['id']}"
        case _:
            return f"/v1/instances/{pair.a.instance['id']}"


KINDS = ["connection", "verification session", "invitation", "instance"]
CHANGES = {
    "connection": ("PATCH", {"description": "new"}),
    "verification session": ("DELETE", None),
    "invitation": ("DELETE", None),
    "instance": ("PATCH", {"name": "new"}),
}


async def change(pair: Pair, kind: str, path: str, headers: Json) -> httpx.Response:
    method, body = CHANGES[kind]
    return await pair.a.api.request(method, path, json=body, headers=headers)


@pytest.mark.parametrize("kind", KINDS)
async def test_who_has_it_gets_no_second_copy(each_pair: Pair, kind: str) -> None:
    path = await made(each_pair, kind)
    tag = (await each_pair.a.api.get(path)).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = await each_pair.a.api.get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert (await change(each_pair, kind, path, {})).headers["etag"] != tag
    assert (await each_pair.a.api.get(path, headers={"If-None-Match": tag})).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
async def test_a_writer_who_read_something_older_is_refused_and_changes_nothing(
    each_pair: Pair, kind: str
) -> None:
    path = await made(each_pair, kind)
    before = await each_pair.a.api.get(path)
    problem = read(await change(each_pair, kind, path, STALE), 412)
    assert problem["code"] == "stale-revision"
    assert (await each_pair.a.api.get(path)).content == before.content
    done = await change(each_pair, kind, path, {"If-Match": before.headers["etag"]})
    assert done.status_code == 200
    assert (await each_pair.a.api.get(path)).headers["etag"] == done.headers["etag"]


async def test_an_instance_that_changed_is_not_removed(pair: Pair) -> None:
    path = await made(pair, "instance")
    tag = (await pair.a.api.get(path)).headers["etag"]
    await change(pair, "instance", path, {})
    assert read(await pair.a.api.delete(path, headers={"If-Match": tag}), 412)["code"] == "stale-revision"


async def test_what_was_made_has_the_tag_that_it_is_read_with(pair: Pair) -> None:
    draft = await pair.draft("script")
    for path in ("verification-sessions", "invitations"):
        made = await pair.a.api.post(f"/v1/connections/{draft['id']}/{path}")
        assert (await pair.a.api.get(made.headers["location"])).headers["etag"] == made.headers["etag"]
    new = {"slug": "beta", "name": "Beta", "platform": "sandbox"}
    made = await pair.a.api.post("/v1/instances", json=new)
    assert (await pair.a.api.get(made.headers["location"])).headers["etag"] == made.headers["etag"]


async def test_a_change_of_the_instance_is_seen_at_its_connections(pair: Pair) -> None:
    """What can be done next depends on it, so a reader of the connection must not be told that nothing changed."""
    path = await made(pair, "connection")
    tag = (await pair.a.api.get(path)).headers["etag"]
    read(await pair.a.api.patch(await made(pair, "instance"), json={"network": "private"}), 200)
    assert (await pair.a.api.get(path, headers={"If-None-Match": tag})).status_code == 200
    changed = await pair.a.api.patch(path, json={"description": "new"}, headers={"If-Match": tag})
    assert changed.status_code == 200


@pytest.mark.parametrize("answer", ["destination", "details", "mode"])
async def test_the_same_answer_again_changes_nothing(each_pair: Pair, answer: str) -> None:
    pair, draft = each_pair, await each_pair.draft()
    session = await pair.session(draft)
    path = f"/v1/connections/{draft['id']}"
    bodies: Json = {
        "destination": {"type": "public", "url": pair.b.issuer},
        "details": {"local_short_name": "A", "destination_short_name": "B"},
        "mode": {"mode": "visual"},
    }
    before, events = await pair.a.api.get(path), await pair.a.read(path + "/history")
    pair.clock.advance(1)
    again = await pair.a.api.put(f"{path}/{answer}", json=bodies[answer])
    assert again.status_code == 200
    assert again.content == before.content
    assert again.headers["etag"] == before.headers["etag"]
    assert await pair.a.read(path + "/history") == events
    assert (await pair.shown_session(session))["state"] == "created"


async def test_the_same_changes_again_change_nothing(pair: Pair) -> None:
    draft = await pair.draft()
    for path, body in (
        (f"/v1/connections/{draft['id']}", {"description": "new", "metadata": {"team": "a"}}),
        (f"/v1/instances/{pair.a.instance['id']}", {"name": "new", "return_urls": ["https://app.test/done"]}),
    ):
        first = await pair.a.api.patch(path, json=body)
        pair.clock.advance(1)
        again = await pair.a.api.patch(path, json=body)
        assert again.content == first.content
    history = await pair.a.read(f"/v1/connections/{draft['id']}/history")
    assert [item["what"] for item in history["items"]].count("connection.change") == 1
