"""One answer of the wizard: look, decide, store, and show what comes next."""

from collections.abc import Awaitable, Callable

from sqlmodel.ext.asyncio.session import AsyncSession

from service.access.principals import own_instance
from service.connections import operations
from service.connections.desk import Desk
from service.connections.destinations import resolve_destination
from service.connections.models import Connection
from service.connections.names import default_name, insert_named, store_name
from service.connections.refusals import Case, take_up
from service.connections.schemas import ConnectionCreate, ConnectionOut, DestinationIn
from service.connections.setup import Step, require_step
from service.connections.view import set_up_of
from service.database.sessions import reading
from service.events.operations import record
from service.instances.identity import require_running

Apply = Callable[[AsyncSession, Connection], Awaitable[None]]


async def answer(
    desk: Desk, session: AsyncSession, connection_id: str, revision: int | None, step: Step, apply: Apply
) -> Connection:
    """The answer is stored; raise StepNotAllowed or OptionNotAvailable with the way out, and change nothing.

    The answer that is there already changes nothing either: no revision, no event, and an open attempt stays.
    """
    connection = await operations.lock_visible(session, desk.principal, connection_id, revision)
    case = await take_up(desk, session, connection)
    with case.way_out() as setup:
        require_step(setup, step)
        before = connection.model_dump()
        await apply(session, connection)
        if connection.model_dump() == before:
            return connection
        await operations.save_answers(session, connection, desk.node.clock.now())
        record(
            session,
            connection.id,
            f"{step}.answer",
            desk.node.clock.now(),
            detail=_answered(connection, step),
        )
    return connection


def _answered(connection: Connection, step: Step) -> dict[str, str | None]:
    """Return what the history says of an answer."""
    match step:
        case Step.DESTINATION:
            return {"type": connection.type, "node_url": connection.destination_node_url}
        case Step.DETAILS:
            return {"name": connection.name}
        case _:
            return {"mode": connection.mode}


async def look_up_destination(
    desk: Desk, connection_id: str, wanted: DestinationIn
) -> operations.DestinationAnswer:
    """Return what is there, after making sure that the question is allowed now: nobody is called in vain."""
    async with reading(desk.node.database) as session:
        connection = await operations.get_visible(session, desk.principal, connection_id)
        case = await take_up(desk, session, connection)
        with case.way_out() as setup:
            require_step(setup, Step.DESTINATION)
    return await resolve_destination(desk.node, desk.platforms, case.instance, wanted)


async def create(desk: Desk, session: AsyncSession, wanted: ConnectionCreate) -> Connection:
    """A draft exists with all the answers that came along, or nothing does."""
    async with reading(desk.node.database) as short:
        instance = await own_instance(short, desk.node.settings, desk.principal, wanted.instance)
    require_running(desk.node.settings, instance)
    found = None
    if wanted.destination is not None:
        found = await resolve_destination(desk.node, desk.platforms, instance, wanted.destination)
    connection = operations.draft(instance, desk.node.clock.now(), wanted.return_url, wanted.metadata)
    with Case(desk, connection, instance, None).way_out(exists=False):
        if found is not None:
            await operations.answer_destination(session, desk.node, connection, found)
        if wanted.details is not None:
            require_step(set_up_of(connection, None), Step.DETAILS)
            await operations.answer_details(session, connection, wanted.details)
        if wanted.mode is not None:
            require_step(set_up_of(connection, None), Step.MODE)
            await operations.answer_mode(session, desk.node, connection, wanted.mode)
    if wanted.details is not None and wanted.details.name is None:
        await insert_named(
            session,
            connection,
            default_name(wanted.details.local_short_name, wanted.details.destination_short_name),
        )
    else:
        session.add(connection)
        await store_name(session, connection)
    record(
        session, connection.id, "connection.create", desk.node.clock.now(), detail={"name": connection.name}
    )
    return connection


async def show(desk: Desk, session: AsyncSession, connection: Connection) -> ConnectionOut:
    """Return the connection as its readers see it, with what comes next."""
    return (await take_up(desk, session, connection)).shown()
