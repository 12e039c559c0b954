"""Where the other side is: every answer to that question, and each refusal with its cause."""

from typing import Any

import httpx
import pytest

from service.discovery.reasons import FIXES, ProbeReason
from tests.invitations.invited import make_private
from tests.pairs import DETAILS, Pair, read

pytestmark = pytest.mark.anyio


async def choose(pair: Pair, destination: dict[str, str], expected: int) -> dict[str, Any]:
    """Return what node A answers to this destination on a fresh draft."""
    connection = await pair.post("/v1/connections", {"instance": pair.a.slug})
    answer = await pair.a.api.put(f"/v1/connections/{connection['id']}/destination", json=destination)
    return read(answer, expected)


def public(url: str) -> dict[str, str]:
    """Return the answer that names a URL."""
    return {"type": "public", "url": url}


@pytest.mark.parametrize("suffix", ["", "/", "/some/page?x=1#y"])
async def test_a_node_url_in_any_spelling_is_the_same_destination(pair: Pair, suffix: str) -> None:
    shown = await choose(pair, public(pair.b.issuer.replace("b.test", "B.TEST") + suffix), 200)
    assert shown["type"] == "public"
    assert shown["destination"]["node_url"] == pair.b.issuer
    assert shown["destination"]["url"] == "https://b.test/sandbox/b-tracker"


async def test_an_http_link_is_taken_for_the_same_place_by_https(pair: Pair) -> None:
    shown = await choose(pair, public("http://b.test/i/b-tracker"), 200)
    assert shown["destination"]["node_url"] == pair.b.issuer
    assert {request.url.scheme for request in pair.network.seen if request.url.host == "b.test"} == {"https"}


async def test_a_trackers_url_leads_to_its_node(pair: Pair) -> None:
    shown = await choose(pair, public("https://b.test/sandbox/b-tracker"), 200)
    assert shown["destination"]["node_url"] == pair.b.issuer


@pytest.mark.parametrize("url", ["https://a.test/i/a-tracker", "https://a.test/sandbox/a-tracker/"])
async def test_the_own_url_makes_it_local(pair: Pair, url: str) -> None:
    shown = await choose(pair, public(url), 200)
    assert shown["type"] == "local"
    assert [step["id"] for step in shown["steps"]] == ["destination", "details", "mode", "activation"]


async def test_nothing_there_is_unreachable_with_its_reason(pair: Pair) -> None:
    problem = await choose(pair, public("https://nobody.test/i/x"), 424)
    assert problem["code"] == "destination-unreachable"
    assert problem["upstream"]["reason"] == "refused"
    assert problem["fix"] == FIXES[ProbeReason.REFUSED]  # the probe says the same


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/i/x", "https://10.0.0.1/", "http://10.0.0.1/i/x", "ftp://b.test/"]
)
async def test_what_may_not_be_called_is_refused(pair: Pair, url: str) -> None:
    problem = await choose(pair, public(url), 422)
    assert problem["code"] == "url-not-allowed"
    assert not [request for request in pair.network.seen if request.url.host not in {"a.test", "b.test"}]


async def test_a_tracker_without_a_known_node_names_the_ways_out(pair: Pair) -> None:
    pair.network.hosts["tracker.test"] = httpx.MockTransport(_lonely_sandbox)
    problem = await choose(pair, public("https://tracker.test/sandbox/lonely"), 424)
    assert problem["code"] == "destination-unknown"
    assert "node URL" in problem["fix"]


def _lonely_sandbox(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/sandbox/lonely":
        return httpx.Response(200, json={"parley_sandbox": "1", "title": "Lonely", "projects": []})
    return httpx.Response(404, json={})


async def test_a_past_partner_is_found_by_its_trackers_url(pair: Pair) -> None:
    pair.network.lose_requests = ["/.well-known/oauth-protected-resource/sandbox"]
    await pair.connected()
    shown = await choose(pair, public("https://b.test/sandbox/b-tracker"), 200)
    assert shown["destination"]["node_url"] == pair.b.issuer


@pytest.mark.parametrize("mode", ["visual", "script", "basic"])
async def test_a_local_connection_is_active_on_both_sides_without_any_call(
    each_pair: Pair, mode: str
) -> None:
    pair = each_pair
    body = {"instance": pair.a.slug, "destination": {"type": "local"}, "details": DETAILS, "mode": mode}
    draft = await pair.post("/v1/connections", body)
    before = len(pair.network.seen)
    shown = await pair.post(f"/v1/connections/{draft['id']}/activation", expected=200)
    assert (shown["state"], shown["destination"]["state"], shown["mode"]) == ("active", "active", mode)
    assert shown["activated_at"] is not None
    await pair.a.work()
    assert len(pair.network.seen) == before
    again = await pair.post(f"/v1/connections/{draft['id']}/activation", expected=200)
    assert again == shown


async def test_a_signed_in_admin_may_finish_a_local_connection(pair: Pair) -> None:
    credential = {
        "instance": pair.a.slug,
        "method": "password",
        "values": {"login": "alice", "password": "alice-sandbox"},
    }
    token = (await pair.post("/v1/sessions", credential))["token"]
    headers = {"Authorization": f"Bearer {token}"}
    body = {"destination": {"type": "local"}, "details": DETAILS, "mode": "basic"}
    draft = read(await pair.a.api.post("/v1/connections", json=body, headers=headers), 201)
    answer = await pair.a.api.post(f"/v1/connections/{draft['id']}/activation", headers=headers)
    assert read(answer, 200)["state"] == "active"


async def test_a_private_instance_is_not_offered_what_it_cannot_have(pair: Pair) -> None:
    await make_private(pair)
    draft = read(await pair.b.api.post("/v1/connections", json={"instance": pair.b.slug}), 201)
    (field,) = [
        field
        for action in draft["next_actions"]
        for field in action["fields"]
        if (action["id"], field["name"]) == ("destination", "type")
    ]
    (option,) = [option for option in field["options"] if option["value"] == "private"]
    assert option["disabled"]
    assert "Enter the partner's URL" in option["why"]
