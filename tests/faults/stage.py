"""What a scene is played on: two nodes, the network between them, and the connection that it is about."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.faults.arrows import A
from tests.faults.clock_beside import ClockBeside
from tests.faults.faulty_network import FaultyNetwork
from tests.faults.patient_person import RELOADS, GaveUp, PatientPerson
from tests.faults.rest import revive
from tests.nodes import RunningNode
from tests.pairs import Pair

Json = dict[str, Any]


@dataclass
class Stage:
    """Two nodes, the network that has a fault, and one connection that A drafted.

    `sent` is the invitation that A made of it, with its code; `received` is what B made of that.
    """

    pair: Pair
    network: FaultyNetwork
    draft: Json
    sent: Json = field(default_factory=dict)
    received: Json = field(default_factory=dict)

    def side(self, name: str) -> RunningNode:
        """Return the node that the tables call so."""
        return self.pair.a if name == A else self.pair.b

    def drift(self, seconds: float) -> None:
        """B's clock is so far ahead of A's from now on."""
        clock = self.pair.b.clock
        assert isinstance(clock, ClockBeside)
        clock.ahead = seconds

    async def revive(self) -> None:
        """Whichever node died is started again."""
        await revive(self.pair)

    async def ask(
        self, node: RunningNode, method: str, path: str, body: object = None, *, key: str | None = None
    ) -> Json:
        """A program asks until it gets an answer; return it. Raises GaveUp where its node gets none either.

        Where it had none before, a conflict may say that what it asks for is done.
        """
        fine = {httpx.codes.OK, httpx.codes.CREATED}
        headers = {} if key is None else {"Idempotency-Key": key}
        for _ in range(RELOADS):
            try:
                answer = await node.api.request(method, path, json=body, headers=headers)
            except httpx.TransportError:
                await self.revive()
                fine.add(httpx.codes.CONFLICT)
                continue
            if answer.status_code != httpx.codes.FAILED_DEPENDENCY:
                assert answer.status_code in fine, answer.text
                found: Json = answer.json()
                return found
        raise GaveUp

    async def require_carried(self) -> None:
        """What each side sent is at the other, once."""
        for node, connection, sender in (
            (self.pair.a, self.draft, self.pair.b),
            (self.pair.b, (await self.pair.listed_at_b())[0], self.pair.a),
        ):
            found = await node.read(f"/v1/connections/{connection['id']}/messages")
            assert [item["body"] for item in found["items"]] == [sender.slug]
            assert (await node.read(f"/v1/connections/{connection['id']}/sync-status"))["to_send"] == 0

    async def verify(self, *, decision: str = "accept") -> Json:
        """A person goes through a fresh attempt, as far as the pages lead; return its session."""
        path = f"/v1/connections/{self.draft['id']}/verification-sessions"
        session = await self.ask(self.pair.a, "POST", path)
        await PatientPerson(self.network, self.revive).verify(session["start_url"], decision=decision)
        return session

    async def connect(self) -> None:
        """The connection is active on both sides."""
        await self.verify()
        await self.pair.work()
        assert (await self.pair.shown(self.draft))["state"] == "active"


async def restart_at(node: RunningNode, url: str) -> None:
    """The node is started under this URL, and is nowhere else any more."""
    await node.stop()
    node.network.down.add(urlsplit(node.url).netloc)
    node.settings = node.settings.model_copy(update={"public_url": url})
    node.network.hosts[urlsplit(url).netloc] = node.door
    node.network.down.discard(urlsplit(url).netloc)
    await node.start()
