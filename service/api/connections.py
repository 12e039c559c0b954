"""Where connections are reached."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Request, Response
from pydantic.json_schema import SkipJsonSchema
from sqlmodel.ext.asyncio.session import AsyncSession

from service.api.etags import UNCHANGED, IfMatchDep, tagged
from service.api.waiting import ReaderDep
from service.connections import operations
from service.connections.answering import answer, create, look_up_destination, show
from service.connections.desk import READS, WRITES, Desk, ReadDesk, WriteDesk
from service.connections.listing import (
    LABELS_PARAMETER,
    FiltersQuery,
    LabelsQuery,
    companions,
    list_connections,
    present_id,
)
from service.connections.models import Connection
from service.connections.schemas import (
    ConnectionCreate,
    ConnectionList,
    ConnectionOut,
    ConnectionPatch,
    ConnectionSummary,
    DestinationIn,
    DetailsIn,
    ModeIn,
)
from service.connections.setup import Step
from service.connections.view import to_out, to_summary
from service.database.pagination import PageDep, link_next
from service.database.sessions import SessionDep
from service.instances.operations import get_instance
from service.lifecycle.ending import close_here
from service.openapi.document import problem_responses
from service.problems import tree as problems
from service.problems.tree import not_valid
from service.retries.routes import RetryableRoute
from service.verification.initiator.beginning import begin_verification
from service.verification.renewal import begin_reconnect
from service.verification.session.models import Purpose
from service.verification.session.operations import to_out as session_to_out
from service.verification.session.schemas import VerificationSessionCreate, VerificationSessionOut

ANSWERS = (
    *WRITES,
    problems.StepNotAllowed,
    problems.InstancePaused,
    problems.ConnectionClosed,
    problems.StaleRevision,
)
PROBES = (
    problems.OptionNotAvailable,
    problems.UrlNotAllowed,
    problems.DestinationUnreachable,
    problems.DestinationUnknown,
    problems.DestinationIncompatible,
)

router = APIRouter(prefix="/v1/connections", tags=["Connections"], route_class=RetryableRoute)


async def _answer(
    desk: Desk, session: AsyncSession, connection: Connection, response: Response
) -> ConnectionOut:
    return tagged(await show(desk, session, connection), response)


@router.post(
    "",
    operation_id="createConnection",
    summary="Create a connection",
    status_code=HTTPStatus.CREATED,
    responses=problem_responses(
        *WRITES, *PROBES, problems.StepNotAllowed, problems.InstancePaused, problems.NameTaken
    ),
)
async def post_connection(
    wanted: ConnectionCreate, desk: WriteDesk, session: SessionDep, response: Response
) -> ConnectionOut:
    """A draft exists. All of the wizard's answers may come along at once; one wrong answer, and nothing is kept."""
    connection = await create(desk, session, wanted)
    response.headers["Location"] = f"{desk.node.settings.public_url}/v1/connections/{connection.id}"
    return await _answer(desk, session, connection, response)


@router.get(
    "",
    operation_id="listConnections",
    summary="List connections",
    responses=problem_responses(*READS, problems.InvalidPageToken),
    openapi_extra={"parameters": [LABELS_PARAMETER]},
)
async def get_connections(
    desk: ReadDesk,
    session: SessionDep,
    filters: FiltersQuery,
    labels: LabelsQuery,
    page: PageDep,
    request: Request,
    response: Response,
) -> ConnectionList:
    """One page of the connections that the caller may see; `expand=next_actions` adds what comes next."""
    found = await list_connections(session, desk.principal, filters, page, labels)
    instances, attempts = await companions(session, found.rows)
    items: list[ConnectionOut | ConnectionSummary] = []
    for row in found.rows:
        instance, attempt = instances[row.instance_id], attempts.get(present_id(row))
        if filters.expand is None:
            items.append(to_summary(row, attempt, instance, desk.node.settings))
        else:
            items.append(to_out(row, attempt, instance, desk.node, desk.platforms))
    link_next(request, response, found.next_page_token)
    return ConnectionList(items=items, next_page_token=found.next_page_token)


@router.get(
    "/{connection_id}",
    operation_id="getConnection",
    summary="Show a connection",
    responses={**problem_responses(*READS), 304: UNCHANGED},
    response_model=ConnectionOut,
)
async def get_connection(
    connection_id: str, desk: ReadDesk, session: SessionDep, reader: ReaderDep
) -> ConnectionOut | Response:
    """Both sides, how the set-up stands, and `next_actions`: perform the primary one, then read again."""

    async def look() -> ConnectionOut:
        return await show(desk, session, await operations.get_visible(session, desk.principal, connection_id))

    return await reader.read(connection_id, look)


