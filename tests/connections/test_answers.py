"""The wizard's answers, as a front end gives them: in order, again, wrongly, and all at once."""

from typing import Any

import pytest

from tests.pairs import DETAILS, Pair, read

pytestmark = pytest.mark.anyio


async def put(
    pair: Pair, connection: dict[str, Any], step: str, body: object, expected: int = 200
) -> dict[str, Any]:
    """Return the answer of one step at node A."""
    return read(await pair.a.api.put(f"/v1/connections/{connection['id']}/{step}", json=body), expected)


def primary(connection: dict[str, Any]) -> dict[str, Any]:
    """Return the action to perform next."""
    (found,) = [action for action in connection["next_actions"] if action["primary"]]
    return dict(found)


async def test_a_client_that_only_follows_the_primary_action_gets_there(pair: Pair) -> None:
    connection = await pair.post("/v1/connections", {"instance": pair.a.slug})
    bodies: dict[str, Any] = {
        "destination": {"type": "public", "url": pair.b.issuer},
        "details": DETAILS,
        "mode": {"mode": "visual"},
    }
    for step in ("destination", "details", "mode"):
        action = primary(connection)
        assert action["id"] == step == connection["current_step"]
        assert {each["name"] for each in action["fields"]} >= set(bodies[step])
        answer = await pair.a.api.request(action["method"], action["href"], json=bodies[step])
        connection = read(answer, 200)
    assert primary(connection)["operation_id"] == "createVerificationSession"
    assert connection["name"] == "A to B"


@pytest.mark.parametrize(
    ("step", "body"),
    [("details", DETAILS), ("mode", {"mode": "visual"})],
    ids=["details", "mode"],
)
async def test_a_step_out_of_order_is_refused_with_the_way_out(pair: Pair, step: str, body: object) -> None:
    connection = await pair.post("/v1/connections", {"instance": pair.a.slug})
    problem = await put(pair, connection, step, body, 409)
    assert problem["code"] == "step-not-allowed"
    assert problem["allowed_steps"] == ["destination"]
    assert primary(problem)["id"] == "destination"
    assert (await pair.shown(connection))["revision"] == connection["revision"]


@pytest.mark.parametrize("path", ["verification-sessions", "activation"])
async def test_no_access_and_no_activation_before_the_answers(pair: Pair, path: str) -> None:
    connection = await pair.post("/v1/connections", {"instance": pair.a.slug})
    problem = await pair.post(f"/v1/connections/{connection['id']}/{path}", expected=409)
    assert problem["code"] == "step-not-allowed"


async def test_a_public_connection_is_not_activated_by_hand(pair: Pair) -> None:
    draft = await pair.draft()
    problem = await pair.post(f"/v1/connections/{draft['id']}/activation", expected=409)
    assert problem["allowed_steps"] == ["destination", "details", "mode", "access"]


async def test_an_answer_repeated_changes_ones_mind(pair: Pair) -> None:
    draft = await pair.draft("visual")
    again = await put(pair, draft, "mode", {"mode": "basic"})
    assert again["mode"] == "basic"
    renamed = await put(
        pair, draft, "details", {**DETAILS, "name": "Our bridge", "description": "For both teams."}
    )
    assert (renamed["name"], renamed["description"], renamed["mode"]) == (
        "Our bridge",
        "For both teams.",
        "basic",
    )


async def test_another_destination_resets_only_what_it_makes_wrong(pair: Pair) -> None:
    draft = await pair.draft("visual")
    moved = await put(pair, draft, "destination", {"type": "private"})
    assert (moved["type"], moved["mode"], moved["name"]) == ("private", None, "A to B")
    assert moved["destination"]["url"] is None
    assert moved["current_step"] == "mode"
    assert primary(moved)["id"] == "mode"


async def test_a_private_destination_refuses_visual_with_its_reason_and_options(pair: Pair) -> None:
    body = {"instance": pair.a.slug, "destination": {"type": "private"}, "details": DETAILS}
    draft = await pair.post("/v1/connections", body)
    problem = await put(pair, draft, "mode", {"mode": "visual"}, 409)
    assert problem["code"] == "option-not-available"
    assert "sign in on both sides" in problem["detail"]
    options = {option["value"]: option["why"] for option in problem["options"]}
    assert [mode for mode, why in options.items() if why is None] == ["script", "basic"]


async def test_one_post_with_one_wrong_answer_keeps_nothing(pair: Pair) -> None:
    body = {"instance": pair.a.slug, "destination": {"type": "private"}, "details": DETAILS, "mode": "visual"}
    problem = await pair.post("/v1/connections", body, expected=409)
    assert problem["connection"] is None
    assert (await pair.a.read("/v1/connections"))["items"] == []


