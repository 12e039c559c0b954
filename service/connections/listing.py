"""Lists of connections: filtered, in an order that an index serves, page by page."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request

from service.access.principals import Principal
from service.connections.models import Connection
from service.connections.states import ESTABLISHED, ConnectionState
from service.connections.view import Attempt
from service.database.pagination import Keyset, Page, PageRequest, read_page
from service.instances.models import Instance
from service.invitations.invitation.models import Invitation
from service.problems.tree import ValidationFailed, literal
from service.values.moments import Moment
from service.values.texts import STORABLE, is_storable
from service.verification.session.models import VerificationSession
from service.words import DestinationType, Mode

InstanceId = Annotated[str, StringConstraints(max_length=80, pattern=STORABLE)]
NO_LABELS: Mapping[str, str] = MappingProxyType({})
Text = Annotated[str, StringConstraints(max_length=100, pattern=STORABLE)]


MOST_VALUES = 20
MOST_LABELS = 5
LABEL = re.compile(r"metadata\[([A-Za-z0-9_.-]{1,40})\]")
LABELS_PARAMETER = {
    "name": "metadata",
    "in": "query",
    "style": "deepObject",
    "explode": True,
    "description": f"`metadata[name]=value`: only those with this label of yours; at most {MOST_LABELS} of them.",
    "schema": {
        "type": "object",
        "maxProperties": MOST_LABELS,
        "propertyNames": {"pattern": "^[A-Za-z0-9_.-]{1,40}$"},
        "additionalProperties": {"type": "string", "pattern": STORABLE},
    },
}


class Sort(StrEnum):
    """The orders of the list; a minus sign turns one round."""

    CREATED_AT = "created_at"
    CREATED_AT_DOWN = "-created_at"
    UPDATED_AT = "updated_at"
    UPDATED_AT_DOWN = "-updated_at"


class Filters(BaseModel):
    """Which connections, and in which order; every filter narrows further.

    One that is given more than once means any of its values.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    state: list[ConnectionState] = Field(
        [], max_length=MOST_VALUES, description="Only those in this state; repeated, in any of these."
    )
    type: list[DestinationType] = Field(
        [],
        max_length=MOST_VALUES,
        description="Only those with this type of destination; repeated, any of these.",
    )
    mode: list[Mode] = Field(
        [], max_length=MOST_VALUES, description="Only those with this mode; repeated, any of these."
    )
    instance: list[InstanceId] = Field(
        [],
        max_length=MOST_VALUES,
        description="Only those of this instance, by its id; repeated, of any of these.",
    )
    q: Text | SkipJsonSchema[None] = Field(None, description="Text in the name or in one of the URLs.")
    created_after: Moment | SkipJsonSchema[None] = Field(
        None, description="Only those created after this moment."
    )
    sort: Sort = Field(Sort.CREATED_AT_DOWN, description="The order; a minus sign turns it round.")
    expand: Literal["next_actions"] | SkipJsonSchema[None] = Field(
        None, description="Adds `next_actions` to each connection."
    )


async def read_labels(request: Request) -> dict[str, str]:
    """Return the labels that are asked for; raises ValidationFailed for a name that no label has."""
    found = {}
    for name, value in request.query_params.items():
        if not name.startswith("metadata["):
            continue
        label = LABEL.fullmatch(name)
        if label is None or not is_storable(value):
            raise _no_label(name, "Write metadata[name]=value; a name has letters, digits, _, . and -.")
        found[label[1]] = value
    if len(found) > MOST_LABELS:
        raise _no_label("metadata", f"At most {MOST_LABELS} labels are looked for at once.")
    return found


def _no_label(name: str, detail: str) -> ValidationFailed:
    fault = {"pointer": None, "parameter": name, "code": "label", "detail": detail}
    return ValidationFailed(literal(detail), errors=[fault])


FiltersQuery = Annotated[Filters, Query()]
LabelsQuery = Annotated[dict[str, str], Depends(read_labels)]


async def list_connections(
    session: AsyncSession,
    principal: Principal,
    filters: Filters,
    asked: PageRequest,
    labels: Mapping[str, str] = NO_LABELS,
) -> Page[Connection]:
    """Return one page of the connections that this caller may see."""
    statement = select(Connection)
    for name, value in labels.items():
        statement = statement.where(col(Connection.labels)[name].as_string() == value)
    for condition in _conditions(principal, filters):
        statement = statement.where(condition)
    column = filters.sort.lstrip("-")
    told = filters.model_dump(mode="json", exclude_defaults=True, exclude={"expand"})
    keyset = Keyset[Connection](
        name="connections",
        columns=(getattr(Connection, column), Connection.id),
        key=lambda row: (getattr(row, column), row.id),
        descending=filters.sort.startswith("-"),
        filters={
            **{name: str(value) for name, value in told.items()},
            **{f"metadata[{name}]": value for name, value in labels.items()},
        },
    )
    return await read_page(session, statement, keyset, asked)


def _conditions(principal: Principal, filters: Filters) -> Sequence[Any]:
    found: list[Any] = []
    if principal.instance_ids is not None:
        found.append(col(Connection.instance_id).in_(principal.instance_ids))
    for column, values in (
        (Connection.state, filters.state),
        (Connection.type, filters.type),
        (Connection.mode, filters.mode),
        (Connection.instance_id, filters.instance),
    ):
        if values:
            found.append(col(column).in_(values))
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
