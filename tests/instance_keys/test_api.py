"""Who may look at keys and change them, and what they read."""

from collections.abc import AsyncIterator

import pytest

from tests.small_node import SmallNode, running

pytestmark = pytest.mark.anyio


@pytest.fixture
async def node(anyio_backend: str, sqlite_url: str) -> AsyncIterator[SmallNode]:
    async with running(sqlite_url) as node:
        yield node


async def test_an_admin_sees_which_key_signs_and_when_the_next_one_will(node: SmallNode) -> None:
    instance = await node.add_instance()
    alice = await node.person()
    path = f"/v1/instances/{instance['id']}"
    rotated = await node.call("POST", f"{path}/key-rotations", alice, {"kind": "planned"})
    assert rotated.status_code == 201
    following, signing = sorted(rotated.json()["keys"], key=lambda key: key["state"], reverse=True)
    assert (signing["state"], signing["until"]) == ("current", None)
    assert (following["state"], following["until"]) == ("next", "2030-01-03T03:04:05Z")
    assert rotated.json()["note"] is None
    assert (await node.call("GET", f"{path}/keys", alice)).json() == rotated.json()


async def test_a_private_instance_is_told_what_else_has_to_be_done(node: SmallNode) -> None:
    instance = await node.add_instance(network="private")
    answer = await node.call("POST", f"/v1/instances/{instance['id']}/key-rotations", body={})
    assert "has to be reconnected" in answer.json()["note"]


async def test_of_a_private_half_nothing_is_shown(node: SmallNode) -> None:
    instance = await node.add_instance()
    answer = await node.call("POST", f"/v1/instances/{instance['id']}/key-rotations", body={})
    assert set(answer.json()["keys"][0]) == {"kid", "state", "until", "created_at"}


@pytest.mark.parametrize("call", [("GET", "keys"), ("POST", "key-rotations")], ids=["read", "rotate"])
async def test_somebody_elses_instance_does_not_exist(node: SmallNode, call: tuple[str, str]) -> None:
    await node.add_instance("acme")
    other = await node.add_instance("other")
    method, path = call
    body: object = {} if method == "POST" else None
    token = await node.person("acme")
    for instance in (other["id"], "ins_none"):
        answer = await node.call(method, f"/v1/instances/{instance}/{path}", token, body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_to_read_is_not_to_rotate(node: SmallNode) -> None:
    instance = await node.add_instance()
    reader = await node.token("instances:read")
    path = f"/v1/instances/{instance['id']}"
    assert (await node.call("GET", f"{path}/keys", reader)).status_code == 200
    answer = await node.call("POST", f"{path}/key-rotations", reader, {"kind": "emergency"})
    assert (answer.status_code, answer.json()["required_scope"]) == (403, "instances:write")


async def test_there_are_two_kinds_of_rotation(node: SmallNode) -> None:
    instance = await node.add_instance()
    answer = await node.call("POST", f"/v1/instances/{instance['id']}/key-rotations", body={"kind": "soon"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/kind")
