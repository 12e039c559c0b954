"""What is done with a connection: drafted, answered step by step, changed, activated where it is local."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from service.access.principals import Principal
from service.connections.models import Connection
from service.connections.names import default_name, free_name, store_name
from service.connections.pending import drop_present
from service.connections.schemas import ConnectionPatch, DetailsIn
from service.connections.setup import require_mode
from service.connections.states import ConnectionState
from service.connections.view import set_up_of
from service.database.rows import find, get_for_update
from service.events.operations import record
from service.instances.models import Instance
from service.node import Node
from service.problems.tree import ConnectionClosed, NotFound, StaleRevision, UrlNotAllowed, fault, not_valid
from service.values.texts import new_id
from service.words import DestinationType, Mode, Role, Scope

ALL_SCOPES = [scope.value for scope in Scope]


@dataclass(frozen=True, slots=True)
class DestinationAnswer:
    """What the destination turned out to be, and which modes it cannot have."""

    type: DestinationType
    url: str | None = None
    node_url: str | None = None
    platform: str | None = None
    mode_refusals: dict[str, str] = field(default_factory=dict)


def draft(instance: Instance, now: datetime, return_url: str | None, labels: dict[str, str]) -> Connection:
    """Return a connection of which nothing is known yet but its own side."""
    if return_url is not None:
        check_return_url(instance, return_url)
    return Connection(
        id=new_id("con"),
        instance_id=instance.id,
        role=Role.INITIATOR,
        scope=ALL_SCOPES,
        return_url=return_url,
        labels=labels,
        created_at=now,
        updated_at=now,
    )


def check_return_url(instance: Instance, return_url: str) -> None:
    """Raise UrlNotAllowed unless the instance lists exactly this URL: a browser is sent there."""
    if return_url not in instance.return_urls:
        raise UrlNotAllowed(
            "The return URL is not on the instance's list return_urls.",
            fix="Use one of the instance's return_urls, or add this one to them.",
            errors=[fault("/return_url", "not_listed", "Not on the list.")],
        )


async def get_visible(session: AsyncSession, principal: Principal, connection_id: str) -> Connection:
    """Return the connection; raise NotFound where there is none that this caller may know of."""
    connection = await find(session, Connection, connection_id)
    if connection is None or not principal.may_see(connection.instance_id):
        raise NotFound("There is no connection {id}.", id=connection_id)
    return connection


async def lock_visible(
    session: AsyncSession, principal: Principal, connection_id: str, revision: int | None = None
) -> Connection:
    """Return the connection, locked; raise StaleRevision where it is not the one that the caller read."""
    await get_visible(session, principal, connection_id)
    connection = await get_for_update(session, Connection, connection_id)
    if revision is not None and revision != connection.revision:
        raise StaleRevision("It is at revision {revision} now.", revision=connection.revision)
    return connection


async def answer_destination(
    session: AsyncSession, node: Node, connection: Connection, answer: DestinationAnswer
) -> None:
    """The destination is chosen; a mode that it cannot have is asked for again."""
    given = {
        "type": answer.type,
        "destination_url": answer.url,
        "destination_node_url": answer.node_url,
        "destination_platform": answer.platform,
        "mode_refusals": answer.mode_refusals,
    }
    if all(getattr(connection, name) == value for name, value in given.items()):
        return
    connection.sqlmodel_update(given)
    if connection.mode in answer.mode_refusals:
        connection.mode = None
    await _drop_attempt(session, node, connection)


async def answer_details(session: AsyncSession, connection: Connection, details: DetailsIn) -> None:
    """The names are chosen; the default name moves on with the short names while nobody chose another."""
    check_short_names(details.local_short_name, details.destination_short_name)
    connection.local_short_name = details.local_short_name
    connection.destination_short_name = details.destination_short_name
    connection.description = details.description
    wanted = default_name(details.local_short_name, details.destination_short_name)
    connection.name = details.name or await free_name(session, connection, wanted)


async def answer_mode(session: AsyncSession, node: Node, connection: Connection, mode: Mode) -> None:
    """The mode is chosen; raise ModeRefused where this destination cannot have it."""
    require_mode(set_up_of(connection, None), mode)
    if connection.mode is not mode:
        connection.mode = mode
        await _drop_attempt(session, node, connection)


async def _drop_attempt(session: AsyncSession, node: Node, connection: Connection) -> None:
    """An attempt that was made for other answers is cancelled before anybody starts it."""
    await drop_present(session, node, connection)
    connection.last_error = None


def check_short_names(local: str | None, destination: str | None) -> None:
    """Raise ValidationFailed where scripts could not tell the two sides apart."""
    if local is not None and destination is not None and local.lower() == destination.lower():
        raise not_valid("/destination_short_name", "same_short_names", "The two short names must differ.")


async def save_answers(session: AsyncSession, connection: Connection, now: datetime) -> None:
    """What was answered is stored under a new revision; raise NameTaken for a name of another connection."""
    connection.touch(now)
    await store_name(session, connection)


async def patch(
    session: AsyncSession, connection: Connection, instance: Instance, changes: ConnectionPatch, now: datetime
) -> None:
    """What the caller sent is changed, at any time before the connection is closed; the rest stays."""
    require_open(connection)
    sent, before = changes.model_fields_set, connection.model_dump()
    if "return_url" in sent and changes.return_url is not None:
        check_return_url(instance, changes.return_url)
    for name in sent - {"metadata"}:
        setattr(connection, name, getattr(changes, name))
    if "metadata" in sent:
        connection.labels = changes.metadata
    check_short_names(connection.local_short_name, connection.destination_short_name)
    if connection.model_dump() == before:
        return
    await save_answers(session, connection, now)
    record(session, connection.id, "connection.change", now, detail={"changed": sorted(sent)})


def require_open(connection: Connection) -> None:
    """Raise ConnectionClosed where the connection is over."""
    if connection.state is ConnectionState.CLOSED:
        raise ConnectionClosed("It was closed: {reason}.", reason=connection.reason)
