"""Node A invites, node B is invited: what each of them does, in words."""

from dataclasses import dataclass
from typing import Any

from service.database.sessions import transaction
from service.instances.models import Instance
from service.words import Network
from tests.pairs import DETAILS, Pair, read

Json = dict[str, Any]


@dataclass
class Invited:
    """A draft at A for an unknown partner, and the pair of nodes."""

    pair: Pair
    draft: Json

    @classmethod
    async def begin(cls, pair: Pair, *, private: bool = False, mode: str = "basic") -> "Invited":
        """A draft with a private destination exists at A; `private` makes B's instance one nobody can dial."""
        if private:
            await make_private(pair)
        body = {"instance": pair.a.slug, "destination": {"type": "private"}, "details": DETAILS, "mode": mode}
        return cls(pair, await pair.post("/v1/connections", body))

    async def invite(self, **wanted: object) -> Json:
        """Return a fresh invitation with its code."""
        return await self.pair.post(f"/v1/connections/{self.draft['id']}/invitations", wanted)

    async def preview(self, issued: Json, **more: object) -> Json:
        """Return what B sees of the code."""
        body = {"code": issued["code"], "instance": self.pair.b.slug, **more}
        return read(await self.pair.b.api.post("/v1/invitation-previews", json=body), 200)

    async def accept(self, issued: Json, expected: int = 201, **more: object) -> Json:
        """Return what B answers to whoever accepts the code there."""
        body = {"code": issued["code"], "instance": self.pair.b.slug, **more}
        return read(await self.pair.b.api.post("/v1/invitation-acceptances", json=body), expected)

    async def confirm(
        self, issued: Json, decision: str = "confirm", expected: int = 200, **more: object
    ) -> Json:
        """Return what A answers to its admin's decision on who claimed."""
        path = f"/v1/invitations/{issued['id']}/confirmation"
        return read(await self.pair.a.api.put(path, json={"decision": decision, **more}), expected)

    async def shown(self, issued: Json) -> Json:
        """Return the invitation as A shows it."""
        return read(await self.pair.a.api.get(f"/v1/invitations/{issued['id']}"), 200)

    async def ours(self) -> Json:
        """Return the connection as A shows it."""
        return await self.pair.shown(self.draft)

    async def both(self) -> tuple[Json, Json]:
        """Return the connection as A and as B show it."""
        return await self.ours(), (await self.pair.listed_at_b())[0]


async def make_private(pair: Pair) -> None:
    """B's instance is one that no other node can reach."""
    async with transaction(pair.b.node.database) as session:
        instance = await session.get(Instance, str(pair.b.instance["id"]))
        assert instance is not None
        instance.network = Network.PRIVATE
        session.add(instance)
