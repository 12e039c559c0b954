"""Who has still to hear that a connection is over: for so long the instance, and its keys, have to be there."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.states import CloseReason, ConnectionState
from service.lifecycle.ending import PATIENCE, untold_endings


async def unheard_endings(session: AsyncSession, instance_id: str, now: datetime) -> Mapping[str, datetime]:
    """Return the connections that a partner may still take for active, and until when it is waited for."""
    jobs = await untold_endings(session, instance_id)
    being_told = {job.payload["shared_id"]: job.created_at for job in jobs}
    statement = select(Connection).where(
        Connection.instance_id == instance_id, col(Connection.shared_id).is_not(None)
    )
    since = {}
    for connection in (await session.exec(statement)).all():
        if connection.shared_id in being_told:
            since[connection.id] = being_told[connection.shared_id]
        elif _has_to_ask(connection):
            since[connection.id] = connection.updated_at
    return {each: begun + PATIENCE for each, begun in since.items() if begun + PATIENCE > now}


def _has_to_ask(connection: Connection) -> bool:
    """True where the partner cannot be told, for it only dials out, and has not asked since it was closed here."""
    is_private = connection.peer is not None and connection.peer["issuer"] is None
    is_news = connection.destination_state != ConnectionState.CLOSED.value
    return is_private and connection.reason is CloseReason.CLOSED_HERE and is_news
