"""However a connection becomes active, from then on the same holds on this side."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.setup import Step, require_step
from service.connections.states import ConnectionEvent, ConnectionState
from service.connections.view import set_up_of
from service.database.rows import advance
from service.lifecycle import probing


async def make_active(
    session: AsyncSession,
    connection: Connection,
    now: datetime,
    *,
    destination_state: str = ConnectionState.ACTIVE.value,
    **changes: object,
) -> Connection:
    """The connection is active and waits for nobody; where its other side can be asked, it is asked now and then."""
    await advance(
        session,
        connection,
        ConnectionEvent.ACTIVATE,
        activated_at=now,
        updated_at=now,
        expires_at=None,
        destination_state=destination_state,
        destination_seen_at=now,
        **changes,
    )
    if probing.can_be_asked(connection):
        await probing.schedule(session, connection, now)
    return connection


async def activate_local(session: AsyncSession, connection: Connection, now: datetime) -> None:
    """Both sides of a local connection are active, in this one transaction."""
    require_step(set_up_of(connection, None), Step.ACTIVATION)
    await make_active(session, connection, now)
