"""The same node under another URL: its database and its keys are what they were."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.nodes import Door, RunningNode
from tests.pairs import Pair


@asynccontextmanager
async def restarted_at(pair: Pair, name: str) -> AsyncIterator[RunningNode]:
    """Give node A as it is after it was started with another PARLEY_PUBLIC_URL; the old URL leads nowhere."""
    old, url, door = pair.a, f"https://{name}.test", Door(pair.clock)
    settings = old.settings.model_copy(update={"public_url": url})
    pair.network.hosts[f"{name}.test"] = door
    pair.network.down.add("a.test")
    headers = {"Authorization": old.api.headers["Authorization"]}
    async with httpx.AsyncClient(transport=door, base_url=url, headers=headers) as api:
        node = RunningNode(settings, pair.network, pair.clock, door, api, old.slug, instance=old.instance)
        await node.start()
        try:
            yield node
        finally:
            await node.stop()
