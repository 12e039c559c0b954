"""What commands do with the database, and how they say in a sentence why they cannot."""

import os
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from asyncpg.exceptions import PostgresError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.access.hash_key import load_hasher
from service.access.operations import issue_token
from service.access.scopes import INSTANCE_SCOPES, SCOPES
from service.commands.resealing import reseal_all
from service.database.engine import open_database
from service.database.revisions import UnknownRevision, newest_revision, present_revision
from service.database.sessions import transaction
from service.database.single_process import database_file, keep_private, require_usable_file
from service.database.trouble import Trouble, trouble_of
from service.egress.client import Egress
from service.instance_keys.rotation import RotationKind, rotate
from service.instance_keys.schemas import NOT_READABLE
from service.instances.addresses import egress_policy
from service.instances.models import Instance
from service.instances.operations import NewInstance, create_instance, get_by_slug, issuer_of
from service.node import Node
from service.platforms.registry import build_registry
from service.problems.tree import Problem
from service.settings import Settings
from service.trust.sealing import SealBroken, Sealer, parse_keys
from service.values.moments import Clock
from service.verification.attempts import end_open_attempts
from service.words import Network

LONGEST_SOCKET_NAME = 103  # bytes, on the system with the least room for it


def require_socket(path: str) -> None:
    """A Unix socket can be made there; raises ValueError."""
    place = Path(path).absolute()
    if not place.parent.is_dir():
        raise ValueError(f"There is no folder for the socket {path}. Make it, or choose another one.")
    if not os.access(place.parent, os.W_OK):
        raise ValueError(
            f"The folder of the socket {path} takes no files. Choose another one, or change its rights."
        )
    if place.exists() and not place.is_socket():
        raise ValueError(f"{path} is there already, and is no socket. Choose another name.")
    if len(os.fsencode(path)) > LONGEST_SOCKET_NAME:
        raise ValueError(f"The name of a socket has at most {LONGEST_SOCKET_NAME} bytes; {path} is longer.")


async def create_token(
    settings: Settings, name: str, scopes: Sequence[str] | None, slugs: Sequence[str] | None
) -> str:
    """Return the secret of a new token; `slugs` of None means every instance."""
    async with opened(settings) as (node, session, now):
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
    async with opened(settings) as (node, session, now):
        instance = await create_instance(session, node, registry, new, now)
        _, secret = await issue_token(session, node.hasher, name, INSTANCE_SCOPES, [instance.id], now)
    return f"{issuer_of(settings, slug)}\n{secret}"


async def first_instance(settings: Settings, slug: str) -> str:
    """There is an instance of the sandbox to begin with; return what to do with it, and a token where it is new."""
    if not settings.sandbox:
        return "Without PARLEY_SANDBOX there is no instance to try: add one with `parley instance add`."
    async with opened(settings) as (node, session, now):
        node_url = issuer_of(settings, slug)
        if (await session.exec(select(Instance.id))).first() is not None:
            return (
                "Its instances: `parley instance list`. Another token: `parley token create --all-instances`."
            )
        registry = build_registry(sandbox=settings.sandbox)
        new = NewInstance(slug=slug, name=slug.title(), platform="sandbox", url="", network=Network.PUBLIC)
        instance = await create_instance(session, node, registry, new, now)
        _, secret = await issue_token(
            session, node.hasher, instance.name, INSTANCE_SCOPES, [instance.id], now
        )
    return (
        f"Its first instance is at {node_url} (sign in as alice with alice-sandbox). Its token, shown only now:\n"
        f"export PARLEY_URL={settings.public_url} PARLEY_TOKEN={secret}\n"
        'Try it: curl -s $PARLEY_URL/v1/me -H "Authorization: Bearer $PARLEY_TOKEN"'
    )


