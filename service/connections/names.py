"""Names of connections: made from the short names of both sides, unique among an instance's open connections."""

import re
from collections.abc import Iterable

from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.states import ConnectionState
from service.instances.models import Instance
from service.problems.tree import NameTaken, fault

LONGEST = 255
LONGEST_SHORT_NAME = 30
_NOT_IN_SHORT_NAMES = re.compile(r"[^A-Za-z0-9_-]+")
TRIES = 10


def default_name(local_short_name: str, destination_short_name: str) -> str:
    """Return the name that a connection has when nobody chose one."""
    return f"{local_short_name} to {destination_short_name}"[:LONGEST]


async def free_name(session: AsyncSession, connection: Connection, wanted: str) -> str:
    """Return `wanted`, numbered where another open connection of the instance has it.

    A crowd that wants one name gets numbers one by one: each waits here until those before it are stored.
    """
    # Rows that name the instance as theirs can still be stored meanwhile.
    turn = select(Instance.id).where(Instance.id == connection.instance_id).with_for_update(key_share=True)
    await session.exec(turn)
    taken = set(await _open_names(session, connection, wanted))
    if wanted not in taken:
        return wanted
    number = 2
    while (numbered := f"{wanted[: LONGEST - 8]} ({number})") in taken:
        number += 1
    return numbered


async def _open_names(session: AsyncSession, connection: Connection, start: str) -> Iterable[str]:
    statement = select(Connection.name).where(
        Connection.instance_id == connection.instance_id,
        Connection.id != connection.id,
        Connection.state != ConnectionState.CLOSED,
        col(Connection.name).startswith(start[: LONGEST - 8], autoescape=True),
    )
    return [name for name in (await session.exec(statement)).all() if name]


async def insert_named(session: AsyncSession, connection: Connection, wanted: str) -> None:
    """The connection is stored under the wanted name, numbered where others have it or take it at this moment."""
    for _ in range(TRIES):
        connection.name = await free_name(session, connection, wanted)
        try:
            async with session.begin_nested():
                session.add(connection)
        except IntegrityError:
            continue
        return
    raise NameTaken("Others take this name at this very moment.")


async def store_name(session: AsyncSession, connection: Connection) -> None:
    """Write what was changed; raise NameTaken, with the connection that has the name, unless it got it just now."""
    message = "Another open connection of this instance has this name."
    if connection.name is not None and inspect(connection).attrs.name.history.has_changes():
        with session.no_autoflush:
            same = select(Connection.id).where(
                Connection.instance_id == connection.instance_id,
                Connection.name == connection.name,
                Connection.id != connection.id,
                Connection.state != ConnectionState.CLOSED,
            )
            taken = (await session.exec(same)).first()
        if taken is not None:
            raise NameTaken(
                message, connection=taken, errors=[fault("/name", "taken", f"The connection {taken} has it.")]
            )
    try:
        await session.flush()
    except IntegrityError as error:
        if "uq_connection_open_name" not in str(error.orig) and "connection.name" not in str(error.orig):
            raise
        raise NameTaken(message, errors=[fault("/name", "taken", message)]) from error


def swapped_names(here: tuple[str, str], there: tuple[str, str]) -> tuple[str, str]:
    """Return a short name of each side: the one that was proposed, or else one made from what it is called."""
    local, destination = _short_name(*here, "here"), _short_name(*there, "there")
    if destination == local:
        destination = f"{destination[: LONGEST_SHORT_NAME - 2]}-2"
    return local, destination


def _short_name(asked: str, *others: str) -> str:
    """Return a name that a draft could have, too: a letter, then letters, digits, `_` and `-`."""
    for candidate in (asked, *others):
        name = _NOT_IN_SHORT_NAMES.sub("-", candidate).lstrip("-_0123456789").rstrip("-")
        if name:
            return name[:LONGEST_SHORT_NAME]
    return "side"
