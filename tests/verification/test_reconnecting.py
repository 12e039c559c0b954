"""An active connection is verified anew, and a basic one upgraded: both sides change together, or neither does."""

from typing import Any

import pytest

from tests.exchanges import described
from tests.lifecycle.test_pausing import at
from tests.nodes import Person, RunningNode
from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio
Json = dict[str, Any]


async def connected(pair: Pair, mode: str = "basic") -> tuple[Json, Json]:
    """Return an active connection in this mode as A and as B show it."""
    draft = await pair.draft(mode)
    person = await pair.to_consent(await pair.session(draft))
    await person.submit(button="accept")
    await pair.work()
    return await pair.shown(draft), (await pair.listed_at_b())[0]


async def reconnect(
    node: RunningNode, connection: Json, mode: str | None = None, expected: int = 201
) -> Json:
    """Return a fresh session that verifies the connection anew."""
    body = {"purpose": "reconnect", "mode": mode}
    answer = await node.api.post(f"/v1/connections/{connection['id']}/verification-sessions", json=body)
    return read(answer, expected)


async def modes(pair: Pair, here: Json, there: Json) -> tuple[str, str]:
    """Return the modes of the two sides, both of which are active."""
    ours, theirs = await at(pair.a, here), await at(pair.b, there)
    assert (ours["state"], theirs["state"]) == ("active", "active")
    return ours["mode"], theirs["mode"]


async def accepted(pair: Pair, session: Json) -> Person:
    """Return the person after the other side's admin has accepted; the jobs have not run."""
    person = await pair.to_consent(session)
    assert person.status == 200, person.page
    await person.submit(button="accept")
    return person


async def test_verifying_anew_records_who_and_when_on_both_sides(each_pair: Pair) -> None:
    pair = each_pair
    here, there = await connected(pair)
    pair.clock.advance(86_400)
    session = await reconnect(pair.a, here)
    assert (session["purpose"], session["mode"]) == ("reconnect", None)
    person = await pair.to_consent(session)
    assert session["comparison_code"] in person.page
    assert "It is active here already" in person.page
    await person.submit(button="accept")
    assert (await at(pair.a, here))["state"] == "active"
    await pair.work()
    assert await modes(pair, here, there) == ("basic", "basic")
    for shown in (await at(pair.a, here), await at(pair.b, there)):
        assert shown["destination"]["last_seen_at"] == shown["verified_at"]
    for node, connection in ((pair.a, here), (pair.b, there)):
        shown = await at(node, connection)
        assert shown["verified_by"] == "Alice Admin"
        assert shown["verified_at"] > connection["verified_at"]
        assert shown["shared_id"] == here["shared_id"]
        events = (await node.read(f"/v1/connections/{connection['id']}/history?limit=100"))["items"]
        assert "connection.reconnect" in [event["what"] for event in events]
    done = await pair.shown_session(session)
    assert done["completed_at"] == pair.clock.now().isoformat().replace("+00:00", "Z")
    await person.open(session["start_url"])
    assert "was verified again" in person.page


@pytest.mark.parametrize("mode", ["visual", "script"])
async def test_basic_is_upgraded_on_both_sides(pair: Pair, mode: str) -> None:
    here, there = await connected(pair)
    (upgrade,) = [action for action in here["next_actions"] if action["id"] == "upgrade"]
    assert [option["value"] for field in upgrade["fields"] for option in field["options"]] == [
        "visual",
        "script",
    ]
    person = await pair.to_consent(await reconnect(pair.a, here, mode))
    assert "instead of basic" in person.page
    await person.submit(button="accept")
    assert await modes(pair, here, there) == ("basic", "basic")
    await pair.work()
    assert await modes(pair, here, there) == (mode, mode)
    shown = await at(pair.a, here)
    assert "upgrade" not in [action["id"] for action in shown["next_actions"]]
    pair.clock.advance(3601)
    await pair.work()
    assert (await at(pair.a, here))["last_error"] is (await at(pair.b, there))["last_error"] is None


async def test_the_responder_may_ask_for_it_too(pair: Pair) -> None:
    here, there = await connected(pair)
    session = await reconnect(pair.b, there, "script")
    await accepted(pair, session)
    await pair.work()
    assert await modes(pair, here, there) == ("script", "script")
    assert len(await pair.listed_at_b()) == 1


