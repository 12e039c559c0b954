"""Access tokens for one connection, bound to a key that the caller proves each time (RFC 9068, 9449)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from fastapi import Request
from sqlmodel.ext.asyncio.session import AsyncSession

from service.authorization.clients.authentication import consume_assertion
from service.authorization.issuers import Issuer
from service.http.acting import ActorKind, identify
from service.instance_keys.operations import public_keys
from service.protocol import replay
from service.protocol.errors import InvalidDpopProof, InvalidToken
from service.protocol.messages import TokenAnswer
from service.trust.signatures import (
    LIFETIMES,
    InvalidSignature,
    Purpose,
    SigningKey,
    VerifiedToken,
    sign,
    stamp,
    verify,
    verify_dpop,
)

LIFE = timedelta(seconds=LIFETIMES[Purpose.ACCESS_TOKEN])
PROOF_LIFE = timedelta(seconds=2 * LIFETIMES[Purpose.DPOP])
NO_SCOPE = "connection"


class ProofRefused(InvalidDpopProof):
    """The proof at a protected resource does not fit: 401, as RFC 9449 section 7.1 has it."""

    status = HTTPStatus.UNAUTHORIZED


@dataclass(frozen=True, slots=True)
class Proof:
    """A DPoP proof that fits its request and is not consumed yet; `refusal` is how this endpoint says no."""

    jwt: VerifiedToken
    refusal: type[InvalidDpopProof]

    @property
    def thumbprint(self) -> str:
        """The key that the caller holds."""
        return self.jwt.key_thumbprint


@dataclass(frozen=True, slots=True)
class Caller:
    """The client that holds a valid token for this connection, and the proof that is to be consumed."""

    client_id: str
    client_key: str
    shared_id: str
    proof: Proof


@dataclass(frozen=True, slots=True)
class Proved:
    """Who a client has proved to be, and the key that it wants its token bound to."""

    authentication: VerifiedToken
    proof: Proof

    async def consume(self, session: AsyncSession) -> None:
        """Both proofs are used up, in the transaction of their effect; raises the refusal of one that was before."""
        await consume_assertion(session, self.authentication)
        await consume_proof(session, self.proof)


def read_proof(
    request: Request,
    url: str,
    now: datetime,
    *,
    access_token: str | None = None,
    bound_to: str | None = None,
    refusal: type[InvalidDpopProof] = InvalidDpopProof,
) -> Proof:
    """Return the one DPoP proof of a request to this URL; raises `refusal`."""
    proofs = request.headers.getlist("dpop")
    if len(proofs) != 1:
        raise refusal("Send exactly one DPoP header.")
    try:
        jwt = verify_dpop(
            proofs[0],
            method=request.method,
            url=url,
            now=now,
            access_token=access_token,
            expected_thumbprint=bound_to,
        )
    except InvalidSignature as fault:
        raise refusal(f"The DPoP proof is refused: {fault.reason}.") from None
    return Proof(jwt, refusal)


async def consume_proof(session: AsyncSession, proof: Proof) -> None:
    """The proof is used up, in the transaction of its effect; raises its refusal where it already was."""
    claims = proof.jwt.claims
    keep_until = datetime.fromtimestamp(claims["iat"], UTC) + PROOF_LIFE
    if not await replay.consume(
        session, Purpose.DPOP, proof.thumbprint, claims["jti"], keep_until=keep_until
    ):
        raise proof.refusal("The DPoP proof was used before.")


async def read_caller(
    session: AsyncSession, request: Request, issuer: Issuer, path: str, shared_id: str, now: datetime
) -> Caller:
    """Return who calls with a token for this very connection; raises InvalidToken, ProofRefused."""
    token = read_authorization(request, "dpop")  # a bearer token is not bound to any key
    if token is None:
        raise InvalidToken("Send one Authorization: DPoP header with the access token.")
    keys = await public_keys(session, issuer.instance.id)
    try:
        access = verify(token, Purpose.ACCESS_TOKEN, keys, issuer=issuer.url, audience=issuer.url, now=now)
    except InvalidSignature as fault:
        raise InvalidToken(f"The access token is refused: {fault.reason}.") from None
    if access.claims["shared_id"] != shared_id:
        raise InvalidToken("The access token is for another connection.")
    key = access.claims["cnf"]["jkt"]
    proof = read_proof(
        request, issuer.url + path, now, access_token=token, bound_to=key, refusal=ProofRefused
    )
    identify(ActorKind.OTHER_SIDE, access.claims["sub"])
    return Caller(access.claims["sub"], access.claims["client_key"], shared_id, proof)


def issue(
    key: SigningKey,
    issuer: Issuer,
    proved: Proved,
    shared_id: str,
    scope: list[str],
    now: datetime,
) -> TokenAnswer:
    """Return a fresh access token for one client, connection and key.

    It names the key with which the client authenticated: with that one's revocation the token ends, too.
    """
    client_id = proved.authentication.claims["iss"]
    words = " ".join(scope) or NO_SCOPE
    claims = {
        "iss": issuer.url,
        "aud": issuer.url,
        "sub": client_id,
        "client_id": client_id,
        "client_key": proved.authentication.key_thumbprint,
        "scope": words,
        "shared_id": shared_id,
        "cnf": {"jkt": proved.proof.thumbprint},
        **stamp(now, LIFE),
    }
    return TokenAnswer(
        access_token=sign(Purpose.ACCESS_TOKEN, claims, key),
        token_type="DPoP",  # noqa: S106 - a scheme
        expires_in=int(LIFE.total_seconds()),
        scope=words,
        shared_id=shared_id,
    )


def read_authorization(request: Request, scheme: str) -> str | None:
    """Return the token of the one Authorization header, None for another scheme and for two of them."""
    given = request.headers.getlist("authorization")
    named, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return token if named.lower() == scheme and token else None
