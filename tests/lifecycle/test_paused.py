"""A paused instance: what can be done is what is shown, and everything else is refused and changes nothing."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from service.api.instances.moves import MoveKind
from service.database.sessions import transaction
from service.instances.models import Instance
from tests.exchanges import described
from tests.invitations.invited import Invited
from tests.lifecycle.moved_node import restarted_at
from tests.lifecycle.test_pausing import at
from tests.nodes import RunningNode
from tests.pairs import DETAILS, Pair, read
from tests.verification.test_reconnecting import reconnect

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
Begin = Callable[[Pair], Awaitable[Json]]


async def draft(pair: Pair) -> Json:
    return await pair.draft("basic")


async def ready(pair: Pair) -> Json:
    made = await pair.draft("basic")
    await pair.session(made)
    return made


async def at_the_other_side(pair: Pair) -> Json:
    made = await pair.draft("basic")
    await pair.to_consent(await pair.session(made))
    return made


async def claimed(pair: Pair) -> Json:
    invited = await Invited.begin(pair)
    await invited.accept(await invited.invite())
    await pair.b.work()
    return invited.draft


async def active(pair: Pair) -> Json:
    return (await pair.connected())[0]


async def deactivated(pair: Pair) -> Json:
    here, _ = await pair.connected()
    return read(await pair.a.api.delete(f"/v1/connections/{here['id']}/activation"), 200)


async def local(pair: Pair) -> Json:
    body = {"instance": pair.a.slug, "destination": {"type": "local"}, "details": DETAILS, "mode": "basic"}
    made = await pair.post("/v1/connections", body)
    return read(await pair.a.api.post(f"/v1/connections/{made['id']}/activation"), 200)


def writes(connection: Json) -> list[tuple[str, str, Json | None]]:
    """Return everything that may be asked of a connection, but for closing and renaming it."""
    path = f"/v1/connections/{connection['id']}"
    asked: list[tuple[str, str, Json | None]] = [
        ("PUT", f"{path}/destination", {"type": "private"}),
        ("PUT", f"{path}/details", {"local_short_name": "X", "destination_short_name": "Y"}),
        ("PUT", f"{path}/mode", {"mode": "script"}),
        ("POST", f"{path}/verification-sessions", None),
        ("POST", f"{path}/verification-sessions", {"purpose": "reconnect"}),
        ("POST", f"{path}/invitations", {}),
        ("POST", f"{path}/activation", None),
        ("DELETE", f"{path}/activation", None),
        ("POST", f"{path}/checks", None),
    ]
    if session := connection["verification_session"]:
        done = connection["state"] in {"active", "deactivated"}
        asked += [] if done else [("DELETE", f"/v1/verification-sessions/{session}", None)]
    if invitation := connection["invitation"]:
        asked.append(("DELETE", f"/v1/invitations/{invitation}", None))
        asked += [
            ("PUT", f"/v1/invitations/{invitation}/confirmation", {"decision": decision})
            for decision in ("confirm", "reject")
        ]
    return asked


@pytest.mark.parametrize("begin", [draft, ready, at_the_other_side, claimed, active, deactivated, local])
async def test_reads_and_writes_agree_that_only_the_way_out_and_an_end_are_left(
    pair: Pair, begin: Begin
) -> None:
    made = await begin(pair)
    async with restarted_at(pair, "clone") as clone, described(clone) as api:
        before, seen = await at(clone, made), len(pair.network.seen)
        assert before["allowed_steps"] == []
        offered = [(each["operation_id"], each["primary"]) for each in before["next_actions"]]
        assert offered == [("moveInstance", True), ("closeConnection", False)]
        way_out = before["next_actions"][0]
        assert pair.a.issuer in way_out["description"]
        for method, path, body in writes(before):
            refused = read(await api.request(method, path, json=body), 409)
            assert (refused["code"], refused["connection"]) == ("instance-paused", made["id"]), path
            assert refused["next_actions"] == before["next_actions"]
        await clone.work()
        assert await at(clone, made) == before
        assert pair.network.seen[seen:] == []


@pytest.mark.parametrize("kind", list(MoveKind))
async def test_the_way_out_that_is_shown_is_one(pair: Pair, kind: MoveKind) -> None:
    here = await active(pair)
    async with restarted_at(pair, "clone") as clone:
        action = (await at(clone, here))["next_actions"][0]
        (field,) = action["fields"]
        assert [option["value"] for option in field["options"]] == list(MoveKind)
        read(await clone.api.request(action["method"], action["href"], json={field["name"]: kind}), 200)
        shown = await at(clone, here)
        assert shown["state"] == ("active" if kind is MoveKind.MOVED else "closed")
        assert "moveInstance" not in [each["operation_id"] for each in shown["next_actions"]]
        if kind is MoveKind.MOVED:
            await reconnect(clone, here)


async def test_what_is_closed_meanwhile_has_nothing_left_to_do(pair: Pair) -> None:
    here = await active(pair)
    async with restarted_at(pair, "clone") as clone:
        closed = read(await clone.api.delete(f"/v1/connections/{here['id']}"), 200)
        assert (closed["state"], closed["next_actions"]) == ("closed", [])
        assert read(await clone.api.post(f"/v1/connections/{here['id']}/activation"), 410)


@pytest.mark.parametrize("wanted", ["nothing", "public"])
async def test_no_draft_begins(pair: Pair, wanted: str) -> None:
    destination = {} if wanted == "nothing" else {"destination": {"type": "public", "url": pair.b.issuer}}
    async with restarted_at(pair, "clone") as clone, described(clone) as api:
        seen = len(pair.network.seen)
        refused = await api.post("/v1/connections", json={"instance": clone.slug, **destination})
        assert read(refused, 409)["code"] == "instance-paused"
        assert (await clone.read("/v1/connections"))["items"] == []
        assert pair.network.seen[seen:] == []


async def test_no_destination_is_probed(pair: Pair) -> None:
    async with restarted_at(pair, "clone") as clone, described(clone) as api:
        seen = len(pair.network.seen)
        body = {"instance": clone.slug, "url": pair.b.issuer}
        refused = read(await api.post("/v1/destination-probes", json=body), 409)
        assert refused["code"] == "instance-paused"
        assert pair.network.seen[seen:] == []


async def test_no_invitation_is_looked_at(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    async with restarted_at(pair, "clone", pair.b) as clone, described(clone) as api:
        seen = len(pair.network.seen)
        body = {"code": issued["code"], "instance": clone.slug}
        for path in ("previews", "acceptances", "rejections"):
            refused = read(await api.post(f"/v1/invitation-{path}", json=body), 409)
            assert refused["code"] == "instance-paused"
        assert (await clone.read("/v1/connections"))["items"] == []
        assert pair.network.seen[seen:] == []
    assert (await invited.shown(issued))["state"] == "open"


async def set_up_elsewhere(node: RunningNode) -> None:
    """The instance was made under another node URL, while somebody looks at its pages."""
    async with transaction(node.node.database) as session:
        instance = await session.get(Instance, str(node.instance["id"]))
        assert instance is not None
        instance.identity = {"node_url": "https://before.test/i/a"}


async def test_a_browser_that_wants_to_start_reads_why_not(pair: Pair) -> None:
    made = await pair.draft("basic")
    session = await pair.session(made)
    person = await pair.person()
    await person.open(session["start_url"])
    await person.sign_in()
    await set_up_elsewhere(pair.a)
    await person.submit()
    assert (person.status, "before.test" in person.page) == (409, True)
    await person.open(session["start_url"])
    assert (person.status, "before.test" in person.page) == (409, True)
    assert (await pair.shown_session(session))["state"] == "created"
    assert (await at(pair.a, made))["state"] == "draft"
