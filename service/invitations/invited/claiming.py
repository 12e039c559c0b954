"""One job of the invited side claims, waits for the inviter, activates (I5, I8, I9). It only ever dials out.

Each round reads what is stored, makes one call without a transaction, and stores its result. The inviter
decides; this side repeats its question until it gets a definite answer, and copies that.
"""

from datetime import timedelta
from http import HTTPStatus

import structlog

from service.connections.peers import caller_of, peer_of
from service.connections.pending import lock
from service.database.rows import advance
from service.database.sessions import reading, transaction
from service.instances.operations import get_instance
from service.invitations.invitation.models import Invitation
from service.invitations.invitation.states import InvitationEvent, InvitationState
from service.invitations.invited.outcome import GONE, copy_active, end, end_as_shown, end_as_told
from service.invitations.invited.received import read_invitation, secret_of
from service.jobs.models import Job
from service.jobs.worker import TryAgain
from service.node import Node
from service.platforms.registry import build_registry
from service.problems.tree import InvitationUnusable
from service.protocol.client import Caller, Peer, PeerRefused, PeerUnavailable, activate, connection_token
from service.protocol.messages import CLIENT_DOCUMENT_PATH, REGISTERED_CLIENT_PATH
from service.protocol.metadata import instance_facts
from service.protocol.registration import invitation_status, register
from service.trust.tokens import comparison_code

CLAIM_JOB = "claim_invitation"
LEAST_PAUSE = timedelta(seconds=5)
_S = InvitationState


async def claim(node: Node, job: Job) -> timedelta | None:
    """The connection is active on both sides or over on both; until the inviter has decided, it is asked again."""
    invitation = await read_invitation(node, job.subject)
    if invitation is None or invitation.connection_id is None:
        return None
    structlog.contextvars.bind_contextvars(connection_id=invitation.connection_id)
    caller = await caller_of(node, invitation.instance_id, invitation.client_id)
    peer = peer_of(invitation.peer or {})
    try:
        return await _go_on(node, caller, peer, invitation)
    except PeerRefused as refusal:
        await end_as_told(node, caller, peer, invitation, refusal)
    except PeerUnavailable as failure:
        # Until an activation may have been sent, silence ends it when its time is over.
        if invitation.state is _S.CONFIRMED or node.clock.now() < invitation.expires_at:
            raise TryAgain(failure.reason) from failure
        problem = InvitationUnusable("The inviter did not answer before it expired.", reason="expired")
        await end(node, invitation.id, InvitationEvent.EXPIRE, problem)
    return None


async def _go_on(node: Node, caller: Caller, peer: Peer, invitation: Invitation) -> timedelta | None:
    """Take the next step; return when to look again, None where nothing is left to do."""
    match invitation.state:
        case _S.CLAIMING:
            return await _register(node, caller, peer, invitation)
        case _S.CLAIMED:
            return await _poll(node, caller, peer, invitation)
        case _S.CONFIRMED:
            # The inviter commits, and this side copies the outcome (I9).
            shared_id = invitation.shared_id or ""
            token = await connection_token(caller, peer, shared_id)
            shown = await activate(caller, peer, shared_id, token.access_token)
            await copy_active(node, invitation.id, shown.state, shown.changed_at)
    return None


async def _register(node: Node, caller: Caller, peer: Peer, invitation: Invitation) -> timedelta | None:
    """The inviter knows our key; where its answer was lost, the same question gets the same answer (I5)."""
    async with reading(node.database) as session:
        instance = await get_instance(session, invitation.instance_id)
    description = build_registry(sandbox=True).get(instance.platform).description
    registered = await register(
        caller,
        peer,
        secret_of(node, invitation),
        invitation.reference,
        invitation.shared_id or "",
        instance_facts(instance, description),
    )
    allowed = {caller.issuer + CLIENT_DOCUMENT_PATH, peer.issuer + REGISTERED_CLIENT_PATH + caller.key.kid}
    if registered.client_id not in allowed or registered.shared_id != invitation.shared_id:
        raise PeerRefused(HTTPStatus.CREATED, "unexpected_answer", "The registration is for somebody else.")
    async with transaction(node.database) as session:
        connection, locked = await lock(session, Invitation, invitation.id)
        if locked.state is _S.CLAIMING:
            now = node.clock.now()
            # The key may have changed since the acceptance; this one has claimed it.
            code = comparison_code(peer.issuer, caller.key.kid, registered.shared_id, locked.reference)
            changes = {"client_id": registered.client_id, "claimed_at": now, "comparison_code": code}
            await advance(session, locked, InvitationEvent.CLAIM, **changes)
            if registered.invitation_state != "claimed":
                await advance(session, locked, InvitationEvent.CONFIRM)
            connection.touch(now)
    return timedelta(0) if registered.invitation_state != "claimed" else LEAST_PAUSE


async def _poll(node: Node, caller: Caller, peer: Peer, invitation: Invitation) -> timedelta | None:
    """Ask whether the inviter's admin has decided; its node says how long to wait before the next question (I8)."""
    shown = await invitation_status(caller, peer, invitation.reference, secret_of(node, invitation))
    if shown.state in GONE:
        await end_as_shown(node, invitation, shown)
        return None
    if shown.state == "claimed":
        until_it_ends = invitation.expires_at - node.clock.now()
        return max(LEAST_PAUSE, min(timedelta(seconds=shown.interval), until_it_ends))
    if shown.state == "open":
        why = "The inviter does not know of our claim any more."
        raise PeerRefused(HTTPStatus.OK, "unexpected_answer", why)
    async with transaction(node.database) as session:
        connection, locked = await lock(session, Invitation, invitation.id)
        if locked.state is _S.CLAIMED:
            await advance(session, locked, InvitationEvent.CONFIRM)
            connection.touch(node.clock.now())
    return timedelta(0)


HANDLERS = {CLAIM_JOB: claim}
