"""How often other nodes may ask, refused in the words of their protocol."""

from datetime import datetime

from service.limits.table import Limit
from service.node import Node
from service.problems.tree import RateLimited
from service.protocol.errors import TooOften


def spend(node: Node, now: datetime, *shares: tuple[Limit, str]) -> None:
    """One more is counted for each of these subjects; raises TooOften where one had its share."""
    try:
        node.counts.spend(now, *shares)
    except RateLimited as refusal:
        raise TooOften(refusal.detail, refusal.headers) from None
