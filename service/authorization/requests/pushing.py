"""A client pushes what an admin shall be asked (RFC 9126); nothing is listed before a consent (P4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from fastapi import Request
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from service.authorization.clients.authentication import (
    authenticate_by_document,
    consume_assertion,
    read_assertion,
    refuse_own_keys,
)
from service.authorization.clients.documents import Asking, Client, has_same_origin, remember
from service.authorization.issuers import Issuer
from service.authorization.requests import timers
from service.authorization.requests.models import AuthorizationRequest, find_locked
from service.authorization.requests.places import require_place
from service.authorization.requests.states import AuthorizationState
from service.authorization.shares import spend
from service.authorization.tokens.access import Proof, consume_proof, read_proof
from service.database.columns import seal
from service.database.sessions import transaction
from service.limits.table import PUSHES_BY_CLIENT
from service.node import Node
from service.platforms.registry import SANDBOX
from service.protocol.errors import (
    InvalidRedirectUri,
    InvalidRequest,
    InvalidScope,
    ServerNotReady,
    UnauthorizedClient,
)
from service.protocol.messages import PushedAnswer, PushedRequest
from service.trust import tokens
from service.trust.signatures import VerifiedToken
from service.values.texts import new_id
from service.verification.renewal import find_established, may_become
from service.words import Mode, Scope

PATH = "/oauth/par"
LIFE = timedelta(seconds=300)
TRIES = 10
REQUEST_URI_PREFIX = "urn:ietf:params:oauth:request_uri:"
REQUEST_URI_BITS = 256
DETAILS = {"mode", "connection_name", "initiator_short_name", "responder_short_name"}
SCOPES = frozenset(scope.value for scope in Scope)


@dataclass(frozen=True, slots=True)
class Push:
    """A request that is well-formed and possible here, from a client that is not authenticated yet."""

    request: PushedRequest
    scope: list[str]
    proof: Proof | None
    jkt: str | None


async def push(
    node: Node, issuer: Issuer, modes: frozenset[Mode], request: Request, form: dict[str, str], asking: Asking
) -> PushedAnswer:
    """The request is kept for 300 seconds, and named by a URI that cannot be guessed."""
    assertion = read_assertion(form, issuer, node.settings, asking.now)
    pushed = _read_push(issuer, modes, request, form, asking)
    client, proof = await authenticate_by_document(node, issuer, assertion, asking)
    spend(node, asking.now, (PUSHES_BY_CLIENT, client.client_id))
    check_redirect_uri(pushed.request.redirect_uri, client)
    check_sandbox(issuer, client)
    request_uri = REQUEST_URI_PREFIX + tokens.new_secret(REQUEST_URI_BITS)
    for _ in range(TRIES):
        try:
            async with transaction(node.database) as session:
                await _require_renewable(session, issuer, client.client_id, pushed.request)
                await _store(session, node, issuer, pushed, client, proof, request_uri, asking)
        except IntegrityError:
            continue  # the same attempt was pushed by another request at this moment, which this one now replaces
        return PushedAnswer(request_uri=request_uri, expires_in=int(LIFE.total_seconds()))
    raise ServerNotReady("The same attempt is pushed again and again; try once more.")


def check_redirect_uri(redirect_uri: str, client: Client) -> None:
    """The redirect is, letter by letter, one of the client's own; raises InvalidRedirectUri."""
    if redirect_uri not in client.document.redirect_uris:
        raise InvalidRedirectUri("redirect_uri is not one of the client document's redirect_uris.")


def check_sandbox(issuer: Issuer, client: Client) -> None:
    """A sandbox connects to a sandbox only; raises UnauthorizedClient. A foreign client does not say."""
    facts = client.document.parley_instance
    if facts is not None and facts.sandbox != (issuer.instance.platform == SANDBOX):
        raise UnauthorizedClient("A sandbox instance connects to sandbox instances only.")


