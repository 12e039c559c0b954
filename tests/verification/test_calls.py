"""What one set-up costs the other node: how often it is called, and when what it published is read anew."""

import httpx
import pytest

from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio
MOST_CALLS = 4


def calls(pair: Pair) -> list[str]:
    """Return what nodes asked of each other; browsers name themselves otherwise."""
    return [
        f"{call.method} {call.url.path}"
        for call in pair.network.seen
        if call.headers.get("user-agent") == "Parley"
    ]


async def test_a_set_up_on_warm_caches_takes_the_calls_that_change_something_only(pair: Pair) -> None:
    await pair.connected()
    pair.network.seen.clear()
    await pair.connected()
    made = calls(pair)
    assert len(made) <= MOST_CALLS, made
    assert [call.partition(" ")[0] for call in made] == ["POST", "POST", "PUT"]


async def test_who_asks_what_is_at_a_url_is_told_how_it_is_now(pair: Pair) -> None:
    await pair.draft()
    pair.network.down.add("b.test")
    asked = {"instance": pair.a.slug, "url": pair.b.issuer}
    assert (
        read(await pair.a.api.post("/v1/destination-probes", json=asked), 200)["outcome"] == "nothing_there"
    )


async def test_after_an_attempt_that_failed_the_other_node_is_read_anew(pair: Pair) -> None:
    """Another key than the remembered one may have signed: then the next attempt has to know it."""
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="deny")
    await pair.a.work()
    pair.network.seen.clear()
    await pair.session(draft)
    assert len(calls(pair)) == 2


async def test_a_renewal_looks_at_the_other_node_as_it_is_now(pair: Pair) -> None:
    connection, _ = await pair.connected()
    pair.network.hosts["b.test"] = httpx.MockTransport(lambda _: httpx.Response(503))
    refused = await pair.a.api.post(
        f"/v1/connections/{connection['id']}/verification-sessions", json={"purpose": "reconnect"}
    )
    assert read(refused, 424)["code"] == "destination-unreachable"
