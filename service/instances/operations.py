"""What is done with instances: made with a signing key of their own, found, changed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.database.pagination import Keyset, Page, PageRequest, read_page
from service.instance_keys.models import InstanceKey
from service.instance_keys.operations import add_current_key
from service.instances.addresses import check_return_urls, read_instance_url
from service.instances.credentials import seal_credential
from service.instances.models import Instance
from service.node import Node
from service.platforms.description import PlatformDescription
from service.platforms.interface import Credential, Platform
from service.platforms.registry import SANDBOX, Registry
from service.problems.tree import NameTaken, NotFound, OptionNotAvailable, not_valid
from service.settings import Settings
from service.values.texts import is_storable, new_id
from service.words import Network

SLUG_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"
_SLUG = re.compile(SLUG_PATTERN, re.ASCII)
_BY_SLUG = select(Instance).where(Instance.slug == bindparam("slug"))


@dataclass(frozen=True, slots=True)
class NewInstance:
    """What is said about an instance when it is made; `url` may be empty for the sandbox only."""

    slug: str
    name: str
    platform: str
    url: str = ""
    network: Network = Network.PUBLIC
    return_urls: tuple[str, ...] = ()
    credential: Credential | None = None


def issuer_of(settings: Settings, slug: str) -> str:
    """Return the node URL of an instance, from the configuration alone."""
    return f"{settings.public_url}/i/{slug}"


async def get_instance(session: AsyncSession, instance_id: str) -> Instance:
    """Return the instance; raises NotFound."""
    instance = await session.get(Instance, instance_id) if is_storable(instance_id) else None
    if instance is None:
        raise NotFound("There is no instance {id}.", id=instance_id)
    return instance


async def get_by_slug(session: AsyncSession, slug: str) -> Instance:
    """Return the instance; raises NotFound."""
    if not _SLUG.fullmatch(slug):
        raise NotFound("There is no such instance.")  # what is no slug may be anything, a token too
    instance = (await session.exec(_BY_SLUG, params={"slug": slug})).one_or_none()
    if instance is None:
        raise NotFound("There is no instance {slug}.", slug=slug)
    return instance


async def find_instance(session: AsyncSession, settings: Settings, name: str) -> Instance:
    """Return the instance that its id, slug or node URL names; raises NotFound."""
    if name.startswith("ins_"):
        return await get_instance(session, name)
    return await get_by_slug(session, name.rstrip("/").removeprefix(issuer_of(settings, "")))


async def create_instance(
    session: AsyncSession, node: Node, platforms: Registry, new: NewInstance, now: datetime
) -> Instance:
    """The instance exists, with a signing key; raises ValidationFailed, UrlNotAllowed, NameTaken."""
    platform = find_platform(platforms, new.platform)
    if not _SLUG.fullmatch(new.slug):
        detail = "A slug has 1 to 63 small letters, digits and hyphens, and no hyphen at its ends."
        raise not_valid("/slug", "slug", detail)
    instance_id = new_id("ins")
    sealed = seal_credential(node.sealer, instance_id, new.credential) if new.credential else None
    instance = Instance(
        id=instance_id,
        slug=new.slug,
        name=new.name,
        platform=platform.description.name,
        url=_own_url(node.settings, platforms, platform.description, new),
        network=new.network,
        return_urls=check_return_urls(list(new.return_urls), node.settings),
        identity={"node_url": issuer_of(node.settings, new.slug)},
        credential_sealed=sealed,
        created_at=now,
        updated_at=now,
    )
    await _insert(session, instance)
    await add_current_key(session, node.sealer, instance.id, now)
    return instance


def find_platform(platforms: Registry, name: str) -> Platform:
    """Return the platform; raises ValidationFailed that lists those this node knows."""
    try:
        return platforms.get(name)
    except KeyError:
        options = [{"value": known.name, "label": known.label} for known in platforms.descriptions()]
        names = ", ".join(option["value"] for option in options)
        detail = f"This node has no such platform; it has: {names}."
        raise not_valid("/platform", "unknown_platform", detail, options=options) from None


def platform_of(platforms: Registry, instance: Instance) -> Platform:
    """Return the instance's platform; raises OptionNotAvailable where this node offers it no longer."""
    try:
        return platforms.get(instance.platform)
    except KeyError:
        raise OptionNotAvailable(
            "{instance_name} is a {platform}, which this node does not offer any more.",
            instance_name=instance.name,
            platform=instance.platform,
            options=[],
            fix="Ask the operator to switch the platform on again (PARLEY_SANDBOX for the sandbox).",
        ) from None


def _own_url(settings: Settings, platforms: Registry, platform: PlatformDescription, new: NewInstance) -> str:
    if new.platform != SANDBOX:
        if not new.url:
            raise not_valid("/url", "missing", "The address of the work-management system is missing.")
        return read_instance_url(new.url, platforms.descriptions(), platform, settings)
    own = f"{settings.public_url}/sandbox/{new.slug}"
    if new.url not in {"", own}:
        raise not_valid("/url", "sandbox_url", f"A sandbox instance lives at {own}; leave url out.")
    return own


async def _insert(session: AsyncSession, instance: Instance) -> None:
    """The unique index decides who got the slug; the loser's transaction goes on."""
    try:
        async with session.begin_nested():
            session.add(instance)
    except IntegrityError:
        raise NameTaken(
            "Another instance of this node has the slug {slug}.",
            slug=instance.slug,
            fix="Choose another slug; it is the last part of the node URL, so each instance has its own.",
        ) from None


async def list_instances(
    session: AsyncSession, instance_ids: frozenset[str] | None, asked: PageRequest
) -> Page[Instance]:
    """Return a page of these instances, all where None, the oldest first; raises InvalidPageToken."""
    statement = select(Instance)
    if instance_ids is not None:
        statement = statement.where(col(Instance.id).in_(instance_ids))
    keyset: Keyset[Instance] = Keyset("instances", [col(Instance.id)], lambda instance: (instance.id,))
    return await read_page(session, statement, keyset, asked)


async def change_instance(
    session: AsyncSession, settings: Settings, instance: Instance, given: Mapping[str, Any], now: datetime
) -> None:
    """The instance has the given values of name, network, return_urls and credential_sealed; others stay."""
    changes = dict(given)
    if "return_urls" in changes:
        changes["return_urls"] = check_return_urls(changes["return_urls"], settings)
    if any(getattr(instance, name) != value for name, value in changes.items()):
        instance.sqlmodel_update({**changes, "updated_at": now})
        session.add(instance)
        await session.flush()


async def issuers_of_keys(session: AsyncSession, settings: Settings, kids: Iterable[str]) -> set[str]:
    """Return the issuers of this node to which any of these keys belongs."""
    statement = (
        select(Instance.slug)
        .join(InstanceKey, col(InstanceKey.instance_id) == col(Instance.id))
        .where(col(InstanceKey.id).in_(list(kids)))
    )
    return {issuer_of(settings, slug) for slug in (await session.exec(statement)).all()}