@pytest.mark.parametrize("mode", ["visual", "script"])
async def test_any_other_mode_is_final(pair: Pair, mode: str) -> None:
    here, _ = await connected(pair, mode)
    for wanted in {"visual", "script", "basic"} - {mode}:
        refused = await reconnect(pair.a, here, wanted, expected=409)
        assert refused["code"] == "option-not-available"
    await accepted(pair, await reconnect(pair.a, here, mode))
    await pair.work()
    assert (await at(pair.a, here))["mode"] == mode


async def test_an_upgrade_that_is_not_possible_is_refused_as_described(pair: Pair) -> None:
    here, _ = await connected(pair, "visual")
    body = {"purpose": "reconnect", "mode": "script"}
    async with described(pair.a) as api:
        refused = await api.post(f"/v1/connections/{here['id']}/verification-sessions", json=body)
        assert read(refused, 409)["code"] == "option-not-available"


@pytest.mark.parametrize("button", ["deny", None], ids=["denied", "nobody comes"])
async def test_what_comes_to_nothing_leaves_it_active_as_it_was(pair: Pair, button: str | None) -> None:
    here, there = await connected(pair)
    person = await pair.to_consent(await reconnect(pair.a, here, "visual"))
    if button:
        await person.submit(button=button)
    pair.clock.advance(16 * 60)
    await pair.work()
    assert await modes(pair, here, there) == ("basic", "basic")
    shown = await at(pair.a, here)
    expected = "verification-denied" if button else "verification-expired"
    assert shown["last_error"]["code"] == expected
    await accepted(pair, await reconnect(pair.a, here, "visual"))
    await pair.work()
    assert await modes(pair, here, there) == ("visual", "visual")
    assert (await at(pair.a, here))["last_error"] is None


async def test_accepted_but_never_back_leaves_it_active_as_it_was(pair: Pair) -> None:
    here, there = await connected(pair)
    pair.network.hold_back = "/oauth/callback"
    session = await reconnect(pair.a, here, "visual")
    await accepted(pair, session)
    for _ in range(5):
        pair.clock.advance(60)
        await pair.work()
    assert (await pair.shown_session(session))["state"] == "failed"
    assert await modes(pair, here, there) == ("basic", "basic")


async def test_cancelling_it_ends_the_attempt_and_not_the_connection(pair: Pair) -> None:
    here, there = await connected(pair)
    session = await reconnect(pair.a, here, "visual")
    await accepted(pair, session)
    read(await pair.a.api.delete(f"/v1/verification-sessions/{session['id']}"), 200)
    await pair.work()
    assert await modes(pair, here, there) == ("basic", "basic")


async def test_a_newer_one_takes_the_place_of_the_open_one(pair: Pair) -> None:
    here, there = await connected(pair)
    first = await reconnect(pair.a, here, "visual")
    person = await pair.to_consent(first)
    await accepted(pair, await reconnect(pair.a, here, "script"))
    await pair.work()
    assert (await pair.shown_session(first))["state"] == "cancelled"
    await person.submit(button="accept")
    await pair.work()
    assert await modes(pair, here, there) == ("script", "script")


@pytest.mark.parametrize("path", ["/oauth/token", "/activation"])
@pytest.mark.parametrize("what", ["request", "answer"])
async def test_a_loss_on_the_way_leaves_both_with_the_same_mode(pair: Pair, path: str, what: str) -> None:
    here, there = await connected(pair)
    await accepted(pair, await reconnect(pair.a, here, "visual"))
    if what == "answer":
        pair.network.lose_answers = [path]
    else:
        pair.network.lose_requests = [path]
    await pair.a.work()
    pair.network.lose_requests = []
    for _ in range(20):
        pair.clock.advance(60)
        await pair.work()
    ours, theirs = await modes(pair, here, there)
    assert ours == theirs
    if what == "answer":
        assert ours == "visual"


async def test_days_without_an_answer_to_the_commit_end_with_the_same_mode(each_pair: Pair) -> None:
    pair = each_pair
    here, there = await connected(pair)
    await accepted(pair, await reconnect(pair.a, here, "visual"))
    pair.network.lose_answers = ["/activation"]
    await pair.a.work()
    assert await modes(pair, here, there) == ("basic", "visual")
    session_id = (await at(pair.a, here))["verification_session"]
    refused = read(await pair.a.api.delete(f"/v1/verification-sessions/{session_id}"), 409)
    assert refused["code"] == "step-not-allowed"
    pair.network.down.add("b.test")
    for _ in range(3):
        pair.clock.advance(86_400)
        await pair.a.work()
    pair.network.down.clear()
    pair.clock.advance(301)
    await pair.work()
    assert await modes(pair, here, there) == ("visual", "visual")


