"""What a front end gets from POST /v1/destination-probes, and who may ask."""

from collections.abc import AsyncIterator

import pytest

from service.access.operations import issue_token
from service.database.sessions import transaction
from service.discovery.schemas import DestinationProbeOut
from tests.nodes import Json, Network, RunningNode, running_node
from tests.small_node import FrozenClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def network() -> Network:
    return Network()


@pytest.fixture
async def asking(sqlite_url: str, network: Network) -> AsyncIterator[RunningNode]:
    async with running_node(network, "a", sqlite_url, FrozenClock()) as node:
        yield node


async def probe(node: RunningNode, url: str, **body: str) -> Json:
    answer = await node.api.post("/v1/destination-probes", json={"instance": node.slug, "url": url, **body})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def test_every_field_is_in_every_answer(asking: RunningNode) -> None:
    nothing = await probe(asking, "https://nobody.test/x?y#z")
    assert set(nothing) == set(DestinationProbeOut.model_fields)
    assert (nothing["outcome"], nothing["reason"]) == ("nothing_there", "refused")
    assert (nothing["url"], nothing["normalised_url"]) == (
        "https://nobody.test/x?y#z",
        "https://nobody.test/x",
    )
    assert nothing["suggested"] == {
        "local_short_name": "a",
        "destination_short_name": "nobody",
        "name": "a to nobody",
        "type": None,
    }


async def test_a_front_end_learns_what_a_mode_needs(asking: RunningNode) -> None:
    own = await probe(asking, asking.issuer)
    assert own["outcome"] == "own_instance"
    assert own["modes"] == [
        {
            "mode": mode,
            "possible": True,
            "why_not": None,
            "needs": [
                {"id": "admin_access_here", "label": "An admin of the instance here, or a token for it."}
            ],
        }
        for mode in ("visual", "script", "basic")
    ]


@pytest.mark.parametrize("name", ["a-tracker", "https://a.test/i/a-tracker"])
async def test_the_asking_instance_may_be_named_in_several_ways(asking: RunningNode, name: str) -> None:
    assert (await probe(asking, "https://nobody.test", instance=name))["outcome"] == "nothing_there"


async def make(node: RunningNode, slug: str) -> Json:
    body = {"slug": slug, "name": slug, "platform": "sandbox"}
    made: Json = (await node.api.post("/v1/instances", json=body)).json()
    return made


async def test_a_sandbox_is_found_by_its_tracker_as_its_own_host_names_the_node(asking: RunningNode) -> None:
    await make(asking, "other")
    found = await probe(asking, "https://a.test/sandbox/other")
    assert (found["outcome"], found["issuer"]) == ("node_found", "https://a.test/i/other")
    assert (found["tracker_url"], found["tracker_url_confirmed"]) == ("https://a.test/sandbox/other", True)


async def test_a_token_asks_for_its_own_instances_only(asking: RunningNode) -> None:
    other = await make(asking, "other")
    own = {"Authorization": f"Bearer {other['token']}"}
    body = {"url": "https://nobody.test"}
    alone = await asking.api.post("/v1/destination-probes", json=body, headers=own)
    assert alone.status_code == 200
    foreign = await asking.api.post(
        "/v1/destination-probes", json={**body, "instance": asking.slug}, headers=own
    )
    missing = await asking.api.post(
        "/v1/destination-probes", json={**body, "instance": "nobody"}, headers=own
    )
    assert foreign.status_code == missing.status_code == 404
    assert set(foreign.json()) == set(missing.json())


async def test_who_has_several_instances_names_one(asking: RunningNode) -> None:
    answer = await asking.api.post("/v1/destination-probes", json={"url": "https://nobody.test"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/instance"


@pytest.mark.parametrize("url", ["ftp://x.test", "https://me@x.test", "https://x.test/\x00", "a" * 2049])
async def test_an_impossible_url_is_refused_with_a_pointer(asking: RunningNode, url: str) -> None:
    answer = await asking.api.post("/v1/destination-probes", json={"instance": asking.slug, "url": url})
    assert (answer.status_code, answer.json()["code"]) == (422, "url-not-allowed")
    assert answer.json()["errors"][0]["pointer"] == "/url"


async def test_nobody_asks_without_a_token(asking: RunningNode) -> None:
    answer = await asking.api.post(
        "/v1/destination-probes", json={"url": "https://x.test"}, headers={"Authorization": ""}
    )
    assert answer.status_code == 401


async def test_a_reader_may_not_make_this_node_call_others(asking: RunningNode, network: Network) -> None:
    async with transaction(asking.node.database) as session:
        issued = await issue_token(
            session, asking.node.hasher, "reader", ["connections:read"], None, asking.clock.now()
        )
    reader = {"Authorization": f"Bearer {issued[1]}"}
    answer = await asking.api.post("/v1/destination-probes", json={"url": "https://x.test"}, headers=reader)
    assert (answer.status_code, answer.json()["required_scope"]) == (403, "connections:write")
    assert network.seen == []
