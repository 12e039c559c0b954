"""Lists of connections: filtered, in an order that an index serves, page by page."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.access.principals import Principal
from service.connections.models import Connection
from service.connections.states import ESTABLISHED, ConnectionState
from service.connections.view import Attempt
from service.database.pagination import Keyset, Page, PageRequest, read_page
from service.instances.models import Instance
from service.invitations.invitation.models import Invitation
from service.values.moments import Moment
from service.values.texts import STORABLE
from service.verification.session.models import VerificationSession
from service.words import DestinationType, Mode

InstanceId = Annotated[str, StringConstraints(max_length=80, pattern=STORABLE)]
Text = Annotated[str, StringConstraints(max_length=100, pattern=STORABLE)]


class Sort(StrEnum):
    """The orders of the list; a minus sign turns one round."""

    CREATED_AT = "created_at"
    CREATED_AT_DOWN = "-created_at"
    UPDATED_AT = "updated_at"
    UPDATED_AT_DOWN = "-updated_at"


class Filters(BaseModel):
    """Which connections, and in which order; every filter narrows further."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    state: ConnectionState | SkipJsonSchema[None] = Field(None, description="Only those in this state.")
    type: DestinationType | SkipJsonSchema[None] = Field(
        None, description="Only those with this type of destination."
    )
    mode: Mode | SkipJsonSchema[None] = Field(None, description="Only those with this mode.")
    instance: InstanceId | SkipJsonSchema[None] = Field(
        None, description="Only those of this instance: its id."
    )
    q: Text | SkipJsonSchema[None] = Field(None, description="Text in the name or in one of the URLs.")
    created_after: Moment | SkipJsonSchema[None] = Field(
        None, description="Only those created after this moment."
    )
    sort: Sort = Field(Sort.CREATED_AT_DOWN, description="The order; a minus sign turns it round.")
    expand: Literal["next_actions"] | SkipJsonSchema[None] = Field(
        None, description="Adds `next_actions` to each connection."
    )


FiltersQuery = Annotated[Filters, Query()]


async def list_connections(
    session: AsyncSession, principal: Principal, filters: Filters, asked: PageRequest
) -> Page[Connection]:
    """Return one page of the connections that this caller may see."""
    statement = select(Connection)
    for condition in _conditions(principal, filters):
        statement = statement.where(condition)
    column = filters.sort.lstrip("-")
    keyset = Keyset[Connection](
        name="connections",
        columns=(getattr(Connection, column), Connection.id),
        key=lambda row: (getattr(row, column), row.id),
        descending=filters.sort.startswith("-"),
        filters={
            name: str(value)
            for name, value in filters.model_dump(exclude_none=True, exclude={"expand"}).items()
        },
    )
    return await read_page(session, statement, keyset, asked)


def _conditions(principal: Principal, filters: Filters) -> Sequence[Any]:
    found: list[Any] = []
    if principal.instance_ids is not None:
        found.append(col(Connection.instance_id).in_(principal.instance_ids))
    if filters.state is not None:
        found.append(Connection.state == filters.state)
    if filters.type is not None:
        found.append(Connection.type == filters.type)
    if filters.mode is not None:
        found.append(Connection.mode == filters.mode)
    if filters.instance is not None:
        found.append(Connection.instance_id == filters.instance)
    if filters.created_after is not None:
        found.append(Connection.created_at > filters.created_after)
    if filters.q:
        columns = (Connection.name, Connection.destination_url, Connection.destination_node_url)
        found.append(or_(*(col(column).icontains(filters.q, autoescape=True) for column in columns)))
    return found


async def companions(
    session: AsyncSession, connections: Sequence[Connection]
) -> tuple[dict[str, Instance], dict[str, Attempt]]:
    """Return the instances, and the attempts and invitations, of these connections by id: three queries in all."""
    instance_ids = {connection.instance_id for connection in connections}
    attempt_ids = {connection.verification_session_id for connection in connections}
    instances = await session.exec(select(Instance).where(col(Instance.id).in_(instance_ids)))
    attempts = await session.exec(
        select(VerificationSession).where(col(VerificationSession.id).in_(attempt_ids))
    )
    invitation_ids = {connection.invitation_id for connection in connections}
    invitations = await session.exec(select(Invitation).where(col(Invitation.id).in_(invitation_ids)))
    found: dict[str, Attempt] = {each.id: each for each in attempts}
    return {each.id: each for each in instances}, found | {each.id: each for each in invitations}


def present_id(connection: Connection) -> str:
    """Return the id of what the connection gets its access by, or is verified anew by."""
    if connection.state in ESTABLISHED and connection.verification_session_id:
        return connection.verification_session_id
    return connection.invitation_id or connection.verification_session_id or ""
