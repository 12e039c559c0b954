"""Where the history of a connection is read."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import col, select

from service.connections.desk import READS, ReadDesk
from service.connections.operations import get_visible
from service.database.pagination import Keyset, PageDep, PageOut, link_next, read_page
from service.database.sessions import SessionDep
from service.events.models import Event
from service.http.queries import ApiRoute
from service.openapi.document import problem_responses
from service.problems import tree as problems

router = APIRouter(tags=["Connections"], route_class=ApiRoute)


class ActorOut(BaseModel):
    """Who was behind it: a person, a service, the other side, the node itself, or somebody unknown."""

    kind: str = Field(
        description="`person`, `service`, `other_side`, `system` or `anonymous`.", examples=["person"]
    )
    id: str | None = Field(
        description="The account, the token, or the other side's client id.", examples=["1"]
    )
    name: str | None = Field(description="How they are called.", examples=["Alice Admin"])
    address: str | None = Field(
        description="The network address the request came from.", examples=["192.0.2.7"]
    )


class EventOut(BaseModel):
    """One thing that happened to a connection."""

    id: str = Field(examples=["evt_0199c0de7f3a7c4e8a01b2c3d4e5f607"])
    object: Literal["event"] = "event"
    connection: str = Field(examples=["con_0199c0de7f3a7c4e8a01b2c3d4e5f607"])
    what: str = Field(
        description="The machine and its event, or an answer, or a refusal.", examples=["connection.activate"]
    )
    why: str | None = Field(
        description="The reason in one word, where there is one.", examples=["closed_by_peer"]
    )
    detail: dict[str, Any] = Field(
        description="What else there is to know.", examples=[{"from": "pending", "to": "active"}]
    )
    actor: ActorOut
    request_id: str | None = Field(
        description="The `Request-Id` of the request that did it.", examples=["req_0199c0de"]
    )
    at: datetime

    @classmethod
    def of(cls, event: Event) -> "EventOut":
        """Return the event as its readers see it."""
        actor = ActorOut(
            kind=event.actor_kind, id=event.actor_id, name=event.actor_name, address=event.address
        )
        return cls(
            id=event.id,
            connection=event.connection_id,
            what=event.what,
            why=event.why,
            detail=event.detail,
            actor=actor,
            request_id=event.request_id,
            at=event.at,
        )


class EventList(PageOut[EventOut]):
    """One page of what happened, the oldest first."""


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
