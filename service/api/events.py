"""Where the history of a connection is read."""

from fastapi import APIRouter, Request, Response
from sqlmodel import col, select

from service.api.event_schemas import EventList, EventOut
from service.connections.desk import READS, ReadDesk
from service.connections.operations import get_visible
from service.database.pagination import Keyset, PageDep, link_next, read_page
from service.database.sessions import SessionDep
from service.events.models import Event
from service.openapi.document import problem_responses
from service.problems import tree as problems

router = APIRouter(tags=["Connections"])


@router.get(
    "/v1/connections/{connection_id}/history",
    operation_id="listConnectionHistory",
    summary="Read what happened to a connection",
    responses=problem_responses(*READS, problems.InvalidPageToken),
)
async def get_history(
    connection_id: str,
    desk: ReadDesk,
    session: SessionDep,
    page: PageDep,
    request: Request,
    response: Response,
) -> EventList:
    """Every change of state and every refusal that matters, the oldest first: who, from where, what and why."""
    connection = await get_visible(session, desk.principal, connection_id)
    keyset = Keyset[Event](f"history of {connection.id}", (Event.id,), lambda event: (event.id,))
    found = await read_page(
        session, select(Event).where(col(Event.connection_id) == connection.id), keyset, page
    )
    link_next(request, response, found.next_page_token)
    return EventList(
        items=[EventOut.of(event) for event in found.rows], next_page_token=found.next_page_token
    )
