"""How often, and how many at once, this node looks at hosts because somebody asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service.http import acting
from service.instances.models import Instance
from service.limits.at_once import Full
from service.limits.table import PROBES_BY_CALLER, PROBES_BY_HOST
from service.node import Node
from service.problems.tree import Unavailable

MOST_LOOKS = 20


@asynccontextmanager
async def looking(node: Node, instance: Instance, host: str) -> AsyncIterator[None]:
    """Look at a host inside the block; raises RateLimited, and Unavailable where too many others look."""
    who = acting.current()
    caller = f"{instance.id} {who.kind} {who.id}"
    node.counts.spend(node.clock.now(), (PROBES_BY_CALLER, caller), (PROBES_BY_HOST, host))
    try:
        async with node.at_once.place("looks", MOST_LOOKS):
            yield
    except Full:
        raise Unavailable("This node is looking at as many hosts as it can.") from None
