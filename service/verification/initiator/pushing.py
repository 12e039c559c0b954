"""The attempt is set off by its owner, and the other node gets the request before the browser comes (P3, P4)."""

import asyncio
from datetime import timedelta
from weakref import WeakValueDictionary

from service.access.models import SignInSession
from service.connections.models import Connection
from service.connections.peers import caller_of, peer_of
from service.connections.pending import end_attempt, lock
from service.connections.refusals import refused_by, unanswered
from service.database.columns import seal, unseal
from service.database.rows import advance
from service.database.sessions import transaction
from service.node import Node
from service.problems.tree import NotFound, Problem, VerificationCancelled
from service.protocol.client import PeerRefused, PeerUnavailable, authorization_url, push
from service.trust.tokens import pkce_challenge
from service.verification.attempts import set_off
from service.verification.initiator import watching
from service.verification.session import operations as sessions
from service.verification.session.models import VerificationSession
from service.verification.session.states import BEFORE_CALLBACK, VerificationEvent, VerificationState

_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
REQUEST_MARGIN = timedelta(seconds=30)


async def push_request(node: Node, attempt_id: str, sign_in: SignInSession) -> str:
    """Return where the browser goes. The intent is stored, then sent, then its result is stored.

    Pressed twice, it gives the same request while that is unexpired; after that the same request is pushed anew.
    Of two presses at once the second waits: two pushes would replace each other, in an order of their own there.
    """
    turn = _turns.setdefault(attempt_id, asyncio.Lock())
    async with turn:
        return await _push(node, attempt_id, sign_in)


async def _push(node: Node, attempt_id: str, sign_in: SignInSession) -> str:
    connection, attempt = await _set_off(node, attempt_id, sign_in)
    caller, peer = await caller_of(node, attempt.instance_id), peer_of(attempt.peer)
    expires_at = attempt.request_expires_at
    if attempt.request_uri_sealed and expires_at and expires_at - REQUEST_MARGIN > node.clock.now():
        return authorization_url(caller, peer, unseal(node.sealer, attempt, "request_uri_sealed"))
    try:
        pushed = await push(caller, peer, _parameters(node, connection, attempt))
    except PeerUnavailable as failure:
        problem = unanswered(peer.issuer, failure, "The other side did not answer: {reason}.")
        raise await _give_up(node, attempt_id, problem) from failure
    except PeerRefused as refusal:
        raise await _give_up(node, attempt_id, refused_by(peer.issuer, refusal)) from refusal
    now = node.clock.now()
    async with transaction(node.database) as session:
        connection, attempt = await lock(session, VerificationSession, attempt_id)
        if attempt.state not in BEFORE_CALLBACK:
            raise VerificationCancelled("It ended while the other side was asked.")
        kept = seal(node.sealer, VerificationSession, attempt.id, "request_uri_sealed", pushed.request_uri)
        attempt.request_uri_sealed = kept
        attempt.request_expires_at = now + timedelta(seconds=min(pushed.expires_in, 600))
        if attempt.state is VerificationState.STARTED:
            await advance(session, attempt, VerificationEvent.PUSH)
            await watching.schedule(session, attempt, now)
        connection.touch(now)
    return authorization_url(caller, peer, pushed.request_uri)


async def _set_off(
    node: Node, attempt_id: str, sign_in: SignInSession
) -> tuple[Connection, VerificationSession]:
    """The attempt belongs to this person in this browser, who must be its owner if it has one."""
    async with transaction(node.database) as session:
        connection, attempt = await lock(session, VerificationSession, attempt_id)
        if attempt.owner_account not in {None, sign_in.account_id}:
            raise NotFound("This verification session belongs to another admin of the instance.")
        if attempt.state is VerificationState.CREATED:
            await sessions.start(session, node, attempt, sign_in.account_id, sign_in.browser_id)
            await set_off(session, connection, attempt, node.clock.now())
        elif attempt.state in BEFORE_CALLBACK:
            attempt.browser_id = sign_in.browser_id
        else:
            raise VerificationCancelled("It ended meanwhile.")
    return connection, attempt


def _parameters(node: Node, connection: Connection, attempt: VerificationSession) -> dict[str, str]:
    renewed = {"reconnects": connection.shared_id or ""} if attempt.is_renewal else {}
    return {
        **renewed,
        "scope": " ".join(attempt.requested_scope),
        "state": unseal(node.sealer, attempt, "state_sealed"),
        "nonce": attempt.nonce or "",
        "code_challenge": pkce_challenge(unseal(node.sealer, attempt, "code_verifier_sealed")),
        "shared_id": attempt.shared_id,
        "mode": attempt.mode or connection.mode or "",
        "connection_name": connection.name or "",
        "initiator_short_name": connection.local_short_name or "",
        "responder_short_name": connection.destination_short_name or "",
    }


async def _give_up(node: Node, attempt_id: str, problem: Problem) -> Problem:
    """Return the problem, with which the attempt is over."""
    async with transaction(node.database) as session:
        connection, attempt = await lock(session, VerificationSession, attempt_id)
        if attempt.state in BEFORE_CALLBACK:
            await end_attempt(session, node, connection, attempt, VerificationEvent.FAIL, problem)
    return problem
