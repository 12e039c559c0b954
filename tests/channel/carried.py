"""A connection whose two sides send, get and take messages."""

from dataclasses import dataclass
from typing import Any

from tests.invitations.invited import Invited
from tests.nodes import RunningNode
from tests.pairs import Pair, read

Json = dict[str, Any]


@dataclass
class Carrier:
    """One side of an active connection, as a program that uses it sees it."""

    node: RunningNode
    connection: str

    @property
    def path(self) -> str:
        return f"/v1/connections/{self.connection}"

    async def send(self, body: object, expected: int = 201, key: str | None = None) -> Json:
        headers = {} if key is None else {"Idempotency-Key": key}
        answer = await self.node.api.post(f"{self.path}/messages", json={"body": body}, headers=headers)
        return read(answer, expected)

    async def get(self, after: int = 0) -> Json:
        return await self.node.read(f"{self.path}/messages?after={after}")

    async def bodies(self) -> list[Any]:
        return [message["body"] for message in (await self.get())["items"]]

    async def take(self, sequence: int, expected: int = 200) -> Json:
        return read(
            await self.node.api.put(f"{self.path}/messages/taken", json={"sequence": sequence}), expected
        )

    async def status(self) -> Json:
        return await self.node.read(f"{self.path}/sync-status")

    async def told(self) -> list[str]:
        """Return what the history says of the channel."""
        events = (await self.node.read(f"{self.path}/history?limit=100"))["items"]
        return [event["what"] for event in events if event["what"].startswith("channel.")]


async def both_public(pair: Pair) -> tuple[Carrier, Carrier]:
    """Return both sides of a connection on which either can dial."""
    ours, theirs = await pair.connected()
    return Carrier(pair.a, ours["id"]), Carrier(pair.b, theirs["id"])


async def one_private(pair: Pair) -> tuple[Carrier, Carrier]:
    """Return the side that can only be dialled, and the one that only dials."""
    invited = await Invited.begin(pair, private=True)
    issued = await invited.invite()
    await invited.accept(issued)
    await pair.work()
    await invited.confirm(issued)
    pair.clock.advance(30)
    await pair.work()
    ours, theirs = await invited.both()
    assert (ours["state"], theirs["state"]) == ("active", "active")
    return Carrier(pair.a, ours["id"]), Carrier(pair.b, theirs["id"])
