"""What was under way when a node moved: it ends with a reason, or goes on under the name by which it is known."""

from datetime import timedelta

import pytest

from service.connections.telling import END_JOB
from service.jobs.models import Job
from service.jobs.worker import Worker, run_due
from service.main import HANDLERS
from service.node import Node
from tests.invitations.invited import Invited
from tests.lifecycle.moved_node import restarted_at, say
from tests.lifecycle.test_pausing import at, pause
from tests.nodes import RunningNode
from tests.pairs import Pair, read
from tests.verification.test_reconnecting import accepted, connected, reconnect

pytestmark = pytest.mark.anyio
HOUR = 3_700


async def work(pair: Pair, *nodes: RunningNode, times: int = 3) -> None:
    """These nodes do what is due, again and again, an hour apart."""
    for _ in range(times):
        for node in nodes:
            await node.work()
        pair.clock.advance(HOUR)


@pytest.mark.parametrize("lost", ["request", "answer"])
async def test_an_upgrade_that_may_be_committed_there_ends_with_the_same_mode(
    each_pair: Pair, lost: str
) -> None:
    pair = each_pair
    here, there = await connected(pair)
    await accepted(pair, await reconnect(pair.a, here, "visual"))
    losing = pair.network.lose_answers if lost == "answer" else pair.network.lose_requests
    losing.append("/activation")
    await pair.a.work()
    losing.clear()
    async with restarted_at(pair, "new") as moved:
        await say(moved, "moved")
        pair.clock.advance(300)
        await work(pair, moved, pair.b)
        for node, connection in ((moved, here), (pair.b, there)):
            shown = await at(node, connection)
            assert (shown["state"], shown["mode"], shown["last_error"]) == ("active", "visual", None)


async def test_an_upgrade_that_nobody_has_finished_ends_with_the_move_and_says_so(pair: Pair) -> None:
    here, there = await connected(pair)
    session = await reconnect(pair.a, here, "visual")
    person = await pair.to_consent(session)
    async with restarted_at(pair, "new") as moved:
        await say(moved, "moved")
        ended = read(await moved.api.get(f"/v1/verification-sessions/{session['id']}"), 200)
        shown = await at(moved, here)
        assert (ended["state"], shown["state"], shown["mode"]) == ("cancelled", "active", "basic")
        assert shown["last_error"]["code"] == "verification-cancelled"
        assert "moved" in shown["last_error"]["detail"]
        await moved.work()
        await person.submit(button="accept")
        assert (person.status, (await at(pair.b, there))["mode"]) == (410, "basic")
        await accepted(pair, await reconnect(moved, here, "visual"))
        await work(pair, moved, pair.b)
        assert (await at(moved, here))["mode"] == (await at(pair.b, there))["mode"] == "visual"
        assert (await at(moved, here))["last_error"] is None


@pytest.mark.parametrize("lost", ["request", "answer"])
async def test_the_asked_side_moves_before_its_answer_to_an_upgrade_arrives(pair: Pair, lost: str) -> None:
    here, there = await connected(pair)
    await accepted(pair, await reconnect(pair.b, there, "script"))
    losing = pair.network.lose_answers if lost == "answer" else pair.network.lose_requests
    losing.append("/activation")
    await pair.b.work()
    losing.clear()
    async with restarted_at(pair, "new") as moved:
        await say(moved, "moved")
        await moved.work()
        pair.clock.advance(300)
        await work(pair, pair.b, moved)
        for node, connection in ((moved, here), (pair.b, there)):
            shown = await at(node, connection)
            assert (shown["state"], shown["mode"], shown["last_error"]) == ("active", "script", None)


async def test_the_asked_side_moves_while_its_admin_decides(pair: Pair) -> None:
    here, there = await connected(pair)
    session = await reconnect(pair.b, there, "script")
    await pair.to_consent(session)
    async with restarted_at(pair, "new") as moved:
        await say(moved, "moved")
        await moved.work()
        ended = read(await pair.b.api.get(f"/v1/verification-sessions/{session['id']}"), 200)
        shown = await at(pair.b, there)
        assert (ended["state"], shown["state"]) == ("cancelled", "active")
        assert moved.issuer in shown["last_error"]["detail"]
        before = len(pair.network.seen)
        await work(pair, pair.b, moved)
        assert "a.test" not in [request.url.host for request in pair.network.seen[before:]]
        await accepted(pair, await reconnect(pair.b, there, "script"))
        await work(pair, pair.b, moved)
        assert (await at(moved, here))["mode"] == (await at(pair.b, there))["mode"] == "script"


@pytest.mark.parametrize("lost", ["/oauth/token", "/activation"])
async def test_a_copy_does_not_carry_on_what_the_original_began(pair: Pair, lost: str) -> None:
    here, there = await connected(pair)
    await accepted(pair, await reconnect(pair.a, here, "visual"))
    pair.network.lose_requests = [lost]
    await pair.a.work()
    pair.network.lose_requests = []
    async with restarted_at(pair, "clone") as clone:
        await say(clone, "copied")
        before = len(pair.network.seen)
        await work(pair, clone)
        assert {request.url.host for request in pair.network.seen[before:]} <= {"clone.test"}
    assert (await at(pair.b, there))["state"] == "active"


