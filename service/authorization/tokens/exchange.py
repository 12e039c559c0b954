"""A code becomes an access token and an attestation, once (P7); a connection that is known, a fresh token.

Its other side may have changed its keys since (ADR 0026).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.authorization.agreements import Agreement, find_agreement, learn_keys
from service.authorization.clients import authentication
from service.authorization.clients.authentication import Assertion, read_assertion, verify_assertion
from service.authorization.clients.documents import Asking, read_client, remember
from service.authorization.issuers import Issuer
from service.authorization.requests import timers
from service.authorization.requests.models import AuthorizationRequest
from service.authorization.requests.states import AuthorizationEvent, AuthorizationState
from service.authorization.shares import spend
from service.authorization.tokens.access import Proof, Proved, issue, read_proof
from service.connections.models import Connection
from service.connections.states import ESTABLISHED, ConnectionState
from service.database.rows import advance, get_for_update
from service.database.sessions import reading, transaction
from service.events.operations import record_refusal
from service.http.acting import concerns
from service.instance_keys.operations import signing_key
from service.limits.table import TOKENS_BY_CLIENT
from service.node import Node
from service.protocol import errors
from service.protocol.errors import InvalidGrant, InvalidRequest
from service.protocol.messages import REGISTERED_CLIENT_PATH, TokenAnswer
from service.trust.signatures import LIFETIMES, Purpose, SigningKey, sign, stamp
from service.trust.tokens import pkce_challenge

PATH = "/oauth/token"
REDEEMED_LIFE = timedelta(minutes=10)
ATTESTATION_LIFE = timedelta(seconds=LIFETIMES[Purpose.ATTESTATION])
ROLE = "admin"
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
UNREADABLE = (
    "This key is not known here, and the client's address could not be read for new ones. A side that cannot be "
    "reached has to be reconnected."
)


@dataclass(frozen=True, slots=True)
class Grant:
    """A token request that is well-formed: who says to ask, with which key, and what for."""

    assertion: Assertion
    proof: Proof
    form: Mapping[str, str]


async def answer(
    node: Node, issuer: Issuer, request: Request, form: Mapping[str, str], asking: Asking
) -> TokenAnswer:
    """Return what the grant gives; raises the errors of RFC 6749, section 5.2."""
    match form.get("grant_type"):
        case "authorization_code":
            grant = _read_grant(node, issuer, request, form, asking, "code", "redirect_uri", "code_verifier")
            return await _redeem(node, issuer, grant, asking)
        case "client_credentials":
            grant = _read_grant(node, issuer, request, form, asking, "shared_id")
            return await _token_for_connection(node, issuer, grant, asking)
        case None:
            raise InvalidRequest("grant_type is missing.")
        case _:
            raise errors.UnsupportedGrantType("Use authorization_code or client_credentials.")


def _read_grant(
    node: Node, issuer: Issuer, request: Request, form: Mapping[str, str], asking: Asking, *needed: str
) -> Grant:
    if missing := [name for name in needed if name not in form]:
        raise InvalidRequest(f"Missing: {', '.join(missing)}.")
    assertion = read_assertion(form, issuer, node.settings, asking.now)
    return Grant(assertion, read_proof(request, issuer.url + PATH, asking.now), form)


async def _redeem(node: Node, issuer: Issuer, grant: Grant, asking: Asking) -> TokenAnswer:
    """The code is used up. Where the answer is lost, the connection's status shows the attestation again."""
    found = await _find_by_code(node, issuer, grant.form["code"])
    concerns(found.connection_id if found else None)
    if found is None or found.client_id != grant.assertion.client_id:
        raise InvalidGrant("The code is unknown, or another client's.")
    proof = verify_assertion(grant.assertion, found.client["jwks"], issuer, asking.now)
    spend(node, asking.now, (TOKENS_BY_CLIENT, found.client_id))
    async with transaction(node.database) as session:
        record = await get_for_update(session, AuthorizationRequest, found.id)
        _check_code(record, grant, asking.now)
        assert record.connection_id is not None  # noqa: S101 - a consented request has its connection
        connection = await get_for_update(session, Connection, record.connection_id)
        expected = ESTABLISHED if record.reconnects else {ConnectionState.PENDING}
        if connection.state not in expected:
            raise InvalidGrant("The connection was closed meanwhile.")
        proved = Proved(proof, grant.proof)
        await proved.consume(session)
        return await _store_redeemed(session, node, issuer, record, connection, proved, asking.now)


async def _find_by_code(node: Node, issuer: Issuer, code: str) -> AuthorizationRequest | None:
    statement = select(AuthorizationRequest).where(
        AuthorizationRequest.code_hash == node.hasher.hash(code),
        AuthorizationRequest.instance_id == issuer.instance.id,
    )
    async with reading(node.database) as session:
        return (await session.exec(statement)).one_or_none()


