"""An admin of the instance decides; decision, end of the request and code are one transaction (P5)."""

from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlencode

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.access.models import SignInSession
from service.access.sign_in import FRESH
from service.authorization.clients.documents import origin_of
from service.authorization.issuers import Issuer
from service.authorization.requests import timers
from service.authorization.requests.models import AuthorizationRequest
from service.authorization.requests.states import AuthorizationEvent, AuthorizationState
from service.connections.models import Connection
from service.database.columns import seal, unseal
from service.database.rows import advance, get_for_update
from service.node import Node
from service.problems.tree import NotFound
from service.protocol.messages import CLIENT_DOCUMENT_PATH, NOT_AN_ADMIN, ClientDocument
from service.trust.tokens import new_secret
from service.values.texts import is_storable
from service.verification.renewal import find_established
from service.verification.responder import Proposal, open_pending
from service.words import Mode

CODE_LIFE = timedelta(seconds=60)
CODE_BITS = 256
_S = AuthorizationState


class Decision(StrEnum):
    """What a person may answer; BACK is the only answer of somebody who is no admin."""

    ACCEPT = "accept"
    DENY = "deny"
    BACK = "back"


class Fault(StrEnum):
    """Why nothing can be decided."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    DECIDED = "decided"
    NOT_ADMIN = "not_admin"


class Undecidable(Exception):
    """The request cannot be decided (any more), or not by this person; nothing was changed."""

    def __init__(self, fault: Fault, request: AuthorizationRequest | None = None) -> None:
        self.fault = fault
        self.request = request
        super().__init__(fault.value)


REFUSALS = {
    Decision.DENY: "The request was denied on the other side.",
    Decision.BACK: f"{NOT_AN_ADMIN}: the person who signed in is no admin of the other side's instance.",
}


async def find_pushed(
    session: AsyncSession, node: Node, issuer: Issuer, client_id: str, request_uri: str, now: datetime
) -> AuthorizationRequest:
    """Return the request that this client pushed under this URI, still to be decided; raises Undecidable."""
    statement = select(AuthorizationRequest).where(
        AuthorizationRequest.request_uri_hash == node.hasher.hash(request_uri),
        AuthorizationRequest.instance_id == issuer.instance.id,
    )
    request = (await session.exec(statement)).one_or_none()
    if request is None or request.client_id != client_id:
        raise Undecidable(Fault.UNKNOWN)
    return _open(request, now)


async def find_open(
    session: AsyncSession, issuer: Issuer, request_id: str, now: datetime
) -> AuthorizationRequest:
    """Return the request, still to be decided; raises Undecidable."""
    request = await session.get(AuthorizationRequest, request_id) if is_storable(request_id) else None
    if request is None or request.instance_id != issuer.instance.id:
        raise Undecidable(Fault.UNKNOWN)
    return _open(request, now)


async def find_renewed(
    session: AsyncSession, issuer: Issuer, request: AuthorizationRequest
) -> Connection | None:
    """Return the active connection that the request is about, None where it asks for a new one."""
    if request.reconnects is None:
        return None
    found = await find_established(
        session, issuer.instance.id, request.client_id, request.reconnects, lock=False
    )
    if found is None:
        raise Undecidable(Fault.EXPIRED, request)
    return found


def is_fresh(sign_in: SignInSession | None, request_id: str, now: datetime) -> bool:
    """True where the person signed in for this very request, less than five minutes ago."""
    if sign_in is None or sign_in.for_request != request_id:
        return False
    return now - sign_in.signed_in_at <= FRESH


async def decide(
    session: AsyncSession,
    node: Node,
    issuer: Issuer,
    request_id: str,
    sign_in: SignInSession,
    decision: Decision,
    now: datetime,
) -> str:
    """Return where the browser goes with the answer. The same decision again gives the same answer."""
    try:
        request = await get_for_update(session, AuthorizationRequest, request_id)
    except NotFound:
        raise Undecidable(Fault.UNKNOWN) from None
    if request.instance_id != issuer.instance.id:
        raise Undecidable(Fault.UNKNOWN)
    if decision is not Decision.ACCEPT:
        told = decision if sign_in.is_admin else Decision.BACK
        return await _refuse(session, node, issuer, request, told, now)
    if not sign_in.is_admin:
        raise Undecidable(Fault.NOT_ADMIN, request)
    subject = pairwise_subject(node, request.client_id, sign_in.account_id)
    if request.subject == subject and _code_lives(request, now):
        return _answer(node, request, issuer, code=unseal(node.sealer, request, "code_sealed"))
    return await _accept(session, node, issuer, _open(request, now), sign_in, subject, now)


def pairwise_subject(node: Node, client_id: str, account_id: str) -> str:
    """Return a name of the person that means nothing to anybody else, and is another one for each client."""
    return node.hasher.hash(f"subject\x00{client_id}\x00{account_id}")


def client_document(request: AuthorizationRequest) -> ClientDocument:
    """Return what the client said of itself when it pushed the request."""
    return ClientDocument.model_validate(request.client["document"])


def node_url(client_id: str) -> str | None:
    """Return the issuer of a client that is a node, None for any other."""
    return client_id.removesuffix(CLIENT_DOCUMENT_PATH) if client_id.endswith(CLIENT_DOCUMENT_PATH) else None


async def _accept(
    session: AsyncSession,
    node: Node,
    issuer: Issuer,
    request: AuthorizationRequest,
    sign_in: SignInSession,
    subject: str,
    now: datetime,
) -> str:
    """The request is consumed, its code exists, and the connection is listed as pending."""
    code, expires_at = new_secret(CODE_BITS), now + CODE_LIFE
    connection = await _connection_of(session, issuer, request, expires_at, now)
    await advance(
        session,
        request,
        AuthorizationEvent.CONSENT,
        connection_id=connection.id,
        code_hash=node.hasher.hash(code),
        code_sealed=seal(node.sealer, AuthorizationRequest, request.id, "code_sealed", code),
        code_expires_at=expires_at,
        expires_at=expires_at,
        subject=subject,
        admin_name=sign_in.display_name,
        auth_time=sign_in.signed_in_at,
    )
    await timers.watch(session, request, now)
    return _answer(node, request, issuer, code=code)


async def _connection_of(
    session: AsyncSession, issuer: Issuer, request: AuthorizationRequest, expires_at: datetime, now: datetime
) -> Connection:
    """Return the connection that is asked for: a new one, or the active one that is verified anew."""
    if request.reconnects is None:
        return await open_pending(session, issuer.instance, _proposal(request), expires_at, now)
    found = await find_established(
        session, issuer.instance.id, request.client_id, request.reconnects, lock=True
    )
    if found is None:
        raise Undecidable(Fault.EXPIRED, request)
    return found


async def _refuse(
    session: AsyncSession,
    node: Node,
    issuer: Issuer,
    request: AuthorizationRequest,
    decision: Decision,
    now: datetime,
) -> str:
    """The attempt has ended, and its initiator is told why."""
    if request.state is not _S.DENIED:
        await advance(session, _open(request, now), AuthorizationEvent.DENY)
    return _answer(node, request, issuer, error="access_denied", error_description=REFUSALS[decision])


def _open(request: AuthorizationRequest, now: datetime) -> AuthorizationRequest:
    """Return the request where it can be decided; raises Undecidable."""
    if request.state is _S.EXPIRED or (request.state is _S.REQUESTED and request.expires_at <= now):
        raise Undecidable(Fault.EXPIRED, request)
    if request.state is not _S.REQUESTED:
        raise Undecidable(Fault.DECIDED, request)
    return request


def _code_lives(request: AuthorizationRequest, now: datetime) -> bool:
    """True from the consent until the code is redeemed, or its time is over."""
    return request.code_sealed is not None and request.expires_at > now


def _answer(node: Node, request: AuthorizationRequest, issuer: Issuer, **members: str) -> str:
    """Return the redirect with `state` and `iss`, on success and on error (RFC 9207)."""
    state = unseal(node.sealer, request, "client_state_sealed")
    query = urlencode({**members, "state": state, "iss": issuer.url})
    return request.redirect_uri + ("&" if "?" in request.redirect_uri else "?") + query


def _proposal(request: AuthorizationRequest) -> Proposal:
    document = client_document(request)
    facts = document.parley_instance
    details = request.details
    return Proposal(
        shared_id=request.shared_id,
        mode=Mode(details["mode"]),
        scope=request.scope,
        name=details["connection_name"],
        initiator_short_name=details["initiator_short_name"],
        responder_short_name=details["responder_short_name"],
        initiator_title=facts.name if facts else document.client_name,
        initiator_url=facts.url if facts else origin_of(request.client_id),
        initiator_platform=facts.platform if facts else None,
        node_url=node_url(request.client_id),
    )
