"""Two nodes that many cases share: each finds them with nothing open, or gets fresh ones."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from datetime import timedelta
from itertools import count
from pathlib import Path

from sqlmodel import col, delete, update

from service.access.models import GuessCount, SignInSession
from service.authorization.requests.models import AuthorizationRequest
from service.authorization.sweeping import SWEEP_JOB
from service.connections.models import Connection
from service.events.models import Event
from service.invitations.invitation.models import Invitation
from service.jobs.models import Job
from service.protocol.replay import CachedDocument, SeenToken
from service.verification.session.models import VerificationSession
from tests import databases
from tests.faults import running_scenes
from tests.faults.clock_beside import ClockBeside
from tests.faults.faulty_network import FaultyNetwork
from tests.faults.stage import Stage, restart_at
from tests.nodes import RunningNode
from tests.pairs import Pair, two_nodes
from tests.small_node import FrozenClock

# All that a set-up leaves behind, each before what it points at. What a node is before the first one stays.
LEFT_BEHIND = (
    Event,
    Invitation,
    VerificationSession,
    AuthorizationRequest,
    Connection,
    SignInSession,
    GuessCount,
    CachedDocument,
    SeenToken,
)

FreshDatabase = Callable[[], AbstractContextManager[str]]


class Theatre:
    """Starting two nodes costs as much as a whole set-up between them."""

    def __init__(self, fresh_database: FreshDatabase) -> None:
        self.fresh_database = fresh_database
        self.nights = AsyncExitStack()
        self.free: Pair | None = None

    @asynccontextmanager
    async def stage(self) -> AsyncIterator[Stage]:
        """Give a fresh draft between two nodes; whoever leaves the stage in disorder was its last user."""
        pair, self.free = self.free or await self._open(), None
        # The use of a token is noted once in a minute: in each case it is noted anew.
        pair.clock.advance(60)
        await pair.work()
        network = pair.network
        assert isinstance(network, FaultyNetwork)
        stage = Stage(pair, network, await pair.draft())
        at_home = pair.a.url
        yield stage
        network.reset()
        stage.drift(0)
        for node in (pair.a, pair.b):
            node.watch = None
            await _forget(node)
        if pair.a.url != at_home:
            await restart_at(pair.a, at_home)
            await running_scenes.move(stage)
        self.free = pair

    async def _open(self) -> Pair:
        urls = [await self.nights.enter_async_context(_in_a_thread(self.fresh_database())) for _ in range(2)]
        clock = FrozenClock()
        nodes = two_nodes(*urls, network=FaultyNetwork(), clock=clock, clock_of_b=ClockBeside(clock))
        return await self.nights.enter_async_context(nodes)


async def _forget(node: RunningNode) -> None:
    """The node is as it was before its first connection, and sweeps next in the scene that takes an hour."""
    later = node.clock.now() + timedelta(minutes=55)
    async with node.node.database.engine.begin() as connection:
        for table in LEFT_BEHIND:
            await connection.execute(delete(table))
        await connection.execute(delete(Job).where(col(Job.kind) != SWEEP_JOB))
        await connection.execute(update(Job).values(run_at=later))


@asynccontextmanager
async def _in_a_thread(database: AbstractContextManager[str]) -> AsyncIterator[str]:
    """Making a PostgreSQL database runs an event loop of its own, for which there is no room in this one."""
    url = await asyncio.to_thread(database.__enter__)
    try:
        yield url
    finally:
        await asyncio.to_thread(database.__exit__, None, None, None)


def sqlite_databases(template: Path, folder: Path) -> FreshDatabase:
    """Return what gives a fresh file each time."""
    numbers = count(1)
    return lambda: nullcontext(databases.sqlite_copy(template, folder / f"{next(numbers)}.db"))


def postgres_databases(server_url: str, template: str) -> FreshDatabase:
    """Return what gives a fresh database of this server each time."""
    return lambda: databases.postgres_copy(server_url, template)
