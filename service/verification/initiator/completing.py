"""One job, which any worker can carry on, redeems the code, checks the attestation and activates (P7 to P9).

Each round reads what is stored, makes one call without a transaction, and stores its result. A crash anywhere
leaves a job that does the same again, and every call may be repeated.
"""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import structlog

from service.connections.peers import caller_of, peer_of, peer_record
from service.connections.pending import end_attempt, lock
from service.connections.refusals import refused_by, unanswered
from service.connections.states import ESTABLISHED, ConnectionState
from service.database.columns import seal, unseal
from service.database.rows import advance
from service.database.sessions import reading, transaction
from service.jobs.models import Job
from service.jobs.worker import TryAgain
from service.lifecycle.activation import make_active
from service.node import Node
from service.problems.tree import Problem, VerificationExpired
from service.protocol import replay
from service.protocol.client import (
    Caller,
    ClocksDiffer,
    Peer,
    PeerRefused,
    PeerUnavailable,
    activate,
    connection_token,
    redeem,
    status,
)
from service.protocol.messages import ConnectionStatus
from service.trust.signatures import InvalidSignature, Purpose, VerifiedToken, verify
from service.values.moments import MAX_SECONDS
from service.verification.attempts import COMPLETE_JOB
from service.verification.renewal import FINISHING, may_become, renew
from service.verification.session.models import VerificationSession
from service.verification.session.states import VerificationEvent, VerificationState
from service.words import Scope

TOKEN_MARGIN = timedelta(seconds=30)
# Faults of one call's token or proof, not of the attempt: a fresh token is fetched, and the call made once more.
TAKES_ANOTHER_CALL = frozenset({"invalid_token", "invalid_dpop_proof"})
FROM_THE_FUTURE = "not_yet"
ADMIN = "admin"
ENDED_THERE = "The other side had ended this attempt before it could be activated."
log = structlog.get_logger(__name__)


class AttestationRefused(Exception):
    """The other side's attestation does not say what this attempt asked; `check` names what differs."""

    def __init__(self, check: str) -> None:
        self.check = check
        super().__init__(check)


async def complete(node: Node, job: Job) -> None:
    """The connection is active on both sides, or the attempt is over on both; raises TryAgain while neither is certain.

    Until an activation may have been sent, silence ends the attempt when its time is over; from then on only a
    definite answer does.
    """
    async with reading(node.database) as session:
        attempt = await session.get(VerificationSession, job.subject)
    if attempt is None or attempt.completed_at is not None:
        return
    caller = await caller_of(node, attempt.instance_id, attempt.peer.get("registered_as"))
    peer = peer_of(attempt.peer)
    structlog.contextvars.bind_contextvars(connection_id=attempt.connection_id)  # for the worker's lines, too
    try:
        if attempt.state is VerificationState.CODE_RECEIVED:
            attempt = await _verify_admin(node, caller, peer, attempt)
        if attempt.state is VerificationState.VERIFIED:
            shown = await _ask_to_activate(node, caller, peer, attempt)
            await _store_active(node, attempt.id, shown)
    except AttestationRefused as refusal:
        await _fail(node, attempt.id, _unbelieved(peer, refusal))
    except PeerRefused as refusal:
        if attempt.is_renewal and attempt.state is VerificationState.VERIFIED and not refusal.is_over:
            # It may have been committed there, and that cannot be taken back: only its end is an answer.
            raise TryAgain(str(refusal)) from refusal
        problem: Problem = refused_by(peer.issuer, refusal)
        if refusal.is_over:
            upstream = {"reason": "connection_over", "host": peer.issuer}
            problem = VerificationExpired(ENDED_THERE, upstream=upstream)
        await _fail(node, attempt.id, problem)
    except PeerUnavailable as failure:
        if attempt.state is not VerificationState.CODE_RECEIVED or node.clock.now() < attempt.expires_at:
            raise TryAgain(failure.reason) from failure
        detail = "The other side did not answer in time: {reason}."
        await _fail(node, attempt.id, unanswered(peer.issuer, failure, detail))


async def _verify_admin(
    node: Node, caller: Caller, peer: Peer, attempt: VerificationSession
) -> VerificationSession:
    """The other side attests that an admin of the right instance accepted exactly this (P7 and P8)."""
    access_token: str | None
    try:
        code, verifier = (
            unseal(node.sealer, attempt, name) for name in ("code_sealed", "code_verifier_sealed")
        )
        answer = await redeem(caller, peer, attempt.shared_id, code, verifier)
        attestation, access_token = answer.connection_attestation, answer.access_token
    except PeerRefused as refusal:
        if refusal.error != "invalid_grant":
            raise
        attestation, access_token = await _attestation_again(caller, peer, attempt), None
    verified = check_attestation(attestation, attempt, caller, node.clock.now())
    return await _store_verified(node, attempt.id, verified, access_token)


async def _attestation_again(caller: Caller, peer: Peer, attempt: VerificationSession) -> str | None:
    """The answer to the code was lost, if the other side has redeemed it: then its status shows the attestation."""
    token = await connection_token(caller, peer, attempt.shared_id)
    shown = await status(caller, peer, attempt.shared_id, token.access_token)
    if shown.state == "closed":
        raise PeerRefused(HTTPStatus.GONE, "connection_over", "It was closed there, or its time was over.")
    return shown.connection_attestation


