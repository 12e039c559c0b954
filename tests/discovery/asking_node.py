"""A node with one instance that asks, for tests of probes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from service.database.engine import open_database
from service.database.sessions import transaction
from service.discovery.operations import NO_PARTNERS, probe
from service.discovery.probes import Probe
from service.egress.client import Egress
from service.instances.models import Instance
from service.instances.operations import NewInstance, create_instance
from service.node import Node
from service.platforms.registry import Registry, build_registry
from service.settings import Settings
from service.trust.sealing import Sealer, new_key, parse_keys
from service.trust.tokens import Hasher
from service.words import Network
from tests.discovery.fake_web import NOW
from tests.small_node import FrozenClock

PUBLIC_URL = "https://parley.beta.example"
OWN_TRACKER = "https://redmine.beta.example"


@dataclass(frozen=True)
class Asker:
    """The node, and the instance for which it asks."""

    node: Node
    platforms: Registry
    instance: Instance

    async def ask(self, url: str, known_nodes: Mapping[str, str] = NO_PARTNERS) -> Probe:
        return await probe(self.node, self.platforms, self.instance, url, known_nodes=known_nodes)

    async def add(self, slug: str, url: str, network: Network = Network.PUBLIC) -> Instance:
        return await add_instance(self.node, self.platforms, slug, url, network)


async def add_instance(
    node: Node, platforms: Registry, slug: str, url: str, network: Network = Network.PUBLIC
) -> Instance:
    platform = "sandbox" if not url else "redmine"
    new = NewInstance(slug=slug, name=slug.title(), platform=platform, url=url, network=network)
    async with transaction(node.database) as session:
        return await create_instance(session, node, platforms, new, NOW)


@asynccontextmanager
async def asking_node(
    database_url: str,
    egress: Egress,
    *,
    url: str = OWN_TRACKER,
    network: Network = Network.PUBLIC,
    **settings: Any,
) -> AsyncIterator[Asker]:
    """A node whose instance `beta` asks; its web is the one behind `egress`."""
    key = new_key()
    database = open_database(database_url)
    node = Node(
        settings=Settings.model_validate({"public_url": PUBLIC_URL, "sealing_keys": key, **settings}),
        database=database,
        clock=FrozenClock(NOW),
        egress=egress,
        sealer=Sealer(parse_keys(key)),
        hasher=Hasher(b"h" * 32),
    )
    platforms = build_registry(sandbox=True)
    try:
        yield Asker(node, platforms, await add_instance(node, platforms, "beta", url, network))
    finally:
        await egress.aclose()
        await database.close()
