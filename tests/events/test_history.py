"""The history of a connection: each change of state and each refusal that matters, with who, from where and why."""

from typing import Any

import pytest

from tests.pairs import DETAILS, Pair, read

pytestmark = pytest.mark.anyio


async def history(pair: Pair, connection: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what node A wrote down of the connection, the oldest first."""
    found: list[dict[str, Any]] = (await pair.a.read(f"/v1/connections/{connection['id']}/history"))["items"]
    return found


async def test_a_whole_set_up_is_told_in_order_with_who_did_it(each_pair: Pair) -> None:
    here, there = await each_pair.connected()
    told = await history(each_pair, here)
    assert [event["what"] for event in told] == [
        "connection.create",
        "verification_session.create",
        "verification_session.start",
        "connection.start",
        "verification_session.push",
        "verification_session.receive_code",
        "verification_session.verify",
        "connection.activate",
    ]
    actors = {event["what"]: (event["actor"]["kind"], event["actor"]["name"]) for event in told}
    assert actors["connection.create"] == ("service", "tests")
    assert actors["verification_session.start"] == ("person", "Alice Admin")
    assert actors["verification_session.receive_code"] == ("person", "Alice Admin")
    assert actors["connection.activate"] == ("system", None)
    assert told[-1]["detail"]["from"] == "pending"
    at_b = read(await each_pair.b.api.get(f"/v1/connections/{there['id']}/history"), 200)["items"]
    assert [event["what"] for event in at_b] == [
        "connection.start",
        "authorization_request.consent",
        "authorization_request.redeem",
        "authorization_request.activate",
        "connection.activate",
    ]
    assert at_b[0]["actor"]["kind"] == "person"
    assert at_b[-1]["actor"] == {
        "kind": "other_side",
        "id": each_pair.a.issuer + "/oauth/client.json",
        "name": None,
        "address": at_b[-1]["actor"]["address"],
    }


async def test_answers_and_changes_are_told(pair: Pair) -> None:
    draft = await pair.draft("visual")
    await pair.a.api.put(f"/v1/connections/{draft['id']}/mode", json={"mode": "basic"})
    await pair.a.api.patch(f"/v1/connections/{draft['id']}", json={"description": "x"})
    await pair.a.api.put(f"/v1/connections/{draft['id']}/destination", json={"type": "private"})
    told = [(event["what"], event["detail"]) for event in (await history(pair, draft))[1:]]
    assert told == [
        ("mode.answer", {"mode": "basic"}),
        ("connection.change", {"changed": ["description"]}),
        ("destination.answer", {"type": "private", "node_url": None}),
    ]


async def test_a_denial_says_why(pair: Pair) -> None:
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="deny")
    whys = {event["what"]: event["why"] for event in await history(pair, draft)}
    assert whys["verification_session.deny"] == "verification-denied"


async def test_a_callback_in_another_browser_is_told(pair: Pair) -> None:
    draft = await pair.draft()
    person = await pair.to_consent(await pair.session(draft))
    pair.network.hold_back = "/oauth/callback"
    await person.submit(button="accept")
    pair.network.hold_back = None
    stranger = await pair.person()
    await stranger.open(person.url)
    last = (await history(pair, draft))[-1]
    assert (last["what"], last["why"], last["actor"]["kind"]) == (
        "callback.refused",
        "other_browser",
        "anonymous",
    )
    assert last["request_id"]


async def test_nothing_secret_is_told(pair: Pair) -> None:
    here, _ = await pair.connected()
    text = (await pair.a.api.get(f"/v1/connections/{here['id']}/history")).text
    for request in pair.network.seen:
        for name in ("code", "state", "code_verifier", "client_assertion", "password"):
            value = dict(
                part.split("=", 1) for part in request.content.decode().split("&") if "=" in part
            ).get(name)
            assert value is None or len(value) < 8 or value not in text


async def test_a_refused_answer_leaves_no_trace_of_success(pair: Pair) -> None:
    draft = await pair.draft()
    await pair.a.api.put(f"/v1/connections/{draft['id']}/details", json={**DETAILS, "local_short_name": "B"})
    assert [event["what"] for event in await history(pair, draft)] == ["connection.create"]


async def test_others_cannot_read_it(pair: Pair) -> None:
    draft = await pair.draft()
    body = {"slug": "other", "name": "Other", "platform": "sandbox"}
    token = (await pair.post("/v1/instances", body))["token"]
    answer = await pair.a.api.get(
        f"/v1/connections/{draft['id']}/history", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 404
