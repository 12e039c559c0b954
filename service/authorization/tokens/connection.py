"""A token for a connection that is known here; its other side may have changed its keys since (ADR 0026)."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.authorization.agreements import Agreement, find_agreement, learn_keys
from service.authorization.clients.authentication import (
    Assertion,
    authenticate_by_document,
    knows_key,
    refuse_own_keys,
    verify_assertion,
)
from service.authorization.clients.documents import Asking, read_client, remember
from service.authorization.issuers import Issuer
from service.authorization.shares import spend
from service.authorization.tokens.access import Proof, Proved, issue
from service.connections.states import ConnectionState
from service.database.sessions import reading, transaction
from service.events.operations import record_refusal
from service.http.acting import concerns
from service.instance_keys.operations import signing_key
from service.limits.table import TOKENS_BY_CLIENT
from service.node import Node
from service.protocol.errors import InvalidClient, ServerNotReady, UnauthorizedClient
from service.protocol.messages import REGISTERED_CLIENT_PATH, TokenAnswer

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


async def token_for_connection(node: Node, issuer: Issuer, grant: Grant, asking: Asking) -> TokenAnswer:
    """Return a token for a connection of this client, whichever side initiated it."""
    client_id, shared_id = grant.assertion.client_id, grant.form["shared_id"]
    async with reading(node.database) as session:
        agreement = await find_agreement(session, issuer.instance.id, client_id, shared_id)
    if agreement is None and client_id.startswith(issuer.url + REGISTERED_CLIENT_PATH):
        raise UnauthorizedClient("There is no such registration, or no such connection of its client.")
    if agreement is None:
        # Only who proves to be this client learns that there is no such connection.
        client, _ = await authenticate_by_document(node, issuer, grant.assertion, asking)
        async with transaction(node.database) as session:
            await remember(session, client, asking.now)
        raise UnauthorizedClient("There is no connection of this client with this shared_id.")
    concerns(agreement.connection.id if agreement.connection else None)
    keys = await _keys_of(node, agreement, grant.assertion, asking)
    proved = Proved(verify_assertion(grant.assertion, keys, issuer, asking.now), grant.proof)
    spend(node, asking.now, (TOKENS_BY_CLIENT, client_id))
    async with transaction(node.database) as session:
        await proved.consume(session)
        if keys != agreement.jwks:
            await refuse_own_keys(session, node.settings, client_id, keys)
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
    if not agreement.may_learn_keys or knows_key(agreement.jwks, assertion):
        return agreement.jwks
    try:
        return (await read_client(node, assertion.client_id, asking, from_cache=False)).jwks
    except (InvalidClient, ServerNotReady) as failure:
        if agreement.connection is not None:
            subject = agreement.connection.id
            await record_refusal(node.database, subject, "peer_keys.refused", "unreadable", asking.now)
        raise type(failure)(UNREADABLE) from None
