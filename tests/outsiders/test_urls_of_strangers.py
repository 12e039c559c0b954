"""Wherever somebody gives this node a URL: for an address of a closed network nothing leaves, and all look the same."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.egress.client import Egress, EgressFailure, EgressPolicy
from service.platforms.interface import Credential, Platform, SignInFailure
from service.platforms.registry import build_registry
from tests import databases
from tests.address_forms import HOSTS
from tests.authorization.stranger import Stranger
from tests.nodes import Network, RunningNode, running_node
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio

# The names that are made of a host, and what is another one in each answer.
NOT_COMPARED = {"suggested", "request_id"}
FEW = 3
Told = tuple[int, str]


@pytest.fixture(scope="module")
async def node(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningNode]:
    database = databases.sqlite_copy(sqlite_template, tmp_path_factory.mktemp("urls") / "parley.db")
    async with running_node(Network(), "b", database, FrozenClock()) as running:
        yield running


async def probe(node: RunningNode, host: str) -> httpx.Response:
    body = {"instance": node.slug, "url": f"https://{host}/"}
    return await node.api.post("/v1/destination-probes", json=body)


async def set_up(node: RunningNode, host: str) -> httpx.Response:
    destination = {"type": "public", "url": f"https://{host}/i/evil"}
    return await node.api.post("/v1/connections", json={"instance": node.slug, "destination": destination})


async def add_instance(node: RunningNode, host: str) -> httpx.Response:
    body = {"slug": "inside", "name": "Inside", "platform": "redmine", "url": f"https://{host}/redmine"}
    return await node.api.post("/v1/instances", json=body)


async def push(node: RunningNode, host: str) -> httpx.Response:
    stranger = Stranger(network_of(node), node)
    stranger.client_id = f"https://{host}/client.json"
    stranger.redirect_uri = f"https://{host}/callback"
    return await stranger.push()


async def push_with_keys_elsewhere(node: RunningNode, host: str) -> httpx.Response:
    stranger = Stranger(network_of(node), node)
    del stranger.document["jwks"]
    stranger.document["jwks_uri"] = f"https://{host}/jwks"
    return await stranger.push()


def network_of(node: RunningNode) -> Network:
    client: Any = node.node.egress
    network: Network = client._client._transport  # noqa: SLF001 - what the test put there itself
    return network


Place = Callable[[RunningNode, str], Awaitable[httpx.Response]]
PLACES: dict[str, tuple[Place, set[str]]] = {
    "a probe": (probe, set()),
    "the destination of a draft": (set_up, set()),
    "an instance": (add_instance, set()),
    "a client": (push, set()),
    "the keys of a client": (push_with_keys_elsewhere, {"asker.test"}),
}


@pytest.mark.parametrize("name", PLACES)
async def test_no_spelling_of_a_special_address_is_called(node: RunningNode, name: str) -> None:
    """The same few answers for all of them, so that nobody maps a network by what they are told."""
    place, may_be_called = PLACES[name]
    network = network_of(node)
    told: set[Told] = set()
    for host in HOSTS:
        network.seen.clear()
        node.clock.advance(61)
        answer = await place(node, host.encode(errors="replace").decode())
        assert {request.url.host for request in network.seen} <= may_be_called, host
        said = answer.json()
        assert said.get("outcome") == "blocked" or answer.is_client_error, f"{host}: {answer.text}"
        told.add((answer.status_code, str(said.get("code") or said.get("error") or said["outcome"])))
    assert len(told) <= FEW, told
    assert (await node.api.get("/v1/connections")).json()["items"] == []


ADDRESSES = (
    "https://127.0.0.1",
    "https://[::1]",
    "https://10.0.0.1",
    "https://169.254.169.254",
    "https://[fd00::1]",
)


@pytest.mark.parametrize("name", ["a probe", "the destination of a draft", "an instance", "a client"])
async def test_all_closed_addresses_get_one_answer(node: RunningNode, name: str) -> None:
    """Open port or closed one, host or none: whoever asks learns that it is not called, and nothing else."""
    place, _ = PLACES[name]
    answers = set()
    for address in ADDRESSES:
        for port in ("", ":443", ":8443"):
            node.clock.advance(61)
            host = address.removeprefix("https://")
            answer = await place(node, host + port)
            said = {key: value for key, value in answer.json().items() if key not in NOT_COMPARED}
            text = json.dumps(said).replace(host + port, "HOST").replace(host, "HOST")
            answers.add((answer.status_code, text))
    assert len(answers) == 1, answers


CALLS: dict[str, Callable[[Platform, Egress, str, Credential], Awaitable[object]]] = {
    "fingerprint": lambda platform, egress, url, _: platform.fingerprint(egress, url),
    "sign_in": lambda platform, egress, url, credential: platform.sign_in(egress, url, credential),
    "rights": lambda platform, egress, url, credential: platform.rights(egress, url, credential, "1"),
    "projects": lambda platform, egress, url, credential: platform.projects(egress, url, credential),
    "item_types": lambda platform, egress, url, credential: platform.item_types(egress, url, credential, "1"),
    "fields": lambda platform, egress, url, credential: platform.fields(egress, url, credential, "1"),
}
PLATFORMS = [platform.name for platform in build_registry(sandbox=True).descriptions()]


@pytest.mark.parametrize("name", PLATFORMS)
async def test_platforms_go_through_the_one_way_out(name: str) -> None:
    """Each adapter, those to come too: an instance whose address turned out to be a closed one is not called."""
    platform = build_registry(sandbox=True).get(name)
    method = platform.description.sign_in[0]
    credential = Credential(method.id, {field.name: "x" for field in method.fields})
    network = Network()
    egress = Egress(EgressPolicy(), network)
    for address in ADDRESSES:
        for call in CALLS.values():
            with suppress(EgressFailure, SignInFailure):
                await call(platform, egress, address, credential)
    assert network.seen == []
    await egress.aclose()
