"""A token of one purpose is refused at every other place, and whatever went over the wire works nowhere again."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
import pytest

from service.trust.signatures import Purpose
from tests import databases
from tests.authorization.stranger import Stranger, error_of
from tests.nodes import Network, RunningNode, running_node
from tests.outsiders.hostile_node import read_part
from tests.outsiders.places import PLACES, Scene, own_key
from tests.pairs import DETAILS, Pair, read
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def scene(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """A stranger whose code was redeemed at the node; the places are tried in the order of their table."""
    database = databases.sqlite_copy(sqlite_template, tmp_path_factory.mktemp("scene") / "parley.db")
    network = Network()
    async with running_node(network, "b", database, FrozenClock()) as b:
        stranger = Stranger(network, b)
        redeemed = await stranger.redeemed()
        yield Scene(stranger, redeemed["access_token"], *await own_key(b), await invite(b))


async def invite(node: RunningNode) -> dict[str, str]:
    """Return what the code of a fresh invitation of this node says."""
    body = {"instance": node.slug, "destination": {"type": "private"}, "details": DETAILS, "mode": "basic"}
    draft = read(await node.api.post("/v1/connections", json=body), 201)
    issued = read(await node.api.post(f"/v1/connections/{draft['id']}/invitations", json={}), 201)
    found: dict[str, str] = read_part(issued["code"], 1)
    return found


@pytest.mark.parametrize("name", PLACES)
async def test_a_token_of_one_purpose_is_refused_at_every_other(scene: Scene, name: str) -> None:
    """Each is right for the place in everything but its `typ`; after all of them the right one still works."""
    place = PLACES[name]
    for purpose in Purpose:
        if purpose is not place.purpose:
            answer = await place.send(scene, place.token(scene, purpose))
            assert error_of(answer) == place.refusal, purpose
            assert "typ" in answer.json()["error_description"], purpose
    answer = await place.send(scene, place.token(scene, place.purpose))
    assert answer.status_code == place.success, answer.text


def test_each_purpose_that_is_read_over_the_wire_has_a_place() -> None:
    """An attestation and an invitation are read by the side that gets them: see test_hostile_*.py beside this."""
    there = {place.purpose for place in PLACES.values()}
    assert there | {Purpose.ATTESTATION, Purpose.INVITATION} == set(Purpose)


class Wire(httpx.AsyncBaseTransport):
    """Stands before a node and keeps every JWT that comes or goes."""

    def __init__(self, node: httpx.AsyncBaseTransport) -> None:
        self.node = node
        self.tokens: dict[str, str] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        sent = await request.aread()
        answer = await self.node.handle_async_request(request)
        body = await answer.aread()
        said = [*request.headers.values(), *dict(parse_qsl(sent.decode(errors="replace"))).values()]
        if "json" in answer.headers.get("content-type", ""):
            said += [value for value in json.loads(body).values() if isinstance(value, str)]
        for text in said:
            token = text.rpartition(" ")[2]
            if token.count(".") == 2 and token.startswith("eyJ"):
                self.tokens.setdefault(token, f"{request.method} {request.url.path}")
        return answer


def watch(pair: Pair) -> Iterator[Wire]:
    for host in ("a.test", "b.test"):
        wire = pair.network.hosts[host] = Wire(pair.network.hosts[host])
        yield wire


def speak_as_its_sender(thief: Stranger, token: str) -> None:
    """Whoever replays an assertion sends along what fits it, so that only its being used up can refuse it."""
    if _kind(token) == Purpose.CLIENT_AUTHENTICATION:
        thief.client_id = read_part(token, 1)["iss"]
        thief.redirect_uri = thief.client_id.replace("client.json", "callback")


async def test_what_went_over_the_wire_works_nowhere_again(pair: Pair) -> None:
    """Replay and reflection: every token of a true handshake, at every place of both nodes."""
    wires = list(watch(pair))
    here, there = await pair.connected()
    await pair.work()
    tokens = {token: seen for wire in wires for token, seen in wire.tokens.items()}
    kinds = {_kind(token) for token in tokens}
    assert kinds == {
        "client-authentication+jwt",
        "dpop+jwt",
        "at+jwt",
        "connection-attestation+jwt",
    }
    for asked in (pair.a, pair.b):
        thief = Stranger(pair.network, asked, f"thief-of-{asked.slug}.test")
        thief.shared_id = here["shared_id"]
        for token, seen in tokens.items():
            speak_as_its_sender(thief, token)
            for name, place in PLACES.items():
                for access_token in {token, *(other for other in tokens if _kind(other) == "at+jwt")}:
                    scene = Scene(thief, access_token, thief.private, thief.kid)
                    answer = await place.send(scene, token)
                    assert answer.is_client_error, f"{seen} at {name} of {asked.slug}: {answer.text}"
    await pair.work()
    assert (await pair.shown(here))["state"] == "active"
    assert [item["state"] for item in await pair.listed_at_b()] == ["active"]
    assert there["shared_id"] == here["shared_id"]


async def test_a_token_of_the_protocol_opens_nothing_of_the_api(pair: Pair) -> None:
    wires = list(watch(pair))
    here, _ = await pair.connected()
    tokens = [token for wire in wires for token in wire.tokens]
    assert tokens
    for asked in (pair.a, pair.b):
        async with httpx.AsyncClient(transport=pair.network, base_url=asked.url) as client:
            for token in tokens:
                for scheme in ("Bearer", "DPoP"):
                    headers = {"Authorization": f"{scheme} {token}"}
                    assert (await client.get("/v1/connections", headers=headers)).status_code == 401
                    path = f"/v1/connections/{here['id']}"
                    assert (await client.delete(path, headers=headers)).status_code == 401


def _kind(token: str) -> str:
    return str(read_part(token, 0)["typ"])
