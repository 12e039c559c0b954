"""The same node under another URL: its database and its keys are what they were."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.nodes import Door, RunningNode
from tests.pairs import Pair, read


@asynccontextmanager
async def restarted_at(pair: Pair, name: str, node: RunningNode | None = None) -> AsyncIterator[RunningNode]:
    """Give node A, or `node`, as it is after it was started with another PARLEY_PUBLIC_URL; the old URL is dead."""
    old, url, door = node or pair.a, f"https://{name}.test", Door(pair.clock)
    settings = old.settings.model_copy(update={"public_url": url})
    pair.network.hosts[f"{name}.test"] = door
    pair.network.down.add(httpx.URL(old.url).host)
    headers = {"Authorization": old.api.headers["Authorization"]}
    async with httpx.AsyncClient(transport=door, base_url=url, headers=headers) as api:
        moved = RunningNode(settings, pair.network, pair.clock, door, api, old.slug, instance=old.instance)
        await moved.start()
        try:
            yield moved
        finally:
            await moved.stop()


async def say(node: RunningNode, kind: str, expected: int = 200, **more: object) -> dict[str, Any]:
    """Return what the node answers to whoever says what became of it."""
    path = f"/v1/instances/{node.instance['id']}/moves"
    return read(await node.api.post(path, json={"kind": kind, **more}), expected)
