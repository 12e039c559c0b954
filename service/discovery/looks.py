"""How often this node looks at a host because somebody asked: by who asked, and by the host."""

from service import acting
from service.instances.models import Instance
from service.limits import PROBES_BY_CALLER, PROBES_BY_HOST
from service.node import Node


def count_look(node: Node, instance: Instance, host: str) -> None:
    """One more look is counted; raises RateLimited where the caller or the host had its share."""
    who = acting.current()
    caller = f"{instance.id} {who.kind} {who.id}"
    node.counts.spend(node.clock.now(), (PROBES_BY_CALLER, caller), (PROBES_BY_HOST, host))
