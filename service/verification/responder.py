"""The asked side lists the connection as pending once its admin accepted, and closes it when the attempt ends."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.names import default_name, insert_named, swapped_names
from service.connections.states import CloseReason, ConnectionEvent, ConnectionState
from service.database.rows import advance
from service.instances.models import Instance
from service.lifecycle import ending
from service.values.texts import new_id
from service.words import DestinationType, Mode, Role


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the initiator asked for. All names are its own claims."""

    shared_id: str
    mode: Mode
    scope: list[str]
    name: str
    initiator_short_name: str
    responder_short_name: str
    initiator_title: str
    initiator_url: str | None
    initiator_platform: str | None
    node_url: str | None


async def open_pending(
    session: AsyncSession, instance: Instance, proposal: Proposal, expires_at: datetime, now: datetime
) -> Connection:
    """The connection is listed here as pending, with the names swapped; the initiator must act."""
    here, there = swapped_names(
        (proposal.responder_short_name, instance.slug),
        (proposal.initiator_short_name, proposal.initiator_title),
    )
    connection = Connection(
        id=new_id("con"),
        instance_id=instance.id,
        role=Role.RESPONDER,
        type=DestinationType.PUBLIC,
        mode=proposal.mode,
        scope=proposal.scope,
        shared_id=proposal.shared_id,
        local_short_name=here,
        destination_short_name=there,
        destination_url=proposal.initiator_url,
        destination_node_url=proposal.node_url,
        destination_platform=proposal.initiator_platform,
        labels={},
        created_at=now,
        updated_at=now,
    )
    await insert_named(session, connection, proposal.name.strip() or default_name(here, there))
    changes = {"expires_at": expires_at, "destination_state": ConnectionState.PENDING.value}
    return await advance(session, connection, ConnectionEvent.START, **changes)


async def end(session: AsyncSession, connection: Connection, reason: CloseReason, now: datetime) -> None:
    """The connection is closed, if it was not already."""
    if connection.state is not ConnectionState.CLOSED:
        await ending.close(session, connection, reason, now)
