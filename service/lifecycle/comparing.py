"""What the other side answers is compared with what was known: whatever one of the two has forgotten is reported."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from service.connections.models import Connection
from service.events.operations import record
from service.lifecycle.status import hear, note, own_changed_at
from service.node import Node
from service.problems.tree import DestinationIncompatible, as_error
from service.protocol.messages import ConnectionStatus

WAY_OUT = "Compare both sides, and repeat there what was lost; was an older backup restored?"


def compare(
    session: AsyncSession,
    node: Node,
    connection: Connection,
    shown: ConnectionStatus,
    known_before: datetime | None,
) -> None:
    """The other side's answer is shown, and whatever it has forgotten or says differently is reported.

    `known_before` was heard before it was asked: an answer that is older than that comes from a side that was set
    back, while one that is only older than what was heard meanwhile was overtaken on its way.
    """
    now = node.clock.now()
    hear(session, connection, shown, now)
    found = []
    if shown.changed_at and known_before and shown.changed_at < known_before:
        note(session, connection, shown, now)
        found.append(f"The other side has forgotten later changes of its own; it is {shown.state} now.")
    own = own_changed_at(connection)
    if own and shown.known_changed_at and shown.known_changed_at > own:
        found.append("This side has forgotten later changes of its own, which the other side knows.")
    if shown.mode is not None and shown.mode is not connection.mode:
        found.append(f"The mode is {shown.mode} there and {connection.mode} here.")
    if found:
        _report(
            session,
            node,
            connection,
            DestinationIncompatible(" ".join(found), fix=WAY_OUT, modes=[connection.mode, shown.mode]),
        )
    elif len(set((connection.last_error or {}).get("modes", ()))) > 1:
        connection.last_error = None


def _report(
    session: AsyncSession, node: Node, connection: Connection, problem: DestinationIncompatible
) -> None:
    """The connection says what is wrong, and its history since when; what was said once is not repeated."""
    now, known = node.clock.now(), connection.last_error or {}
    if (known.get("code"), known.get("detail")) == (problem.slug, problem.detail):
        return
    connection.last_error = as_error(problem, node.settings.public_url, now)
    record(session, connection.id, "status.disagree", now, why=problem.slug, detail={"found": problem.detail})