async def test_both_sides_upgrade_at_once_and_end_with_the_same_mode(pair: Pair) -> None:
    here, there = await connected(pair)
    await accepted(pair, await reconnect(pair.a, here, "visual"))
    await accepted(pair, await reconnect(pair.b, there, "script"))
    for _ in range(15):
        await pair.work()
        pair.clock.advance(60)
    ours, theirs = await modes(pair, here, there)
    assert ours == theirs


async def test_both_commits_cross_each_other_and_end_with_the_same_mode(pair: Pair) -> None:
    """Each side has asked the other to activate before either has an answer."""
    here, there = await connected(pair)
    await accepted(pair, await reconnect(pair.a, here, "visual"))
    await accepted(pair, await reconnect(pair.b, there, "script"))
    pair.network.lose_requests = ["/activation"]
    await pair.work()
    pair.network.lose_requests = []
    for _ in range(15):
        pair.clock.advance(60)
        await pair.work()
    ours, theirs = await modes(pair, here, there)
    assert ours == theirs


async def test_of_two_upgrades_that_cross_one_at_most_is_committed(pair: Pair) -> None:
    """Both wait for the other side's commit, and the answer to the first one is lost."""
    here, there = await connected(pair)
    await accepted(pair, await reconnect(pair.a, here, "visual"))
    await accepted(pair, await reconnect(pair.b, there, "script"))
    pair.network.lose_requests = ["/activation"]
    await pair.work()
    pair.network.lose_requests, pair.network.lose_answers = [], ["/activation"]
    for _ in range(15):
        pair.clock.advance(60)
        await pair.work()
    ours, theirs = await modes(pair, here, there)
    assert ours == theirs


async def test_a_draft_cannot_be_verified_anew_and_a_set_up_names_no_mode(pair: Pair) -> None:
    draft = await pair.draft("basic")
    refused = await reconnect(pair.a, draft, expected=409)
    assert (refused["code"], bool(refused["next_actions"])) == ("step-not-allowed", True)
    body = {"purpose": "set_up", "mode": "visual"}
    answer = await pair.a.api.post(f"/v1/connections/{draft['id']}/verification-sessions", json=body)
    assert read(answer, 422)["errors"][0]["pointer"] == "/mode"


async def test_another_instance_behind_the_node_is_not_taken_for_the_agreed_one(pair: Pair) -> None:
    here, _ = await connected(pair)
    pair.network.rewrite = (b"https://b.test/sandbox/b-tracker", b"https://b.test/sandbox/another")
    refused = await reconnect(pair.a, here, expected=424)
    assert (refused["code"], refused["upstream"]["reason"]) == ("destination-incompatible", "wrong_node")
    assert (await at(pair.a, here))["state"] == "active"


async def test_closing_meanwhile_closes_both(pair: Pair) -> None:
    here, there = await connected(pair)
    await accepted(pair, await reconnect(pair.a, here, "visual"))
    await pair.b.api.delete(f"/v1/connections/{there['id']}")
    for _ in range(3):
        await pair.work()
        pair.clock.advance(120)
    assert (await at(pair.a, here))["state"] == (await at(pair.b, there))["state"] == "closed"


async def test_a_basic_local_connection_is_upgraded_at_once_and_only_once(pair: Pair) -> None:
    details = {"local_short_name": "Here", "destination_short_name": "There"}
    body = {"instance": pair.a.slug, "destination": {"type": "local"}, "details": details, "mode": "basic"}
    draft = await pair.post("/v1/connections", body)
    active = read(await pair.a.api.post(f"/v1/connections/{draft['id']}/activation"), 200)
    (upgrade,) = [action for action in active["next_actions"] if action["id"] == "upgrade"]
    shown = read(await pair.a.api.request(upgrade["method"], upgrade["href"], json={"mode": "script"}), 200)
    assert (shown["state"], shown["mode"]) == ("active", "script")
    again = await pair.a.api.put(upgrade["href"], json={"mode": "visual"})
    assert read(again, 409)["code"] == "step-not-allowed"