def _read_push(
    issuer: Issuer, modes: frozenset[Mode], request: Request, form: Mapping[str, str], asking: Asking
) -> Push:
    """Return the request that the form makes; every check here costs neither a call nor a look-up."""
    if "request_uri" in form or "request" in form:
        raise InvalidRequest("A pushed request has neither request_uri nor request.")
    try:
        pushed = PushedRequest.model_validate({**form})
    except ValidationError as fault:
        names = sorted({".".join(str(step) for step in error["loc"]) for error in fault.errors()})
        raise InvalidRequest(f"Missing or not valid: {', '.join(names)}.") from None
    if not f"{pushed.state}{pushed.nonce}".isascii():
        raise InvalidRequest("state and nonce are ASCII (RFC 6749, appendix A.5).")
    scope = list(dict.fromkeys(pushed.scope.split()))
    if not scope or not SCOPES.issuperset(scope):
        raise InvalidScope(f"Known scopes: {' '.join(sorted(SCOPES))}.")
    if not has_same_origin(pushed.redirect_uri, pushed.client_id) or "#" in pushed.redirect_uri:
        raise InvalidRedirectUri("redirect_uri must have the origin of client_id, and no fragment.")
    if pushed.mode not in modes:
        raise InvalidRequest(f"The mode {pushed.mode} is not offered by {issuer.instance.platform}.")
    proof = read_proof(request, issuer.url + PATH, asking.now) if "dpop" in request.headers else None
    jkt = form.get("dpop_jkt") or (proof.thumbprint if proof else None)
    if proof is not None and proof.thumbprint != jkt:
        raise InvalidRequest("dpop_jkt names another key than the DPoP proof.")
    return Push(pushed, scope, proof, jkt)


async def _store(
    session: AsyncSession,
    node: Node,
    issuer: Issuer,
    pushed: Push,
    client: Client,
    proof: VerifiedToken,
    request_uri: str,
    asking: Asking,
) -> None:
    """The request is stored and the client's proof used up, or neither."""
    await refuse_own_keys(session, node.settings, client.client_id, client.jwks)
    await consume_assertion(session, proof)
    if pushed.proof is not None:
        await consume_proof(session, pushed.proof)
    await remember(session, client, asking.now)
    await _remove_undecided(session, issuer, client.client_id, pushed.request.shared_id)
    await require_place(session, issuer, client.client_id, asking.now)
    request = AuthorizationRequest(
        id=(request_id := new_id("aut")),
        instance_id=issuer.instance.id,
        client_id=client.client_id,
        client={"document": client.document.model_dump(mode="json"), "jwks": client.jwks},
        shared_id=pushed.request.shared_id,
        reconnects=pushed.request.reconnects,
        request_uri_hash=node.hasher.hash(request_uri),
        redirect_uri=pushed.request.redirect_uri,
        client_state_sealed=seal(
            node.sealer, AuthorizationRequest, request_id, "client_state_sealed", pushed.request.state
        ),
        nonce=pushed.request.nonce,
        code_challenge=pushed.request.code_challenge,
        scope=pushed.scope,
        details=pushed.request.model_dump(mode="json", include=DETAILS),
        comparison_code=tokens.comparison_code(
            client.client_id, issuer.url, pushed.request.shared_id, pushed.request.code_challenge
        ),
        key_thumbprint=pushed.jkt,
        expires_at=asking.now + LIFE,
        created_at=asking.now,
    )
    session.add(request)
    await timers.watch(session, request, asking.now)


async def _require_renewable(
    session: AsyncSession, issuer: Issuer, client_id: str, pushed: PushedRequest
) -> None:
    """What is to be verified anew is an active connection of this very client, and may have the mode."""
    if pushed.reconnects is None:
        return
    connection = await find_established(session, issuer.instance.id, client_id, pushed.reconnects, lock=False)
    if connection is None or pushed.reconnects == pushed.shared_id:
        raise UnauthorizedClient("There is no active connection of this client with this shared_id.")
    if not may_become(connection, pushed.mode):
        raise InvalidRequest(f"The mode of this connection is {connection.mode} here, and final.")


async def _remove_undecided(session: AsyncSession, issuer: Issuer, client_id: str, shared_id: str) -> None:
    """A newer push replaces the one that nobody decided on; raises InvalidRequest after a decision.

    It gets a new id: whoever has the page of the older one open cannot accept what that page does not show.
    """
    older = await find_locked(session, issuer.instance.id, client_id, shared_id)
    if older is None:
        return
    # Without a connection nobody ever accepted it, so an expired one was not decided either.
    is_undecided = older.state in {AuthorizationState.REQUESTED, AuthorizationState.EXPIRED}
    if not is_undecided or older.connection_id is not None:
        raise InvalidRequest("This attempt was decided already; start a new one with a fresh shared_id.")
    await timers.unwatch(session, older)
    await session.delete(older)
    await session.flush()
