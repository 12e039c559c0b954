"""Where a connection is activated, paused, resumed and tested."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from service.api.etags import IfMatchDep, tagged
from service.connections import operations
from service.connections.answering import answer, show
from service.connections.desk import READS, WRITES, Desk, WriteDesk
from service.connections.models import Connection
from service.connections.refusals import take_up
from service.connections.schemas import CauseOut, ConnectionCheckOut, ConnectionOut
from service.connections.setup import Step
from service.connections.states import ESTABLISHED
from service.connections.upkeep import Upkeep, require_upkeep
from service.connections.view import destination_side
from service.database.sessions import SessionDep, reading
from service.lifecycle import activation as pausing
from service.lifecycle.activation import activate_local
from service.lifecycle.checking import check_connection
from service.node import Node
from service.openapi.document import problem_responses
from service.problems import tree as problems
from service.retries.routes import RetryableRoute

Deed = Callable[[AsyncSession, Node, Connection], Awaitable[None]]
NOT_NOW = (
    problems.StepNotAllowed,
    problems.InstancePaused,
    problems.ConnectionClosed,
    problems.StaleRevision,
)

router = APIRouter(prefix="/v1/connections", tags=["Connections"], route_class=RetryableRoute)


@router.post(
    "/{connection_id}/activation",
    operation_id="activateConnection",
    summary="Finish a local connection, or resume a paused one",
    responses=problem_responses(*WRITES, *NOT_NOW),
)
async def post_activation(
    connection_id: str, desk: WriteDesk, session: SessionDep, revision: IfMatchDep, response: Response
) -> ConnectionOut:
    """Both sides of a local connection are active, or this side of a paused one is active again; the other is told.

    A connection that was verified or accepted is activated by the two nodes themselves. Repeating changes nothing.
    """

    async def apply(session: AsyncSession, connection: Connection) -> None:
        await activate_local(session, connection, desk.node.clock.now())

    found = await operations.lock_visible(session, desk.principal, connection_id, revision)
    if found.state in ESTABLISHED:
        return await _do(desk, session, found, pausing.resume, response)
    connection = await answer(desk, session, connection_id, revision, Step.ACTIVATION, apply)
    return tagged(await show(desk, session, connection), response)


@router.delete(
    "/{connection_id}/activation",
    operation_id="deactivateConnection",
    summary="Pause a connection",
    responses=problem_responses(*READS, *NOT_NOW),
)
async def delete_activation(
    connection_id: str, desk: WriteDesk, session: SessionDep, revision: IfMatchDep, response: Response
) -> ConnectionOut:
    """This side is `deactivated`: messages queue until it is resumed. The other side is told until it knows.

    Each side is paused and resumed by its own admins; a local connection is one thing. Repeating changes nothing.
    """
    connection = await operations.lock_visible(session, desk.principal, connection_id, revision)
    return await _do(desk, session, connection, pausing.pause, response)


@router.post(
    "/{connection_id}/checks",
    operation_id="checkConnection",
    summary="Test a connection",
    responses=problem_responses(
        *READS, problems.StepNotAllowed, problems.ConnectionClosed, problems.InstancePaused
    ),
)
async def post_check(connection_id: str, desk: WriteDesk) -> ConnectionCheckOut:
    """Asks the other side now, as the hourly probe does, and names each cause why messages would not flow.

    A side that is down, paused or closed is a result and no error. What the other side said is stored.
    """
    async with reading(desk.node.database) as session:
        connection = await operations.get_visible(session, desk.principal, connection_id)
        with (await take_up(desk, session, connection)).way_out() as setup:
            require_upkeep(setup, Upkeep.CHECK)
    after, found = await check_connection(desk.node, connection)
    return ConnectionCheckOut(
        connection=after.id,
        ok=not found,
        causes=[CauseOut(cause=each.cause, detail=each.detail, fix=each.fix) for each in found],
        state=after.state,
        destination=destination_side(after),
        checked_at=desk.node.clock.now(),
    )


async def _do(
    desk: Desk, session: AsyncSession, connection: Connection, deed: Deed, response: Response
) -> ConnectionOut:
    """Return the connection after the deed, or refuse it with what is possible instead."""
    with (await take_up(desk, session, connection)).way_out():
        await deed(session, desk.node, connection)
    return tagged(await show(desk, session, connection), response)
