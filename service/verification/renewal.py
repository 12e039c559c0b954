"""An active connection was verified anew: the same commit on both sides sets its mode and the other side's keys."""

from datetime import datetime

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.connections.pending import current_attempt
from service.connections.states import ESTABLISHED
from service.events.operations import record
from service.lifecycle.peer_keys import Keys, replace_keys
from service.lifecycle.status import next_change, see
from service.verification.session.models import VerificationSession
from service.verification.session.states import OPEN, VerificationState
from service.words import Mode

FINISHING = frozenset({VerificationState.CODE_RECEIVED, VerificationState.VERIFIED})


async def find_established(
    session: AsyncSession, instance_id: str, client_id: str, shared_id: str, *, lock: bool
) -> Connection | None:
    """Return the active or paused connection of this instance with this client; lock it after the attempt only."""
    statement = select(Connection).where(
        Connection.instance_id == instance_id, Connection.shared_id == shared_id
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    for connection in (await session.exec(statement)).all():
        known = connection.peer is not None and connection.peer["client_id"] == client_id
        if known and connection.state in ESTABLISHED:
            return connection
    return None


def may_become(connection: Connection, mode: Mode) -> bool:
    """True for the mode that it has; only basic may become another one."""
    return connection.mode in {mode, Mode.BASIC}


async def renewal_under_way(session: AsyncSession, connection: Connection) -> VerificationSession | None:
    """Return our own attempt to verify the connection anew, as long as it is not over."""
    attempt = await current_attempt(session, connection)
    if attempt is None or not attempt.is_renewal or attempt.completed_at is not None:
        return None
    return attempt if attempt.state in OPEN else None


async def is_deciding(session: AsyncSession, connection: Connection) -> bool:
    """True while the other side may be giving the connection another mode, for us: two cannot do so at once."""
    attempt = await renewal_under_way(session, connection)
    return attempt is not None and attempt.mode is not None and attempt.state is VerificationState.VERIFIED


def renew(
    session: AsyncSession,
    connection: Connection,
    mode: Mode | None,
    jwks: Keys,
    who: str | None,
    now: datetime,
) -> None:
    """The connection is verified as of now, by this admin of the responder, in this mode, with these keys."""
    before = connection.mode
    if mode is not None and mode is not before:
        connection.mode = mode
        connection.changed_at = next_change(connection, now)
    replace_keys(session, connection, jwks, now)
    connection.verified_at, connection.verified_by = now, who
    connection.last_error = None
    see(connection, now)
    detail = {"by": who, "mode": connection.mode, "mode_before": before}
    record(session, connection.id, "connection.reconnect", now, detail=detail)
