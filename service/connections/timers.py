"""What ends by itself on the initiator's side: an attempt that nobody finished in time."""

from service.connections.attempts import EXPIRE_JOB, expire_if_due, lock
from service.database import transaction
from service.jobs.models import Job
from service.node import Node
from service.problems import NotFound


async def expire_attempt(node: Node, job: Job) -> None:
    """An attempt whose browser did not come back in time has expired; one that did is the handshake's to finish."""
    async with transaction(node.database) as session:
        try:
            connection, attempt = await lock(session, job.subject)
        except NotFound:
            return
        await expire_if_due(session, node, connection, attempt)


HANDLERS = {EXPIRE_JOB: expire_attempt}
