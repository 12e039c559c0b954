"""An active connection is verified anew, and a basic one upgraded: it stays as it is until both sides agree."""

from datetime import datetime

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections import operations
from service.connections.desk import Desk
from service.connections.models import Connection
from service.connections.pending import current_attempt, end_attempt, present
from service.connections.refusals import take_up
from service.connections.setup import ModeRefused
from service.connections.states import ESTABLISHED
from service.connections.upkeep import Upkeep, require_upkeep
from service.connections.view import set_up_of
from service.database.sessions import reading
from service.discovery.modes import mode_options, refusals
from service.discovery.node_metadata import NodeSnapshot
from service.discovery.probes import own_side, side_of_other
from service.events.operations import record
from service.instances.models import Instance
from service.lifecycle.other_side import Keys, replace_keys, require_same_instance
from service.lifecycle.status import next_change, see
from service.verification.attempts import begin
from service.verification.initiator.beginning import read_other_node
from service.verification.session.models import Purpose, VerificationSession
from service.verification.session.operations import new_attempt
from service.verification.session.states import OPEN, VerificationEvent, VerificationState
from service.words import DestinationType, Mode

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


FINAL = "The mode of this connection is {mode}, and final: only basic may be upgraded."


async def begin_reconnect(
    desk: Desk, session: AsyncSession, connection_id: str, revision: int | None, mode: Mode | None
) -> VerificationSession:
    """A fresh attempt waits for an admin's browser; the connection stays active, whatever becomes of it."""
    found, instance = await _check(desk, connection_id, mode)
    snapshot = await read_other_node(desk, (found.peer or {})["issuer"], instance, fresh=True)
    require_same_instance(found, snapshot)
    connection = await operations.lock_visible(session, desk.principal, connection_id, revision)
    scope, owner = connection.scope, desk.principal.account_id
    attempt = new_attempt(desk.node, instance, connection.id, snapshot, scope, owner)
    attempt.purpose, attempt.mode = Purpose.RECONNECT, None if mode is connection.mode else mode
    with (await take_up(desk, session, connection)).way_out():
        if attempt.mode is not None:
            _require_mode(desk, instance, snapshot, attempt.mode)
        return await _open(desk, session, connection, attempt, instance)


async def _check(desk: Desk, connection_id: str, mode: Mode | None) -> tuple[Connection, Instance]:
    """Return the connection, where it may be verified anew: nobody is called in vain."""
    async with reading(desk.node.database) as session:
        connection = await operations.get_visible(session, desk.principal, connection_id)
        case = await take_up(desk, session, connection)
    with case.way_out() as setup:
        require_upkeep(setup, Upkeep.RECONNECT)
        if mode is not None and not may_become(connection, mode):
            raise ModeRefused(mode, FINAL.format(mode=connection.mode))
    return connection, case.instance


def _require_mode(desk: Desk, instance: Instance, snapshot: NodeSnapshot, mode: Mode) -> None:
    """Raise ModeRefused where one of the two sides does not offer this mode."""
    here = own_side(instance, desk.platforms.get(instance.platform).description)
    there = side_of_other(desk.platforms, snapshot.metadata.parley_instance)
    why_not = refusals(mode_options(DestinationType.PUBLIC, here, there))
    if mode in why_not:
        raise ModeRefused(mode, why_not[mode])


async def _open(
    desk: Desk,
    session: AsyncSession,
    connection: Connection,
    attempt: VerificationSession,
    instance: Instance,
) -> VerificationSession:
    """The renewal is the connection's present attempt and ends by itself; an older open renewal is cancelled."""
    require_upkeep(set_up_of(connection, await present(session, connection), instance), Upkeep.RECONNECT)
    if older := await renewal_under_way(session, connection):
        await end_attempt(session, desk.node, connection, older, VerificationEvent.CANCEL)
    await begin(session, connection, attempt, desk.node.clock.now())
    return attempt
