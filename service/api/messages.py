"""Where programs send messages over a connection, and get those of the other side."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from service.api.waiting import ReaderDep
from service.channel import operations
from service.channel.models import Channel
from service.channel.schemas import (
    MessageIn,
    MessageOut,
    MessagesTaken,
    Number,
    ReceivedMessages,
    SyncStatus,
)
from service.connections.desk import READS, WRITES, ReadDesk, ReadMessagesDesk, WriteMessagesDesk
from service.connections.operations import get_visible
from service.database.sessions import SessionDep
from service.openapi.document import problem_responses
from service.problems import tree as problems
from service.retries.routes import RetryableRoute

router = APIRouter(prefix="/v1/connections/{connection_id}", tags=["Messages"], route_class=RetryableRoute)


@router.post(
    "/messages",
    operation_id="sendMessage",
    summary="Send a message to the other side",
    status_code=HTTPStatus.CREATED,
    responses=problem_responses(
        *WRITES,
        problems.StepNotAllowed,
        problems.InstancePaused,
        problems.ConnectionClosed,
        problems.ChannelFull,
    ),
)
async def post_message(
    connection_id: str, message: MessageIn, desk: WriteMessagesDesk, session: SessionDep
) -> MessageOut:
    """The message is stored, and reaches the other side once and behind all that were sent before it.

    It waits while the other side is away, full, or only dials out, and while this side is paused.
    """
    return await operations.send(desk, session, connection_id, message.body)


@router.get(
    "/messages",
    operation_id="listReceivedMessages",
    summary="Get messages of the other side",
    responses=problem_responses(*READS),
    response_model=ReceivedMessages,
)
async def get_messages(
    connection_id: str,
    desk: ReadMessagesDesk,
    session: SessionDep,
    reader: ReaderDep,
    after: Annotated[Number, Query(description="Only those behind this `sequence`.")] = 0,
) -> ReceivedMessages | Response:
    """The oldest messages that were not taken yet, in order; each stays until it is taken.

    With `Prefer: wait=20` the answer comes with the first message where there is none now.
    """
    found = await operations.get(desk, session, connection_id, after)
    if found.items:
        return found

    async def look() -> ReceivedMessages:
        return await operations.get(desk, session, connection_id, after)

    return await reader.read(connection_id, look)


@router.put(
    "/messages/taken",
    operation_id="takeMessages",
    summary="Say which messages are done with",
    responses=problem_responses(*WRITES),
)
async def put_taken(
    connection_id: str, taken: MessagesTaken, desk: ReadMessagesDesk, session: SessionDep
) -> SyncStatus:
    """All messages up to this one are forgotten here. Say it after you have stored what they told you."""
    return await operations.take_until(desk, session, connection_id, taken.sequence)


@router.get(
    "/sync-status",
    operation_id="getSyncStatus",
    summary="How messages flow over a connection",
    responses=problem_responses(*READS),
)
async def get_sync_status(connection_id: str, desk: ReadDesk, session: SessionDep) -> SyncStatus:
    """How much waits on either side, since when, and how far each has come."""
    connection = await get_visible(session, desk.principal, connection_id)
    return await operations.read_status(session, connection, await session.get(Channel, connection.id))