def check_attestation(
    unverified: str | None, attempt: VerificationSession, caller: Caller, now: datetime
) -> VerifiedToken:
    """Return the attestation where it answers this attempt and nothing else (P8); raises AttestationRefused."""
    if unverified is None:
        raise AttestationRefused("missing")
    try:
        token = verify(
            unverified,
            Purpose.ATTESTATION,
            attempt.peer["jwks"],
            issuer=attempt.peer_issuer,
            audience=caller.client_id,
            now=now,
            own_issuer=caller.issuer,
        )
    except InvalidSignature as fault:
        raise AttestationRefused(fault.reason) from fault
    claims = token.claims
    expected = {
        "nonce": attempt.nonce,
        "shared_id": attempt.shared_id,
        "instance": attempt.peer["metadata"]["parley_instance"]["url"],
        "role": ADMIN,
    }
    for name, value in expected.items():
        if claims[name] != value:
            raise AttestationRefused(name)
    if not set(claims["scope"].split()) <= set(attempt.requested_scope):
        raise AttestationRefused("scope")
    if claims["cnf"]["jkt"] not in caller.key_ids:
        raise AttestationRefused("cnf.jkt")
    begun, latest = int(attempt.created_at.timestamp()) - MAX_SECONDS, now.timestamp() + MAX_SECONDS
    for moment in ("auth_time", "admin_checked_at"):
        if not begun <= claims[moment] <= latest:
            raise AttestationRefused(moment)
    return token


async def _store_verified(
    node: Node, attempt_id: str, token: VerifiedToken, access_token: str | None
) -> VerificationSession:
    """The admin is verified; the code is forgotten, and the token kept sealed for the next call."""
    now = node.clock.now()
    async with transaction(node.database) as session:
        connection, attempt = await lock(session, VerificationSession, attempt_id)
        if attempt.state is not VerificationState.CODE_RECEIVED:
            return attempt
        if attempt.mode is not None and not may_become(connection, attempt.mode):
            raise AttestationRefused("mode")
        keep_until = datetime.fromtimestamp(token.claims["exp"], UTC) + timedelta(minutes=1)
        jti = token.claims["jti"]
        if not await replay.consume(
            session, Purpose.ATTESTATION, attempt.peer_issuer, jti, keep_until=keep_until
        ):
            raise AttestationRefused("jti")
        sealed = None
        if access_token is not None:
            sealed = seal(node.sealer, VerificationSession, attempt.id, "access_token_sealed", access_token)
        await advance(
            session,
            attempt,
            VerificationEvent.VERIFY,
            code_sealed=None,
            access_token_sealed=sealed,
            access_token_expires_at=now + timedelta(minutes=5),
            admin_name=str(token.claims.get("name") or token.claims["role"])[:255],
            admin_checked_at=datetime.fromtimestamp(token.claims["admin_checked_at"], UTC),
        )
        if not attempt.is_renewal:
            connection.scope = [word.value for word in Scope if word in token.claims["scope"].split()]
        connection.touch(now)
    return attempt


async def _ask_to_activate(
    node: Node, caller: Caller, peer: Peer, attempt: VerificationSession
) -> ConnectionStatus:
    """The other side commits, which this side then copies (P9).

    The stored token is used while it lasts; where that is refused, a fresh one, once more.
    """
    expires_at = attempt.access_token_expires_at
    if attempt.access_token_sealed and expires_at and expires_at - TOKEN_MARGIN > node.clock.now():
        stored = unseal(node.sealer, attempt, "access_token_sealed")
        try:
            return await activate(caller, peer, attempt.shared_id, stored)
        except PeerRefused as refusal:
            if refusal.error not in TAKES_ANOTHER_CALL:
                raise
    token = await connection_token(caller, peer, attempt.shared_id)
    return await activate(caller, peer, attempt.shared_id, token.access_token)


async def _store_active(node: Node, attempt_id: str, shown: ConnectionStatus) -> None:
    """The connection is active here too, unless it was cancelled or closed meanwhile: then the peer is being told."""
    now = node.clock.now()
    async with transaction(node.database) as session:
        connection, attempt = await lock(session, VerificationSession, attempt_id)
        if attempt.state is not VerificationState.VERIFIED or attempt.completed_at is not None:
            return
        if attempt.is_renewal and connection.state in ESTABLISHED:
            renew(session, connection, attempt.mode, attempt.peer["jwks"], attempt.admin_name, now)
            attempt.access_token_sealed, attempt.completed_at = None, now
        if connection.state is not ConnectionState.PENDING:
            return
        attempt.access_token_sealed, attempt.completed_at = None, now
        await make_active(
            session,
            connection,
            now,
            destination_state=shown.state,
            destination_changed_at=shown.changed_at,
            peer=peer_record(attempt.peer_issuer, attempt.peer),
            verified_at=attempt.admin_checked_at,
            verified_by=attempt.admin_name,
        )


async def _fail(node: Node, attempt_id: str, problem: Problem) -> None:
    """The attempt is over with this reason, and the draft is back with its owner."""
    async with transaction(node.database) as session:
        connection, attempt = await lock(session, VerificationSession, attempt_id)
        waits = attempt.is_renewal or connection.state is ConnectionState.PENDING
        if attempt.state in FINISHING and attempt.completed_at is None and waits:
            log.info("handshake_failed", slug=problem.slug, detail=problem.detail)
            await end_attempt(session, node, connection, attempt, VerificationEvent.FAIL, problem)


def _unbelieved(peer: Peer, refusal: AttestationRefused) -> Problem:
    """Only a clock that is ahead makes an attestation of the future."""
    answered = PeerRefused(HTTPStatus.OK, "attestation_invalid", refusal.check)
    if refusal.check == FROM_THE_FUTURE:
        answered = ClocksDiffer(HTTPStatus.OK, "The clock of the other node is ahead of the one here.")
    return refused_by(peer.issuer, answered)


HANDLERS = {COMPLETE_JOB: complete}
