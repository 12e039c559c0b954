"""What an admin does about keys, and what somebody with an old key could try."""

from typing import Any

from service.database.sessions import reading
from service.instance_keys.operations import key_ids, signing_key
from service.protocol.client import Caller, Peer
from service.trust.signatures import SigningKey
from tests.nodes import RunningNode
from tests.pairs import Pair, read

HOUR, DAY = 3_601, 86_401
EMERGENCY = {"kind": "emergency"}


async def rotate(node: RunningNode, kind: str = "planned") -> dict[str, str]:
    """Return the state of each key after the rotation."""
    path = f"/v1/instances/{node.instance['id']}/key-rotations"
    return states(read(await node.api.post(path, json={"kind": kind}), 201))


async def keys_of(node: RunningNode) -> dict[str, str]:
    """Return the state of each key as an admin sees it."""
    return states(await node.read(f"/v1/instances/{node.instance['id']}/keys"))


def states(shown: dict[str, Any]) -> dict[str, str]:
    return {key["kid"]: key["state"] for key in shown["keys"]}


async def published(node: RunningNode) -> set[str]:
    """Return the keys that others find, in the key set and in the client document alike."""
    jwks = await node.read(f"/i/{node.slug}/oauth/jwks")
    document = await node.read(f"/i/{node.slug}/oauth/client.json")
    assert document["jwks"] == jwks
    return {key["kid"] for key in jwks["keys"]}


async def current_key(node: RunningNode) -> SigningKey:
    """Return what signs now; whoever keeps it has a stolen key after a rotation."""
    async with reading(node.node.database) as session:
        return await signing_key(session, node.node.sealer, str(node.instance["id"]))


async def caller(node: RunningNode, key: SigningKey) -> Caller:
    """Return somebody who holds this key of the node's instance."""
    async with reading(node.node.database) as session:
        own = await key_ids(session, str(node.instance["id"]))
    return Caller(node.issuer, key, own, node.node.egress, node.clock.now())


def peer(node: RunningNode) -> Peer:
    """Return where the node is called."""
    oauth = f"{node.issuer}/oauth"
    return Peer(node.issuer, f"{oauth}/authorize", f"{oauth}/token", f"{oauth}/par", f"{oauth}/register")


async def history(node: RunningNode, connection: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Return what and why of all that concerns the other side's keys."""
    events = (await node.read(f"/v1/connections/{connection['id']}/history"))["items"]
    return [(event["what"], event["why"]) for event in events if event["what"].startswith("peer_keys")]


async def time_passes(pair: Pair, *seconds: float) -> None:
    """Both nodes work after each span."""
    for span in seconds:
        pair.clock.advance(span)
        await pair.work()


async def both_states(pair: Pair) -> tuple[str, str]:
    """Return how the one connection stands at each side, where both saw each other just now."""
    here = (await pair.a.read("/v1/connections"))["items"][0]
    there = (await pair.listed_at_b())[0]
    now = pair.clock.now().isoformat().replace("+00:00", "Z")
    assert [here["destination"]["last_seen_at"], there["destination"]["last_seen_at"]] == [now, now]
    return here["state"], there["state"]
