"""Whatever became of an invitation, of its connection or of an instance: the same two sides can begin anew at once."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from service.database.sessions import transaction
from service.instances.models import Instance
from service.words import Network
from tests.invitations.invited import Invited, Json
from tests.lifecycle.test_pausing import at
from tests.nodes import RunningNode
from tests.pairs import DETAILS, Pair, read

pytestmark = pytest.mark.anyio
THREE_DAYS = timedelta(hours=72, minutes=1).total_seconds()
Ending = Callable[[Invited, Json], Awaitable[None]]


async def activate(invited: Invited, issued: Json) -> Json:
    """Return the accepted invitation; the connection is active on both sides."""
    accepted = await invited.accept(issued)
    for _ in range(3):
        await invited.pair.work()
        if (await invited.shown(issued))["state"] == "claimed":
            await invited.confirm(issued)
        invited.pair.clock.advance(10)
    ours, theirs = await invited.ours(), await at(invited.pair.b, {"id": accepted["connection"]})
    assert (ours["state"], theirs["state"]) == ("active", "active")
    return accepted


async def expired(invited: Invited, _: Json) -> None:
    invited.pair.clock.advance(THREE_DAYS)


async def revoked(invited: Invited, issued: Json) -> None:
    read(await invited.pair.a.api.delete(f"/v1/invitations/{issued['id']}"), 200)


async def rejected_by_the_partner(invited: Invited, issued: Json) -> None:
    body = {"code": issued["code"], "instance": invited.pair.b.slug, "reason": "Not now."}
    read(await invited.pair.b.api.post("/v1/invitation-rejections", json=body), 201)


async def rejected_by_the_inviter(invited: Invited, issued: Json) -> None:
    await invited.accept(issued)
    await invited.pair.b.work()
    await invited.confirm(issued, "reject")


async def withdrawn(invited: Invited, issued: Json) -> None:
    accepted = await invited.accept(issued)
    await invited.pair.b.work()
    read(await invited.pair.b.api.delete(f"/v1/invitations/{accepted['id']}"), 200)


async def closed_by_the_inviter(invited: Invited, issued: Json) -> None:
    await activate(invited, issued)
    read(await invited.pair.a.api.delete(f"/v1/connections/{invited.draft['id']}"), 200)


async def closed_by_the_partner(invited: Invited, issued: Json) -> None:
    accepted = await activate(invited, issued)
    read(await invited.pair.b.api.delete(f"/v1/connections/{accepted['connection']}"), 200)


async def inviter_removed(invited: Invited, issued: Json) -> None:
    await closed_by_the_inviter(invited, issued)
    invited.pair.clock.advance(3601)
    await invited.pair.work()
    await make_anew(invited.pair.a)


async def partner_removed(invited: Invited, issued: Json) -> None:
    await closed_by_the_partner(invited, issued)
    await invited.pair.work()
    await make_anew(invited.pair.b)


ENDINGS = [
    expired,
    revoked,
    rejected_by_the_partner,
    rejected_by_the_inviter,
    withdrawn,
    closed_by_the_inviter,
    closed_by_the_partner,
    inviter_removed,
    partner_removed,
]


async def make_anew(node: RunningNode) -> None:
    """The instance is removed, and one with the same node URL and other keys is there."""
    old = dict(node.instance)
    answer = await node.api.delete(f"/v1/instances/{old['id']}")
    assert answer.status_code == 204, answer.text
    body = {"slug": old["slug"], "name": old["name"], "platform": "sandbox"}
    node.instance = read(await node.api.post("/v1/instances", json=body), 201)
    async with transaction(node.node.database) as session:
        instance = await session.get(Instance, str(node.instance["id"]))
        assert instance is not None
        instance.network = Network(str(old["network"]))


@pytest.mark.parametrize("network", ["public", "private"])
@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__.replace("_", " "))
async def test_inviting_again_works_at_once(pair: Pair, end: Ending, network: str) -> None:
    invited = await Invited.begin(pair, private=network == "private")
    issued = await invited.invite()
    pair.b.instance = read(await pair.b.api.get(f"/v1/instances/{pair.b.instance['id']}"), 200)
    if network == "private":
        pair.network.down.add("b.test")
    await end(invited, issued)
    await pair.work()
    draft = await pair.a.api.get(f"/v1/connections/{invited.draft['id']}")
    if draft.status_code == 404 or draft.json()["state"] == "closed":
        body = {
            "instance": pair.a.slug,
            "destination": {"type": "private"},
            "details": DETAILS,
            "mode": "basic",
        }
        invited = Invited(pair, await pair.post("/v1/connections", body))
    again = await invited.invite()
    assert (await invited.preview(again))["usable"] is True
    await activate(invited, again)
    if (await pair.a.api.get(f"/v1/invitations/{issued['id']}")).status_code == 200:
        assert (await invited.preview(issued))["usable"] is False


@pytest.mark.parametrize("who", ["inviter", "partner"])
async def test_an_instance_is_removed_after_its_partner_has_heard_of_the_end(pair: Pair, who: str) -> None:
    invited = await Invited.begin(pair)
    accepted = await activate(invited, await invited.invite())
    leaving, staying, host = (pair.a, pair.b, "b.test") if who == "inviter" else (pair.b, pair.a, "a.test")
    mine, its = invited.draft["id"], accepted["connection"]
    if who == "partner":
        mine, its = its, mine
    pair.network.down.add(host)
    read(await leaving.api.delete(f"/v1/connections/{mine}"), 200)
    await leaving.work()
    removing = f"/v1/instances/{leaving.instance['id']}"
    refused = read(await leaving.api.delete(removing), 409)
    assert (refused["code"], refused["connections"]) == ("option-not-available", [mine])
    pair.network.down.clear()
    pair.clock.advance(301)
    await pair.work()
    assert (await at(staying, {"id": its}))["state"] == "closed"
    assert (await leaving.api.delete(removing)).status_code == 204


async def test_a_private_partner_asks_before_the_instance_is_removed(pair: Pair) -> None:
    invited = await Invited.begin(pair, private=True)
    accepted = await activate(invited, await invited.invite())
    read(await pair.a.api.delete(f"/v1/connections/{invited.draft['id']}"), 200)
    removing = f"/v1/instances/{pair.a.instance['id']}"
    assert read(await pair.a.api.delete(removing), 409)["connections"] == [invited.draft["id"]]
    pair.clock.advance(3601)
    await pair.b.work()
    assert (await at(pair.b, {"id": accepted["connection"]}))["state"] == "closed"
    assert (await invited.ours())["destination"]["state"] == "closed"
    assert (await pair.a.api.delete(removing)).status_code == 204


async def test_a_partner_that_is_gone_for_good_keeps_no_instance_from_being_removed(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    await activate(invited, await invited.invite())
    pair.network.down.add("b.test")
    read(await pair.a.api.delete(f"/v1/connections/{invited.draft['id']}"), 200)
    refused = read(await pair.a.api.delete(f"/v1/instances/{pair.a.instance['id']}"), 409)
    assert refused["until"].startswith("20")
    pair.clock.advance(timedelta(days=14, minutes=1).total_seconds())
    await pair.a.work()
    assert (await pair.a.api.delete(f"/v1/instances/{pair.a.instance['id']}")).status_code == 204
