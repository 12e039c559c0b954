"""An older backup restored on one side is found and reported by whoever asks next."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.invitations.invited import Invited
from tests.nodes import RunningNode
from tests.pairs import Pair, read

pytestmark = pytest.mark.anyio
AN_HOUR = 3601


def file_of(node: RunningNode) -> Path:
    return Path(str(make_url(node.settings.database_url).database))


async def back_up(node: RunningNode) -> Path:
    """Return a copy of the node's whole memory as it is now."""
    await node.stop()
    copy = file_of(node).with_suffix(".backup")
    shutil.copyfile(file_of(node), copy)
    await node.start()
    return copy


async def restore(node: RunningNode, copy: Path) -> None:
    """The node has forgotten what happened since."""
    await node.stop()
    for leftover in file_of(node).parent.glob(f"{file_of(node).name}-*"):
        leftover.unlink()
    shutil.copyfile(copy, file_of(node))
    await node.start()


async def at(node: RunningNode, connection: dict[str, Any]) -> dict[str, Any]:
    return read(await node.api.get(f"/v1/connections/{connection['id']}"), 200)


async def test_a_side_that_forgot_its_pause_is_reported_on_both_sides(pair: Pair) -> None:
    here, there = await pair.connected()
    copy = await back_up(pair.b)
    await pair.b.api.delete(f"/v1/connections/{there['id']}/activation")
    await pair.work()
    assert (await at(pair.a, here))["destination"]["state"] == "deactivated"
    await restore(pair.b, copy)
    pair.clock.advance(AN_HOUR)
    await pair.work()
    shown, own = await at(pair.a, here), await at(pair.b, there)
    assert shown["destination"]["state"] == own["state"] == "active"
    assert shown["last_error"]["code"] == own["last_error"]["code"] == "destination-incompatible"
    assert "The other side has forgotten" in shown["last_error"]["detail"]
    assert "This side has forgotten" in own["last_error"]["detail"]
    events = (await pair.a.read(f"/v1/connections/{here['id']}/history?limit=100"))["items"]
    assert [event["what"] for event in events][-1] == "status.disagree"


async def test_after_that_each_side_is_believed_again(pair: Pair) -> None:
    here, there = await pair.connected()
    copy = await back_up(pair.b)
    await pair.b.api.delete(f"/v1/connections/{there['id']}/activation")
    await pair.work()
    await restore(pair.b, copy)
    pair.clock.advance(60)
    await pair.b.api.delete(f"/v1/connections/{there['id']}/activation")
    await pair.b.api.post(f"/v1/connections/{there['id']}/activation")
    await pair.work()
    assert (await at(pair.a, here))["destination"]["state"] == "active"


async def test_a_side_that_forgot_the_whole_connection_ends_it(pair: Pair) -> None:
    copy = await back_up(pair.b)
    here, _ = await pair.connected()
    await restore(pair.b, copy)
    pair.clock.advance(AN_HOUR)
    await pair.work()
    shown = await at(pair.a, here)
    assert (shown["state"], shown["reason"]) == ("closed", "unknown_there")
    assert await pair.listed_at_b() == []


@pytest.mark.parametrize("forgetful", ["inviter", "invited"])
async def test_a_side_that_forgot_the_invitation_ends_it_and_can_be_invited_again(
    pair: Pair, forgetful: str
) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite(confirmation_required=False)
    node, other = (pair.a, pair.b) if forgetful == "inviter" else (pair.b, pair.a)
    copy = await back_up(node)
    accepted = await invited.accept(issued)
    await pair.work()
    theirs = {pair.a.url: invited.draft["id"], pair.b.url: accepted["connection"]}
    assert (await at(other, {"id": theirs[other.url]}))["state"] == "active"
    await restore(node, copy)
    pair.clock.advance(AN_HOUR)
    await pair.work()
    shown = await at(other, {"id": theirs[other.url]})
    assert (shown["state"], shown["reason"]) == ("closed", "unknown_there")
    again = invited if forgetful == "inviter" else await Invited.begin(pair)
    await again.accept(await again.invite(confirmation_required=False))
    await pair.work()
    assert (await again.ours())["state"] == "active"


async def test_a_side_that_forgot_the_closing_closes_again(pair: Pair) -> None:
    here, there = await pair.connected()
    copy = await back_up(pair.b)
    await pair.b.api.delete(f"/v1/connections/{there['id']}")
    await pair.work()
    await restore(pair.b, copy)
    assert (await at(pair.b, there))["state"] == "active"
    pair.clock.advance(AN_HOUR)
    await pair.work()
    assert (await at(pair.b, there))["state"] == (await at(pair.a, here))["state"] == "closed"


async def test_a_probe_that_finds_all_well_reports_nothing(pair: Pair) -> None:
    here, there = await pair.connected()
    await restore(pair.b, await back_up(pair.b))
    pair.clock.advance(AN_HOUR)
    await pair.work()
    assert (await at(pair.a, here))["last_error"] is (await at(pair.b, there))["last_error"] is None
