"""Who is asking: a client proves one of its keys with a JWT made for this issuer alone (RFC 7523)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from service.authorization.clients.documents import Asking, Client, check_client_id, read_client
from service.authorization.issuers import Issuer
from service.http.acting import ActorKind, identify
from service.instances.operations import issuers_of_keys
from service.node import Node
from service.protocol import replay
from service.protocol.errors import InvalidClient, InvalidRequest
from service.protocol.messages import ASSERTION_TYPE, CLIENT_DOCUMENT_PATH
from service.settings import Settings
from service.trust.keys import decode_base64url
from service.trust.signatures import InvalidSignature, Purpose, VerifiedToken, thumbprint, verify

MAX_ASSERTION_LENGTH = 8192
MAX_CLIENT_ID_LENGTH = 2048


@dataclass(frozen=True, slots=True)
class Assertion:
    """A client's JWT that says the right things and is not verified yet."""

    client_id: str
    unverified_token: str


def read_assertion(form: Mapping[str, str], issuer: Issuer, settings: Settings, now: datetime) -> Assertion:
    """Return what the client authentication claims; raises InvalidClient, without any call or look-up."""
    token = form.get("client_assertion", "")
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise InvalidClient("Authenticate with private_key_jwt: client_assertion and its type are needed.")
    if "client_secret" in form:
        raise InvalidRequest("A client authenticates in one way only.")
    if len(token) > MAX_ASSERTION_LENGTH:
        raise InvalidClient("The client assertion is too long.")
    claims = _peek(token)
    client_id = claims.get("iss")
    if not isinstance(client_id, str) or len(client_id) > MAX_CLIENT_ID_LENGTH:
        raise InvalidClient("The client assertion has no issuer.")
    if claims.get("sub") != client_id:
        raise InvalidClient("The client assertion's sub is another than its iss.")
    if form.get("client_id", client_id) != client_id:
        raise InvalidClient("client_id is another than the client assertion's.")
    if client_id == issuer.client_id:
        raise InvalidClient("This is our own client: an instance does not connect to itself over the wire.")
    if claims.get("aud") != issuer.url:
        raise InvalidClient("The client assertion's aud must be this issuer, as one string.")
    expires = claims.get("exp")
    if not isinstance(expires, int) or expires < now.timestamp() - 60:
        raise InvalidClient("The client assertion has expired.")
    check_client_id(client_id, settings)
    return Assertion(client_id, token)


def verify_assertion(
    assertion: Assertion, keys: Iterable[Mapping[str, Any]], issuer: Issuer, now: datetime
) -> VerifiedToken:
    """Return the assertion, signed by one of the client's keys; raises InvalidClient."""
    try:
        proof = verify(
            assertion.unverified_token,
            Purpose.CLIENT_AUTHENTICATION,
            keys,
            issuer=assertion.client_id,
            audience=issuer.url,
            now=now,
            allow_missing_typ=True,
        )
    except InvalidSignature as fault:
        raise InvalidClient(f"The client assertion is refused: {fault.reason}.") from None
    identify(ActorKind.OTHER_SIDE, assertion.client_id)
    return proof


async def authenticate_by_document(
    node: Node, issuer: Issuer, assertion: Assertion, asking: Asking
) -> tuple[Client, VerifiedToken]:
    """Return the client and its proof, with the keys that its document shows; raises InvalidClient.

    A key that the cached document does not have may be a new one, so it is looked for once more.
    """
    client = await read_client(node, assertion.client_id, asking)
    if not client.fetched and not knows_key(client.jwks, assertion):
        client = await read_client(node, assertion.client_id, asking, from_cache=False)
    return client, verify_assertion(assertion, client.jwks, issuer, asking.now)


async def consume_assertion(session: AsyncSession, proof: VerifiedToken) -> None:
    """The assertion is used up, in the transaction of its effect; raises InvalidClient if it was before."""
    claims = proof.claims
    keep_until = datetime.fromtimestamp(claims["exp"], UTC)
    fresh = await replay.consume(
        session, Purpose.CLIENT_AUTHENTICATION, claims["iss"], claims["jti"], keep_until=keep_until
    )
    if not fresh:
        raise InvalidClient("The client assertion was used before.")


async def refuse_own_keys(
    session: AsyncSession, settings: Settings, client_id: str, jwks: Iterable[Mapping[str, Any]]
) -> None:
    """None of the client's keys is ours; raises InvalidClient.

    Somebody who publishes our key as theirs could show our own signatures as if they had made them.
    """
    owners = await issuers_of_keys(session, settings, [thumbprint(key) for key in jwks])
    if any(owner + CLIENT_DOCUMENT_PATH != client_id for owner in owners):
        raise InvalidClient("A key of the client belongs to somebody else.")


def knows_key(jwks: Iterable[Mapping[str, Any]], assertion: Assertion) -> bool:
    """True where one of the keys has the id that the assertion names."""
    header = _decode(assertion.unverified_token.partition(".")[0])
    return any(key["kid"] == header.get("kid") for key in jwks)


def _peek(unverified_token: str) -> dict[str, Any]:
    """Return the claims of a token that nobody has verified; raises InvalidClient where there are none."""
    segments = unverified_token.split(".")
    if len(segments) != 3:  # noqa: PLR2004 - header, claims, signature
        raise InvalidClient("The client assertion is no JWT.")
    _decode(segments[0])
    return _decode(segments[1])


def _decode(segment: str) -> dict[str, Any]:
    try:
        value = json.loads(decode_base64url(segment))
    except (InvalidSignature, ValueError, RecursionError):
        raise InvalidClient("The client assertion is no JWT.") from None
    if not isinstance(value, dict):
        raise InvalidClient("The client assertion is no JWT.")
    return value
