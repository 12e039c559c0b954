"""The other node is read once for the whole attempt, then a verification session exists (P1, P2)."""

from dataclasses import replace
from urllib.parse import urlsplit

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections import operations
from service.connections.desk import Desk
from service.connections.destinations import as_problem
from service.connections.refusals import take_up
from service.connections.setup import Step, Way, require_step, require_way
from service.database.sessions import reading
from service.discovery.looks import looking
from service.discovery.node_metadata import NodeSnapshot, NodeUnreadable, read_foreign_node
from service.instances.models import Instance
from service.problems.tree import DestinationIncompatible, InstancePrivate
from service.values.moments import clock_obstacle
from service.verification.attempts import open_attempt
from service.verification.session.models import VerificationSession
from service.verification.session.operations import new_attempt


async def begin_verification(
    desk: Desk, session: AsyncSession, connection_id: str, revision: int | None
) -> VerificationSession:
    """A fresh attempt waits for an admin's browser; an older open one is cancelled."""
    issuer, instance = await _check(desk, connection_id)
    snapshot = await read_other_node(desk, issuer, instance)
    connection = await operations.lock_visible(session, desk.principal, connection_id, revision)
    case = await take_up(desk, session, connection)
    scope, owner = operations.ALL_SCOPES, desk.principal.account_id
    attempt = new_attempt(desk.node, instance, connection.id, snapshot, scope, owner)
    with case.way_out():
        return await open_attempt(session, desk.node, connection, attempt)


async def _check(desk: Desk, connection_id: str) -> tuple[str, Instance]:
    """Return whom to ask, where the step is allowed now: nobody is called in vain."""
    async with reading(desk.node.database) as session:
        connection = await operations.get_visible(session, desk.principal, connection_id)
        case = await take_up(desk, session, connection)
    with case.way_out() as setup:
        require_step(setup, Step.ACCESS)
        require_way(replace(setup, is_private_here=False), Way.VERIFY)
    if setup.is_private_here:
        detail = "The other node could not read the description of {instance_name}."
        raise InstancePrivate(detail, instance_name=case.instance.name)
    return connection.destination_node_url or "", case.instance


async def read_other_node(
    desk: Desk, issuer: str, instance: Instance, *, fresh: bool = False
) -> NodeSnapshot:
    """Return the snapshot of the other node that the whole attempt uses, of the last minute unless it is `fresh`."""
    node = desk.node
    try:
        async with looking(node, instance, urlsplit(issuer).hostname or ""):
            snapshot = await read_foreign_node(node, issuer, fresh=fresh)
    except NodeUnreadable as failure:
        raise as_problem(failure.reason, failure.detail, issuer) from failure
    if obstacle := clock_obstacle(snapshot.clock_skew_seconds):
        node.lately.forget(issuer)
        upstream = {"reason": "clock_skew", "host": issuer}
        raise DestinationIncompatible(obstacle, upstream=upstream)
    return snapshot