async def test_what_was_closed_before_the_move_is_told_after_it(each_pair: Pair) -> None:
    pair = each_pair
    here, there = await connected(pair)
    pair.network.down.add("b.test")
    read(await pair.a.api.delete(f"/v1/connections/{here['id']}"), 200)
    await pair.a.work()
    async with restarted_at(pair, "new") as moved:
        await say(moved, "moved")
        pair.network.down.discard("b.test")
        await work(pair, moved)
        assert (await at(pair.b, there))["state"] == "closed"
        assert (await at(moved, here))["destination"]["state"] == "closed"


async def test_what_a_paused_node_could_not_tell_is_told_at_the_moment_of_the_move(each_pair: Pair) -> None:
    pair = each_pair
    here, there = await connected(pair)
    async with restarted_at(pair, "new") as moved:
        read(await moved.api.delete(f"/v1/connections/{here['id']}"), 200)
        await moved.work()
        assert (await at(pair.b, there))["state"] == "active"
        await say(moved, "moved")
        await moved.work()
        assert (await at(pair.b, there))["state"] == "closed"


async def test_a_job_that_meets_the_pause_while_the_node_is_said_to_have_moved_is_done_at_once(
    pair: Pair,
) -> None:
    """A worker has it in hand, and stores that the instance is paused after the move is committed."""
    here, there = await connected(pair)
    async with restarted_at(pair, "new") as moved:
        read(await moved.api.delete(f"/v1/connections/{here['id']}"), 200)
        told_too_early = HANDLERS[END_JOB]

        async def meet_the_pause(node: Node, job: Job) -> timedelta | None:
            try:
                return await told_too_early(node, job)
            finally:
                await say(moved, "moved")

        await run_due(Worker(moved.node, {**HANDLERS, END_JOB: meet_the_pause}))
        assert (await at(pair.b, there))["state"] == "active"
        await moved.work()
        assert (await at(pair.b, there))["state"] == "closed"


@pytest.mark.parametrize("then", ["close", "pause"])
async def test_what_is_done_before_the_other_side_has_answered_to_the_move_is_told(
    pair: Pair, then: str
) -> None:
    """It knows the new node URL already, and the answer that says so was lost."""
    here, there = await connected(pair)
    async with restarted_at(pair, "new") as moved:
        await say(moved, "moved")
        pair.network.lose_answers.append("/issuer")
        await moved.work()
        if then == "close":
            read(await moved.api.delete(f"/v1/connections/{here['id']}"), 200)
        else:
            await pause(moved, here)
        await moved.work()
        await work(pair, moved)
        shown = await at(pair.b, there)
        states = ("closed", "closed") if then == "close" else ("active", "deactivated")
        assert (shown["state"], shown["destination"]["state"]) == states


async def test_a_set_up_that_was_accepted_ends_on_both_sides_at_once(pair: Pair) -> None:
    draft = await pair.draft("basic")
    pair.network.hold_back = "/oauth/callback"
    await accepted(pair, await pair.session(draft))
    assert [each["state"] for each in await pair.listed_at_b()] == ["pending"]
    async with restarted_at(pair, "new") as moved:
        await say(moved, "moved")
        await moved.work()
        assert [each["state"] for each in await pair.listed_at_b()] == ["closed"]
        shown = await at(moved, draft)
        assert (shown["state"], shown["last_error"]["code"]) == ("draft", "verification-cancelled")


async def test_who_was_invited_moves_before_the_inviter_confirms(pair: Pair) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    await invited.accept(issued)
    await pair.b.work()
    async with restarted_at(pair, "new", pair.b) as moved:
        await say(moved, "moved")
        await invited.confirm(issued)
        pair.clock.advance(300)
        await work(pair, moved, pair.a)
        ours, (theirs,) = await invited.ours(), (await moved.read("/v1/connections"))["items"]
        assert (ours["state"], theirs["state"]) == ("active", "active")
        assert ours["destination"]["node_url"] == moved.issuer
        await pause(pair.a, ours)
        await work(pair, pair.a)
        assert (await at(moved, theirs))["destination"]["state"] == "deactivated"


@pytest.mark.parametrize("then", ["open", "claimed"])
async def test_an_inviter_that_moves_gets_its_draft_back_and_invites_anew(pair: Pair, then: str) -> None:
    invited = await Invited.begin(pair)
    issued = await invited.invite()
    if then == "claimed":
        await invited.accept(issued)
        await pair.b.work()
    async with restarted_at(pair, "new") as moved:
        await say(moved, "moved")
        shown = await at(moved, invited.draft)
        assert (shown["state"], shown["last_error"]["code"]) == ("draft", "invitation-unusable")
        assert "moved" in shown["last_error"]["detail"]
        ended = read(await moved.api.get(f"/v1/invitations/{issued['id']}"), 200)
        assert ended["state"] == "revoked"
        path = f"/v1/connections/{invited.draft['id']}/invitations"
        again = read(await moved.api.post(path, json={"confirmation_required": False}), 201)
        await invited.accept(again)
        await work(pair, pair.b, moved)
        assert (await at(moved, invited.draft))["state"] == "active"
