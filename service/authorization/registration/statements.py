"""What a claiming node sends: a registration, its secret, and a statement signed by the key that it registers."""

import json
from datetime import datetime

from starlette.requests import Request

from service.authorization.issuers import Issuer
from service.authorization.tokens.access import read_authorization
from service.http.acting import ActorKind, identify
from service.protocol.errors import InitialTokenRefused, InvalidClientMetadata, InvalidSoftwareStatement
from service.protocol.messages import Registration
from service.trust.signatures import (
    InvalidSignature,
    Purpose,
    VerifiedToken,
    check_public_jwk,
    thumbprint,
    unverified_claims,
    verify,
)

GRANT = "client_credentials"


def read_registration(body: bytes) -> Registration:
    """Return the registration; raises InvalidClientMetadata for one that is not of one ES256 key."""
    try:
        value = json.loads(body)
        registration = Registration.model_validate(value)
        keys = [check_public_jwk(key) for key in value["jwks"]["keys"]]
    except (ValueError, RecursionError, InvalidSignature):
        raise InvalidClientMetadata("The registration is not complete, or not valid.") from None
    if len(keys) != 1 or GRANT not in registration.grant_types:
        raise InvalidClientMetadata("Register one ES256 key, for the grant client_credentials.")
    return registration


def read_initial_token(request: Request) -> str:
    """Return the invitation's secret from the one Authorization header; raises InitialTokenRefused."""
    token = read_authorization(request, "bearer")
    if token is None:
        raise InitialTokenRefused("Send the invitation's secret as Authorization: Bearer.")
    return token


def reference_of(statement: str) -> str:
    """Return which invitation the statement is about; it counts only with the secret of that one."""
    try:
        reference = unverified_claims(statement).get("invitation")
    except InvalidSignature:
        reference = None
    if not isinstance(reference, str) or not reference.isprintable():
        raise InvalidSoftwareStatement("The software statement is no JWT about an invitation.")
    return reference


def verify_statement(registration: Registration, issuer: Issuer, now: datetime) -> VerifiedToken:
    """Return the statement, signed by the key that is registered, for this issuer; raises InvalidSoftwareStatement."""
    try:
        proof = verify(
            registration.software_statement,
            Purpose.NODE_STATEMENT,
            [key_of(registration)],
            issuer=registration.client_uri,
            audience=issuer.url,
            now=now,
            own_issuer=issuer.url,
        )
    except InvalidSignature as fault:
        raise InvalidSoftwareStatement(f"The software statement is refused: {fault.reason}.") from None
    identify(ActorKind.OTHER_SIDE, registration.client_uri)
    return proof


def key_of(registration: Registration) -> dict[str, str]:
    """Return the one key, named by its thumbprint."""
    key = registration.jwks.keys[0].model_dump(include={"kty", "crv", "x", "y"})
    return {**key, "kid": thumbprint(key)}
