"""What ends by itself on the initiator's side: an attempt that nobody finished in time."""

from datetime import timedelta

from service.connections.pending import EXPIRE_JOB, expire_if_due, lock
from service.database.database import transaction
from service.jobs.models import Job
from service.node import Node
from service.problems.tree import NotFound
from service.verification.session.states import BEFORE_CALLBACK


async def expire_attempt(node: Node, job: Job) -> timedelta | None:
    """An attempt whose browser did not come back in time has expired; one that did is the handshake's to finish."""
    async with transaction(node.database) as session:
        try:
            connection, attempt = await lock(session, job.subject)
        except NotFound:
            return None
        await expire_if_due(session, node, connection, attempt)
    is_waiting = attempt.state in BEFORE_CALLBACK
    return attempt.expires_at - node.clock.now() if is_waiting else None


HANDLERS = {EXPIRE_JOB: expire_attempt}