async def rotate_instance_key(settings: Settings, slug: str, kind: RotationKind) -> str:
    """Return which key signs now, and which one will."""
    async with opened(settings) as (node, session, now):
        instance = await get_by_slug(session, slug)
        keys = await rotate(session, node, instance.id, kind, now)
        if kind is RotationKind.EMERGENCY:
            await end_open_attempts(session, node, instance.id)
    lines = [
        f"{key.id} {key.state}" + (f" until {key.until:%Y-%m-%d %H:%M} UTC" if key.until else "")
        for key in keys
    ]
    return "\n".join([*lines, *([NOT_READABLE] if instance.network is Network.PRIVATE else [])])


async def rotate_keys(settings: Settings) -> str:
    """Every secret at rest is sealed with the first of the keys."""
    async with _node(settings) as node:
        count = await reseal_all(node.database, node.sealer)
    return f"{count} secrets were sealed with the newest key; older keys may leave PARLEY_SEALING_KEYS now."


async def require_usable(settings: Settings) -> None:
    """The database answers, has every migration, and its secrets open; raises one of UNUSABLE."""
    async with _node(settings):
        pass


async def is_current(settings: Settings) -> bool:
    """True where the database has every migration; a file that is there is private from now on."""
    file = database_file(settings.resolved_database_url)
    if file is not None:
        if not file.is_file():
            return False
        keep_private(file)
    database = open_database(settings.resolved_database_url, answer_seconds=settings.database_seconds)
    try:
        return await present_revision(database) == newest_revision()
    finally:
        await database.close()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[Node, AsyncSession, datetime]]:
    """Give the parts of the node, one transaction, and the time."""
    async with _node(settings) as node, transaction(node.database) as session:
        yield node, session, node.clock.now()


@asynccontextmanager
async def _node(settings: Settings) -> AsyncIterator[Node]:
    """Give the parts of the node, on a database that this code knows."""
    url = settings.resolved_database_url
    if file := database_file(url):
        try:
            require_usable_file(file)
        except FileNotFoundError:
            raise NotMigrated(found=None) from None  # to connect would make an empty file
    database = open_database(url, answer_seconds=settings.database_seconds)
    egress = Egress(egress_policy(settings))
    sealer = Sealer(parse_keys(settings.sealing_keys.get_secret_value()))
    try:
        found = await present_revision(database)
        if found != newest_revision():
            raise NotMigrated(found)
        yield Node(settings, database, Clock(), egress, sealer, await load_hasher(database, sealer))
    finally:
        await egress.aclose()
        await database.close()


class NotMigrated(Exception):
    """The database is at another migration than this code needs."""

    def __init__(self, found: str | None) -> None:
        at = f"at migration {found}, which is not the one" if found else "empty: it lacks the tables"
        super().__init__(f"The database is {at} that this version needs. Run `parley migrate` first.")


UNUSABLE = (NotMigrated, SealBroken, UnknownRevision, SQLAlchemyError, PostgresError, OSError)


def explain(fault: Exception) -> str:
    """Return what an operator reads instead of a traceback, with the way out."""
    match fault:
        case Problem():
            return f"{fault.detail} {fault.fix}"
        case SealBroken():
            return f"PARLEY_SEALING_KEYS does not fit this database. {fault}"
        case UnknownRevision():
            return (
                f"The database is at a migration that this version does not know ({fault}). Use a newer one."
            )
        case OSError() if fault.filename is not None:
            return f"{fault.filename} cannot be used: {fault.strerror}. Choose another place, or change its rights."
        case SQLAlchemyError() | PostgresError() | OSError():
            return _told_by_the_database(fault)
        case _:
            return str(fault)


def _told_by_the_database(fault: Exception) -> str:
    """Return what is wrong with it, what it said in a line, and which setting says where it is."""
    said = fault.orig if isinstance(fault, DBAPIError) else fault
    trouble = trouble_of(fault) if isinstance(fault, DBAPIError) else Trouble.AWAY
    sentence = trouble.sentence if trouble else "The database refused."
    line = " ".join(str(said).split()).rstrip(".")
    setting = "PARLEY_DATA_DIR" if isinstance(said, sqlite3.Error) else "PARLEY_DATABASE_URL"
    return f"{sentence} It said: {line}. Check {setting}."