@router.patch(
    "/{connection_id}",
    operation_id="updateConnection",
    summary="Change names, description, return URL or labels",
    responses=problem_responses(
        *WRITES, problems.ConnectionClosed, problems.StaleRevision, problems.NameTaken, problems.UrlNotAllowed
    ),
)
async def patch_connection(
    connection_id: str,
    changes: ConnectionPatch,
    desk: WriteDesk,
    session: SessionDep,
    revision: IfMatchDep,
    response: Response,
) -> ConnectionOut:
    """What is sent is changed, what is left out stays. Names are this side's own and never synced."""
    connection = await operations.lock_visible(session, desk.principal, connection_id, revision)
    instance = await get_instance(session, connection.instance_id)
    await operations.patch(session, connection, instance, changes, desk.node.clock.now())
    return await _answer(desk, session, connection, response)


@router.delete(
    "/{connection_id}",
    operation_id="closeConnection",
    summary="Close a connection on both sides",
    responses=problem_responses(*READS, problems.StaleRevision),
)
async def delete_connection(
    connection_id: str, desk: WriteDesk, session: SessionDep, revision: IfMatchDep, response: Response
) -> ConnectionOut:
    """The connection is closed here at once; the other side is told until it knows. Repeating changes nothing."""
    connection = await operations.lock_visible(session, desk.principal, connection_id, revision)
    await close_here(session, desk.node, connection)
    return await _answer(desk, session, connection, response)


@router.put(
    "/{connection_id}/destination",
    operation_id="setDestination",
    summary="Answer: where is the other side?",
    responses=problem_responses(*ANSWERS, *PROBES),
)
async def put_destination(
    connection_id: str,
    wanted: Annotated[DestinationIn, Body()],
    desk: WriteDesk,
    session: SessionDep,
    revision: IfMatchDep,
    response: Response,
) -> ConnectionOut:
    """The destination is chosen; the instance's own URL makes it local. A mode that it rules out is asked for again."""
    found = await look_up_destination(desk, connection_id, wanted)

    async def apply(session: AsyncSession, connection: Connection) -> None:
        await operations.answer_destination(session, desk.node, connection, found)

    connection = await answer(desk, session, connection_id, revision, Step.DESTINATION, apply)
    return await _answer(desk, session, connection, response)


@router.put(
    "/{connection_id}/details",
    operation_id="setDetails",
    summary="Answer: what is it called?",
    responses=problem_responses(*ANSWERS, problems.NameTaken),
)
async def put_details(
    connection_id: str,
    details: DetailsIn,
    desk: WriteDesk,
    session: SessionDep,
    revision: IfMatchDep,
    response: Response,
) -> ConnectionOut:
    """The names are chosen; left out, the connection's name is made from the two short names."""

    async def apply(session: AsyncSession, connection: Connection) -> None:
        await operations.answer_details(session, connection, details)

    connection = await answer(desk, session, connection_id, revision, Step.DETAILS, apply)
    return await _answer(desk, session, connection, response)


@router.put(
    "/{connection_id}/mode",
    operation_id="setMode",
    summary="Answer: how is it configured?",
    responses=problem_responses(*ANSWERS, problems.OptionNotAvailable),
)
async def put_mode(
    connection_id: str,
    wanted: ModeIn,
    desk: WriteDesk,
    session: SessionDep,
    revision: IfMatchDep,
    response: Response,
) -> ConnectionOut:
    """The mode is chosen. It is final once the connection is active; one that is not possible says why."""

    async def apply(session: AsyncSession, connection: Connection) -> None:
        await operations.answer_mode(session, desk.node, connection, wanted.mode)

    connection = await answer(desk, session, connection_id, revision, Step.MODE, apply)
    return await _answer(desk, session, connection, response)


@router.post(
    "/{connection_id}/verification-sessions",
    operation_id="createVerificationSession",
    summary="I have admin access to the other side: verify it",
    tags=["Verification sessions"],
    status_code=HTTPStatus.CREATED,
    responses=problem_responses(
        *ANSWERS,
        problems.OptionNotAvailable,
        problems.InstancePrivate,
        problems.DestinationUnreachable,
        problems.DestinationIncompatible,
        problems.UrlNotAllowed,
    ),
)
async def post_verification_session(
    connection_id: str,
    desk: WriteDesk,
    session: SessionDep,
    revision: IfMatchDep,
    response: Response,
    wanted: Annotated[VerificationSessionCreate | SkipJsonSchema[None], Body()] = None,
) -> VerificationSessionOut:
    """Open `start_url` in the admin's browser within 15 minutes. An open session of the connection is cancelled.

    With `purpose: reconnect` an active connection is verified anew, and with `mode` a basic one becomes visual or
    script. It stays active meanwhile, and as it was if the attempt fails, is denied or expires.
    """
    if wanted is not None and wanted.purpose is Purpose.RECONNECT:
        attempt = await begin_reconnect(desk, session, connection_id, revision, wanted.mode)
    elif wanted is not None and wanted.mode is not None:
        raise not_valid("/mode", "mode", "The mode of a draft is set with PUT /v1/connections/{id}/mode.")
    else:
        attempt = await begin_verification(desk, session, connection_id, revision)
    response.headers["Location"] = f"{desk.node.settings.public_url}/v1/verification-sessions/{attempt.id}"
    return tagged(session_to_out(attempt, desk.node.settings), response)
