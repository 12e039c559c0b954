"""What the short commands do with the database, beside a running node."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from service.access.hash_key import load_hasher
from service.access.operations import issue_token
from service.access.scopes import INSTANCE_SCOPES, SCOPES
from service.clock import Clock
from service.database import open_database, transaction
from service.egress import Egress
from service.instances.addresses import egress_policy
from service.instances.operations import NewInstance, create_instance, get_by_slug, issuer_of
from service.node import Node
from service.platforms.registry import build_registry
from service.sealing import Sealer, parse_keys
from service.settings import Settings
from service.words import Network


async def create_token(
    settings: Settings, name: str, scopes: Sequence[str] | None, slugs: Sequence[str] | None
) -> str:
    """Return the secret of a new token; `slugs` of None means every instance."""
    async with _open(settings) as (node, session, now):
        ids = None if not slugs else [(await get_by_slug(session, slug)).id for slug in slugs]
        _, secret = await issue_token(session, node.hasher, name, scopes or SCOPES, ids, now)
    return secret


async def add_instance(
    settings: Settings, slug: str, name: str, platform: str, url: str, *, private: bool
) -> str:
    """Return the node URL of a new instance and a token for it, a line each."""
    network = Network.PRIVATE if private else Network.PUBLIC
    new = NewInstance(slug=slug, name=name, platform=platform, url=url, network=network)
    registry = build_registry(sandbox=settings.sandbox)
    async with _open(settings) as (node, session, now):
        instance = await create_instance(session, node, registry, new, now)
        _, secret = await issue_token(session, node.hasher, name, INSTANCE_SCOPES, [instance.id], now)
    return f"{issuer_of(settings, slug)}\n{secret}"


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[tuple[Node, AsyncSession, datetime]]:
    database, clock = open_database(settings.resolved_database_url), Clock()
    sealer = Sealer(parse_keys(settings.sealing_keys.get_secret_value()))
    egress = Egress(egress_policy(settings))
    try:
        node = Node(settings, database, clock, egress, sealer, await load_hasher(database, sealer))
        async with transaction(database) as session:
            yield node, session, clock.now()
    finally:
        await egress.aclose()
        await database.engine.dispose()
