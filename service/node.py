"""What every part of a running node shares, made once by main.py and given to requests and jobs."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from service.database.engine import Database
from service.egress.client import Egress
from service.egress.lately import Lately
from service.limits.at_once import AtOnce
from service.limits.counts import Counts
from service.settings import Settings
from service.trust.sealing import Sealer
from service.trust.tokens import Hasher
from service.values.moments import Clock


@dataclass(frozen=True, slots=True)
class Node:
    """One running deployment: its settings, database, clock, way out, keys at rest, and what it counts."""

    settings: Settings
    database: Database
    clock: Clock
    egress: Egress
    sealer: Sealer
    hasher: Hasher
    counts: Counts = field(default_factory=Counts)
    at_once: AtOnce = field(default_factory=AtOnce)
    lately: Lately = field(default_factory=Lately)


async def get_node(connection: HTTPConnection) -> Node:
    """Return the node that serves this request."""
    node: Node = connection.app.state.node
    return node


async def get_now(connection: HTTPConnection) -> datetime:
    """Return the time by the node's clock."""
    node: Node = connection.app.state.node
    return node.clock.now()


NodeDep = Annotated[Node, Depends(get_node)]
NowDep = Annotated[datetime, Depends(get_now)]