def _check_code(record: AuthorizationRequest, grant: Grant, now: datetime) -> None:
    """The code may be redeemed by this request; raises InvalidGrant."""
    verifier = grant.form["code_verifier"]
    if record.state is not AuthorizationState.CONSENTED:
        raise InvalidGrant("The code was used before, or its attempt has ended.")
    if record.code_expires_at is None or record.code_expires_at <= now:
        raise InvalidGrant("The code has expired.")
    if grant.form["redirect_uri"] != record.redirect_uri:
        raise InvalidGrant("redirect_uri is another than in the pushed request.")
    if not _VERIFIER.fullmatch(verifier) or pkce_challenge(verifier) != record.code_challenge:
        raise InvalidGrant("code_verifier does not fit the code_challenge.")
    if record.key_thumbprint not in {None, grant.proof.thumbprint}:
        raise InvalidGrant("The code is bound to another DPoP key.")


async def _store_redeemed(
    session: AsyncSession,
    node: Node,
    issuer: Issuer,
    record: AuthorizationRequest,
    connection: Connection,
    proved: Proved,
    now: datetime,
) -> TokenAnswer:
    """The attestation is stored before it is sent, and the initiator has ten minutes to activate."""
    key = await signing_key(session, node.sealer, issuer.instance.id)
    attestation = _attest(record, issuer, key, proved.proof.thumbprint, now)
    expires_at = now + REDEEMED_LIFE
    await advance(
        session,
        record,
        AuthorizationEvent.REDEEM,
        code_sealed=None,
        key_thumbprint=proved.proof.thumbprint,
        attestation=attestation,
        redeemed_at=now,
        expires_at=expires_at,
    )
    if record.reconnects is None:
        connection.expires_at = expires_at
        connection.touch(now)
    await timers.watch(session, record, now)
    scope = [] if record.reconnects else record.scope
    token = issue(key, issuer, proved, record.shared_id, scope, now)
    return token.model_copy(update={"connection_attestation": attestation})


def _attest(record: AuthorizationRequest, issuer: Issuer, key: SigningKey, jkt: str, now: datetime) -> str:
    """Return our word that an admin of this instance accepted exactly this request."""
    assert record.auth_time is not None  # noqa: S101 - set by the decision
    signed_in_at = int(record.auth_time.timestamp())
    claims = {
        "iss": issuer.url,
        "aud": record.client_id,
        "sub": record.subject,
        "role": ROLE,
        "name": record.admin_name or "",
        "auth_time": signed_in_at,
        "admin_checked_at": signed_in_at,
        "nonce": record.nonce,
        "shared_id": record.shared_id,
        "instance": issuer.instance.url,
        "platform": issuer.instance.platform,
        "scope": " ".join(record.scope),
        "cnf": {"jkt": jkt},
        **stamp(now, ATTESTATION_LIFE),
    }
    return sign(Purpose.ATTESTATION, claims, key)


async def _token_for_connection(node: Node, issuer: Issuer, grant: Grant, asking: Asking) -> TokenAnswer:
    """Return a token for a connection of this client, whichever side initiated it."""
    client_id, shared_id = grant.assertion.client_id, grant.form["shared_id"]
    async with reading(node.database) as session:
        agreement = await find_agreement(session, issuer.instance.id, client_id, shared_id)
    if agreement is None and client_id.startswith(issuer.url + REGISTERED_CLIENT_PATH):
        raise errors.UnauthorizedClient("There is no such registration, or no such connection of its client.")
    if agreement is None:
        # Only who proves to be this client learns that there is no such connection.
        client, _ = await authentication.authenticate_by_document(node, issuer, grant.assertion, asking)
        async with transaction(node.database) as session:
            await remember(session, client, asking.now)
        raise errors.UnauthorizedClient("There is no connection of this client with this shared_id.")
    concerns(agreement.connection.id if agreement.connection else None)
    keys = await _keys_of(node, agreement, grant.assertion, asking)
    proved = Proved(verify_assertion(grant.assertion, keys, issuer, asking.now), grant.proof)
    spend(node, asking.now, (TOKENS_BY_CLIENT, client_id))
    async with transaction(node.database) as session:
        await proved.consume(session)
        if keys != agreement.jwks:
            await authentication.refuse_own_keys(session, node.settings, client_id, keys)
            known = await find_agreement(session, issuer.instance.id, client_id, shared_id)
            if known is not None and known.may_learn_keys:
                learn_keys(session, known, keys, asking.now)
        key = await signing_key(session, node.sealer, issuer.instance.id)
    is_active = agreement.connection is not None and agreement.connection.state is ConnectionState.ACTIVE
    return issue(key, issuer, proved, shared_id, agreement.scope if is_active else [], asking.now)


async def _keys_of(
    node: Node, agreement: Agreement, assertion: Assertion, asking: Asking
) -> list[dict[str, str]]:
    """Return the stored keys, or those at the client's own address now where a new one is shown.

    Nobody but who holds that address can bring a key, and during an attempt nobody can.
    """
    if not agreement.may_learn_keys or authentication.knows_key(agreement.jwks, assertion):
        return agreement.jwks
    try:
        return (await read_client(node, assertion.client_id, asking, from_cache=False)).jwks
    except (errors.InvalidClient, errors.ServerNotReady) as failure:
        if agreement.connection is not None:
            subject = agreement.connection.id
            await record_refusal(node.database, subject, "peer_keys.refused", "unreadable", asking.now)
        raise type(failure)(UNREADABLE) from None