@pytest.mark.parametrize(
    "body", [{"details": DETAILS}, {"mode": "basic"}, {"destination": {"type": "local"}, "mode": "basic"}]
)
async def test_one_post_keeps_the_order_too(pair: Pair, body: dict[str, object]) -> None:
    problem = await pair.post("/v1/connections", {"instance": pair.a.slug, **body}, expected=409)
    assert problem["code"] == "step-not-allowed"


@pytest.mark.parametrize(
    "name",
    ["", "9lives", "with space", "dot.ted", "ünder", "a" * 31],
    ids=["empty", "digit", "space", "dot", "umlaut", "long"],
)
async def test_short_names_are_identifier_safe(pair: Pair, name: str) -> None:
    body = {
        "instance": pair.a.slug,
        "destination": {"type": "local"},
        "details": {**DETAILS, "local_short_name": name},
    }
    problem = await pair.post("/v1/connections", body, expected=422)
    assert problem["errors"][0]["pointer"] == "/details/local_short_name"


async def test_short_names_differ_whatever_their_case(pair: Pair) -> None:
    details = {"local_short_name": "Acme", "destination_short_name": "ACME"}
    body = {"instance": pair.a.slug, "destination": {"type": "local"}, "details": details}
    problem = await pair.post("/v1/connections", body, expected=422)
    assert problem["errors"][0]["pointer"] == "/destination_short_name"


async def test_a_name_has_at_most_255_characters(pair: Pair) -> None:
    for length, expected in ((255, 201), (256, 422)):
        body = {
            "instance": pair.a.slug,
            "destination": {"type": "local"},
            "details": {**DETAILS, "name": "n" * length},
        }
        await pair.post("/v1/connections", body, expected=expected)


async def test_names_are_unique_among_open_connections_and_defaults_are_numbered(each_pair: Pair) -> None:
    pair = each_pair
    first, second = await pair.draft(), await pair.draft()
    assert (first["name"], second["name"]) == ("A to B", "A to B (2)")
    problem = await put(pair, second, "details", {**DETAILS, "name": "A to B"}, 409)
    assert (problem["code"], problem["connection"]) == ("name-taken", first["id"])
    assert problem["errors"][0]["pointer"] == "/name"
    await pair.a.api.delete(f"/v1/connections/{first['id']}")
    assert (await put(pair, second, "details", {**DETAILS, "name": "A to B"}))["name"] == "A to B"


async def test_a_mode_is_final_once_active(pair: Pair) -> None:
    here, there = await pair.connected()
    for step, body in (("mode", {"mode": "basic"}), ("destination", {"type": "local"}), ("details", DETAILS)):
        problem = await put(pair, here, step, body, 409)
        assert problem["code"] == "step-not-allowed"
        assert problem["allowed_steps"] == []
        possible = ", ".join(action["id"] for action in problem["next_actions"])
        assert possible == "configure, pause, check, reconnect, close"
        assert possible in problem["detail"]
        assert possible in problem["fix"]
        answer = await pair.b.api.put(f"/v1/connections/{there['id']}/{step}", json=body)
        assert answer.status_code == 409


async def test_a_new_mode_ends_an_attempt_that_nobody_started(pair: Pair) -> None:
    draft = await pair.draft("visual")
    session = await pair.session(draft)
    await put(pair, draft, "mode", {"mode": "script"})
    assert (await pair.shown_session(session))["state"] == "cancelled"
    person = await pair.person()
    await person.open(session["start_url"])
    await person.sign_in()
    assert "over" in person.page


async def test_nothing_is_answered_while_the_other_side_decides(pair: Pair) -> None:
    draft = await pair.draft()
    await pair.to_consent(await pair.session(draft))
    problem = await put(pair, draft, "mode", {"mode": "basic"}, 409)
    assert problem["allowed_steps"] == ["access"]
    wait = primary(problem)
    assert (wait["kind"], wait["actor"]) == ("wait", "other_side")
    assert wait["expires_at"] is not None


async def test_a_private_instance_cannot_verify_and_says_so_at_the_mode(pair: Pair) -> None:
    body = {"slug": "hidden", "name": "Hidden", "platform": "sandbox", "network": "private"}
    await pair.post("/v1/instances", body)
    wanted = {
        "instance": "hidden",
        "destination": {"type": "public", "url": pair.b.issuer},
        "details": DETAILS,
    }
    draft = await pair.post("/v1/connections", wanted)
    problem = await put(pair, draft, "mode", {"mode": "basic"}, 409)
    assert "private" in problem["detail"]


async def test_an_instance_made_private_after_the_answers_cannot_verify(pair: Pair) -> None:
    draft = await pair.draft()
    await pair.a.api.patch(f"/v1/instances/{draft['instance']}", json={"network": "private"})
    problem = await pair.post(f"/v1/connections/{draft['id']}/verification-sessions", expected=409)
    assert problem["code"] == "instance-private"
