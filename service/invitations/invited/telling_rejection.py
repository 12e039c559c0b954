"""The inviter hears that its invitation is not wanted, also when it is offline now."""

import structlog

from service.connections.peers import caller_of, peer_of
from service.database.rows import find
from service.database.sessions import transaction
from service.invitations.invitation.models import Invitation
from service.invitations.invited.received import read_invitation, secret_of
from service.jobs.models import Job
from service.jobs.worker import TryAgain
from service.node import Node
from service.protocol.client import PeerRefused, PeerUnavailable
from service.protocol.errors import InitialTokenRefused, InvitationOver
from service.protocol.registration import reject_invitation

REJECT_JOB = "reject_invitation"
NOBODY_WAITS = frozenset({InitialTokenRefused.error, InvitationOver.error})

log = structlog.get_logger(__name__)


async def tell_rejection(node: Node, job: Job) -> None:
    """Done once the inviter has heard it, or has ended the invitation itself."""
    invitation = await read_invitation(node, job.subject)
    if invitation is None or invitation.secret_sealed is None:
        return
    caller = await caller_of(node, invitation.instance_id)
    peer, secret = peer_of(invitation.peer or {}), secret_of(node, invitation)
    try:
        await reject_invitation(caller, peer, invitation.reference, secret, invitation.reason or "")
    except (PeerUnavailable, PeerRefused) as failure:
        is_over = isinstance(failure, PeerRefused) and failure.error in NOBODY_WAITS
        if not is_over and node.clock.now() < invitation.expires_at:
            raise TryAgain(str(failure)) from failure
        log.info("rejection_not_heard", why=str(failure))
    async with transaction(node.database) as session:
        found = await find(session, Invitation, invitation.id)
        if found is not None:
            found.secret_sealed = None


HANDLERS = {REJECT_JOB: tell_rejection}
