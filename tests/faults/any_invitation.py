"""What may also happen between the two nodes: invitations and what comes of them, pauses, and a move to another URL."""

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, multiple, rule

from tests.faults.any_order import TwoNodes, each_side, how_far
from tests.faults.arrows import ARROWS, MOVED, A, Arrow, B, Fault, Scene
from tests.faults.rest import ESTABLISHED, listed
from tests.faults.stage import Json, restart_at
from tests.nodes import RunningNode
from tests.pairs import DETAILS, read

PRIVATE = "private"
"""The instance of each node that nobody can dial; the other one is called as the node says."""
OF_MOVES = [arrow for arrow in ARROWS if arrow.scene is Scene.MOVE]
which, is_private, is_asked = st.integers(0, 3), st.booleans(), st.booleans()


@dataclass
class Invited:
    """One code, the connection that it is for, and who may have it."""

    inviter: RunningNode
    invited: RunningNode
    connection: str
    invitation: str
    code: str


class WithInvitations(TwoNodes):
    """The two nodes, each with a second instance, a private one: whoever has a code may use it with both."""

    invites = Bundle("invites")

    def __init__(self) -> None:
        super().__init__()
        for side in (A, B):
            self._do(self._add_private(self._node(side)))

    async def _add_private(self, node: RunningNode) -> None:
        body = {"slug": PRIVATE, "name": "Private", "platform": "sandbox", "network": "private"}
        read(await node.api.post("/v1/instances", json=body), 201)

    @initialize(target=invites, side=each_side, steps=how_far, asks=is_asked)
    def begin_with_a_code(self, side: str, steps: int, *, asks: bool) -> Any:
        """Every story has a code, too."""
        return self._do(self._invite(side, steps, asks=asks))

    @rule(target=invites, side=each_side, steps=how_far, asks=is_asked)
    def invite(self, side: str, steps: int, *, asks: bool) -> Any:
        """A side drafts a connection and invites; both admins go some steps."""
        return self._do(self._invite(side, steps, asks=asks))

    async def _invite(self, side: str, steps: int, *, asks: bool) -> Any:
        here, there = self._node(side), self._node(B if side == A else A)
        draft = {
            "instance": here.slug,
            "destination": {"type": "private"},
            "details": DETAILS,
            "mode": "basic",
        }
        made = await self._ask(here, "POST", "/v1/connections", draft)
        issued = await self._issue(here, made, asks=asks)
        if issued is None:
            return multiple()
        invited = Invited(here, there, str(issued["connection"]), str(issued["id"]), str(issued["code"]))
        for step in (self._accept_code, self._look, self._confirm, self._look)[:steps]:
            await step(invited)
        return invited

    async def _issue(self, here: RunningNode, connection: Json | None, *, asks: bool) -> Json | None:
        if connection is None:
            return None
        path = f"/v1/connections/{connection['id']}/invitations"
        return await self._ask(here, "POST", path, {"confirmation_required": asks})

    @rule(target=invites, invited=invites)
    def invite_again(self, invited: Invited) -> Any:
        """The inviter makes a new code for the same connection; the one before is good for nothing."""
        issued = self._do(self._issue(invited.inviter, {"id": invited.connection}, asks=False))
        if issued is None:
            return multiple()
        again = Invited(invited.inviter, invited.invited, invited.connection, issued["id"], issued["code"])
        self._do(self._accept_code(again))
        return again

    @rule(invited=invites, private=is_private)
    def preview(self, invited: Invited, *, private: bool) -> None:
        """The invited admin looks at the code."""
        self._do(self._use_code(invited, "invitation-previews", private=private))

    @rule(invited=invites, private=is_private)
    def accept_code(self, invited: Invited, *, private: bool) -> None:
        """The invited admin accepts it with one of two instances, which have a key each."""
        self._do(self._use_code(invited, "invitation-acceptances", private=private))

    async def _accept_code(self, invited: Invited) -> None:
        await self._use_code(invited, "invitation-acceptances", private=False)

    @rule(invited=invites, private=is_private)
    def reject_code(self, invited: Invited, *, private: bool) -> None:
        """The invited admin says no."""
        self._do(self._use_code(invited, "invitation-rejections", private=private))

    async def _use_code(self, invited: Invited, path: str, *, private: bool) -> None:
        instance = PRIVATE if private else invited.invited.slug
        body = {"code": invited.code, "instance": instance}
        await self._ask(invited.invited, "POST", f"/v1/{path}", body)

    async def _look(self, _invited: Invited) -> None:
        self.pair.clock.advance(6)
        await self.pair.work()

    @rule(invited=invites, decision=st.sampled_from(["confirm", "confirm", "reject"]))
    def decide(self, invited: Invited, decision: str) -> None:
        """The inviter's admin confirms or refuses who accepted."""
        self._do(self._confirm(invited, decision))

    async def _confirm(self, invited: Invited, decision: str = "confirm") -> None:
        path = f"/v1/invitations/{invited.invitation}/confirmation"
        await self._ask(invited.inviter, "PUT", path, {"decision": decision})

    @rule(invited=invites)
    def revoke(self, invited: Invited) -> None:
        """The inviter revokes the code."""
        self._do(self._ask(invited.inviter, "DELETE", f"/v1/invitations/{invited.invitation}"))

    @rule(side=each_side, nth=which)
    def pause(self, side: str, nth: int) -> None:
        """One side of a connection that runs is paused."""
        self._do(self._do_with_one(side, nth, "DELETE", "/activation"))

    @rule(side=each_side, nth=which)
    def resume(self, side: str, nth: int) -> None:
        """One side of a connection is active again, where it was paused."""
        self._do(self._do_with_one(side, nth, "POST", "/activation"))

    @rule(side=each_side, nth=which)
    def close_one(self, side: str, nth: int) -> None:
        """One side closes a connection, however it came about, also one that still waits."""
        self._do(self._do_with_one(side, nth, "DELETE", ""))

    async def _do_with_one(self, side: str, nth: int, method: str, path: str) -> None:
        node = self._node(side)
        found: Any = await self._ask(node, "GET", "/v1/connections?limit=100") or {"items": []}
        items = [item for item in found["items"] if item["state"] not in {"draft", "closed"}]
        if items:
            await self._ask(node, method, f"/v1/connections/{items[nth % len(items)]['id']}{path}")

    @rule(side=each_side, arrow=st.sampled_from(OF_MOVES), fault=st.sampled_from(Fault))
    def move(self, side: str, arrow: Arrow, fault: Fault) -> None:
        """When nothing is open, a node goes on under another URL, or under its old one again, and says so."""
        self.rest()
        self._do(self._move(side, arrow, fault))
        self.rest()

    async def _move(self, side: str, arrow: Arrow, fault: Fault) -> None:
        node, other = self._node(side), self._node(B if side == A else A)
        running = [item for item in await listed(node) if item["state"] in ESTABLISHED]
        if any(item["destination"]["node_url"] is None for item in running):
            return  # nobody can tell a private partner, who has to be invited anew
        home, away = f"https://{side.lower()}.test", f"https://{side.lower()}-{MOVED}.test"
        await restart_at(node, away if node.url == home else home)
        called = node.url if arrow.target == MOVED else other.url
        self.network.plan(replace(arrow, target=called.removeprefix("https://").removesuffix(".test")), fault)
        for instance in (await node.read("/v1/instances"))["items"]:
            await self._ask(node, "POST", f"/v1/instances/{instance['id']}/moves", {"kind": "moved"})
        await self.pair.work()

    async def _meanwhile(self) -> None:
        """Whoever has accepted by now is confirmed."""
        for node in (self.pair.a, self.pair.b):
            waiting = await node.read("/v1/invitations?direction=sent&state=claimed&limit=100")
            for invitation in waiting["items"]:
                path = f"/v1/invitations/{invitation['id']}/confirmation"
                await self._ask(node, "PUT", path, {"decision": "confirm"})
