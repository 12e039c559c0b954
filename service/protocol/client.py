"""What we ask of another node: push, redeem, activate, read the status, end. Each call may be repeated.

An answer is one of three things: what was asked for; PeerRefused, which is definite; PeerUnavailable, which is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import uuid4

from pydantic import ValidationError

from service.egress.client import Answer, Egress, EgressFailure
from service.protocol.messages import (
    ASSERTION_TYPE,
    CALLBACK_PATH,
    CLIENT_DOCUMENT_PATH,
    ConnectionStatus,
    MessageBatch,
    OAuthErrorBody,
    PushedAnswer,
    SideStatus,
    TokenAnswer,
    Wire,
)
from service.trust.signatures import Purpose, SigningKey, access_token_hash, sign, stamp
from service.values.moments import clock_obstacle, seconds_ahead

ASSERTION_LIFE = timedelta(seconds=60)
OVER = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
UNKNOWN_CLIENT = "unauthorized_client"
OF_A_SIGNATURE = frozenset({"invalid_client", "invalid_dpop_proof", "invalid_token"})
Message = TypeVar("Message", bound=Wire)
About = TypeVar("About", TokenAnswer, ConnectionStatus)


class PeerRefused(Exception):
    """The other node answered and said no; the same request will not work later."""

    def __init__(self, status: int, error: str, description: str) -> None:
        self.status = status
        self.error = error
        self.description = description
        super().__init__(f"{status} {error}")

    @property
    def is_over(self) -> bool:
        """True where the other node says that there is no such connection (any more)."""
        return self.status in OVER or self.error == UNKNOWN_CLIENT


class ClocksDiffer(PeerRefused):
    """The other node takes no signature of ours, because its clock and ours differ too much."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(status, "clock_skew", sentence)


class PeerUnavailable(Exception):
    """No definite answer: nothing came, or a fault of the other node. The same request may work later."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Peer:
    """The other node's issuer and the endpoints that its metadata named when the attempt began."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    par_endpoint: str
    registration_endpoint: str

    def connection_url(self, shared_id: str) -> str:
        """Return where the other node keeps this connection."""
        return f"{self.issuer}/connections/{shared_id}"


@dataclass(frozen=True, slots=True)
class Caller:
    """We, as the other node knows us: our issuer, the key that signs now, and the ids of all that we publish.

    `registered_as` is the client id of a registration, where the other node cannot read our client document.
    """

    issuer: str
    key: SigningKey
    key_ids: frozenset[str]
    egress: Egress
    now: datetime
    registered_as: str | None = None

    @property
    def client_id(self) -> str:
        """The address of our client document, or what the other node calls us where it cannot read that."""
        return self.registered_as or self.issuer + CLIENT_DOCUMENT_PATH

    @property
    def is_former(self) -> bool:
        """True where we have moved, and this is the name of before: the other node may know the new one by now."""
        return self.client_id.endswith(CLIENT_DOCUMENT_PATH) and not self.client_id.startswith(
            self.issuer + "/"
        )

    @property
    def redirect_uri(self) -> str:
        """The address of our callback."""
        return self.issuer + CALLBACK_PATH


async def push(caller: Caller, peer: Peer, parameters: Mapping[str, str]) -> PushedAnswer:
    """The other node keeps the request and gives its `request_uri` (RFC 9126) (P4)."""
    form = {
        **parameters,
        "response_type": "code",
        "client_id": caller.client_id,
        "redirect_uri": caller.redirect_uri,
        "code_challenge_method": "S256",
        **_authentication(caller, peer),
    }
    answer = await call(caller, "POST", peer.par_endpoint, form=form)
    return read_answer(answer, PushedAnswer, HTTPStatus.CREATED)


def authorization_url(caller: Caller, peer: Peer, request_uri: str) -> str:
    """Where the browser goes; it carries the client and the pushed request, and nothing else (P5)."""
    query = urlencode({"client_id": caller.client_id, "request_uri": request_uri})
    return f"{peer.authorization_endpoint}?{query}"


async def redeem(caller: Caller, peer: Peer, shared_id: str, code: str, verifier: str) -> TokenAnswer:
    """The code becomes an access token, bound to our key, and an attestation (P7)."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": caller.redirect_uri,
        "code_verifier": verifier,
        "client_id": caller.client_id,
    }
    return _about(shared_id, await _token(caller, peer, form))


async def connection_token(caller: Caller, peer: Peer, shared_id: str) -> TokenAnswer:
    """A fresh access token for one connection (client credentials, RFC 6749 section 4.4)."""
    form = {"grant_type": "client_credentials", "shared_id": shared_id, "client_id": caller.client_id}
    return _about(shared_id, await _token(caller, peer, form))


async def activate(caller: Caller, peer: Peer, shared_id: str, access_token: str) -> ConnectionStatus:
    """The other node's connection is active; repeating it changes nothing (P9)."""
    url = peer.connection_url(shared_id) + "/activation"
    answer = await call(caller, "PUT", url, token=access_token)
    shown = _about(shared_id, read_answer(answer, ConnectionStatus, HTTPStatus.OK))
    if shown.state not in {"active", "deactivated"}:
        raise _unexpected(answer.status, f"The connection is {shown.state} there, and not active.")
    return shown


async def status(caller: Caller, peer: Peer, shared_id: str, access_token: str) -> ConnectionStatus:
    """What the other node says of the connection now (P11)."""
    answer = await call(caller, "GET", peer.connection_url(shared_id), token=access_token)
    return _about(shared_id, read_answer(answer, ConnectionStatus, HTTPStatus.OK))


async def tell(
    caller: Caller, peer: Peer, shared_id: str, access_token: str, own: SideStatus
) -> ConnectionStatus:
    """The other node knows our side's status; what it answers is its own. Repeating it changes nothing."""
    url, said = peer.connection_url(shared_id) + "/status", own.model_dump(mode="json")
    answer = await call(caller, "PUT", url, json=said, token=access_token)
    return _about(shared_id, read_answer(answer, ConnectionStatus, HTTPStatus.OK))


async def announce_issuer(caller: Caller, peer: Peer, shared_id: str, access_token: str) -> None:
    """The other node knows that we are at this issuer now; repeating it changes nothing."""
    url, body = peer.connection_url(shared_id) + "/issuer", {"issuer": caller.issuer}
    answer = await call(caller, "PUT", url, token=access_token, json=body)
    if answer.status != HTTPStatus.NO_CONTENT:
        raise _refusal(answer)


async def exchange(
    caller: Caller, peer: Peer, shared_id: str, access_token: str, said: MessageBatch
) -> MessageBatch:
    """The other node has our messages as far as its answer acknowledges them; return what it says in turn."""
    url = peer.connection_url(shared_id) + "/messages"
    answer = await call(caller, "POST", url, token=access_token, json=said.model_dump(mode="json"))
    return read_answer(answer, MessageBatch, HTTPStatus.OK)


async def end(caller: Caller, peer: Peer, shared_id: str, access_token: str) -> None:
    """The connection is over at the other node; raises PeerRefused with `is_over` where it already was (P10)."""
    answer = await call(caller, "DELETE", peer.connection_url(shared_id), token=access_token)
    if answer.status != HTTPStatus.NO_CONTENT:
        raise _refusal(answer)


async def _token(caller: Caller, peer: Peer, form: Mapping[str, str]) -> TokenAnswer:
    """Only a DPoP-bound token is taken (RFC 9449): a bearer one fails the message's type."""
    proof = _proof(caller, "POST", peer.token_endpoint)
    answer = await call(
        caller,
        "POST",
        peer.token_endpoint,
        form={**form, **_authentication(caller, peer)},
        headers={"DPoP": proof},
    )
    return read_answer(answer, TokenAnswer, HTTPStatus.OK)


async def call(
    caller: Caller,
    method: str,
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    json: Mapping[str, Any] | None = None,
    token: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Return what the other node answers, whatever it is; raises PeerUnavailable where nothing came."""
    sent = dict(headers or {})
    if token is not None:
        sent["Authorization"] = f"DPoP {token}"
        sent["DPoP"] = _proof(caller, method, url, token)
    try:
        answer = await caller.egress.request(method, url, headers=sent, form=form, json=json)
    except EgressFailure as failure:
        raise PeerUnavailable(failure.reason) from failure
    _check_clocks(caller, answer)
    return answer


def _check_clocks(caller: Caller, answer: Answer) -> None:
    """Raise ClocksDiffer where our signature was refused and the answer's time is too far from ours."""
    sentence = clock_obstacle(seconds_ahead(answer.headers, caller.now))
    if sentence is None or answer.status not in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}:
        return
    refusal = _refusal(answer)
    if isinstance(refusal, PeerRefused) and refusal.error in OF_A_SIGNATURE:
        raise ClocksDiffer(answer.status, sentence)


def read_answer(answer: Answer, kind: type[Message], expected: HTTPStatus) -> Message:
    """Return the message; whatever is not exactly what was asked for is a refusal or no answer."""
    if answer.status != expected:
        raise _refusal(answer)
    try:
        return kind.model_validate(answer.json())
    except (EgressFailure, ValidationError) as error:
        raise _unexpected(answer.status, f"The answer is not a {kind.__name__}.") from error


def _about(shared_id: str, message: About) -> About:
    """Return the message where it is about the connection that was asked for."""
    if message.shared_id != shared_id:
        raise _unexpected(HTTPStatus.OK, "The answer is about another connection.")
    return message


def _unexpected(status_code: int, description: str) -> PeerRefused:
    return PeerRefused(status_code, "unexpected_answer", description)


def _refusal(answer: Answer) -> PeerRefused | PeerUnavailable:
    """Return what the answer means: 4xx is definite, except for 408, 425 and 429; all else may pass."""
    passing = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
    if (
        not HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
        or answer.status in passing
    ):
        return PeerUnavailable(f"status {answer.status}")
    try:
        body = OAuthErrorBody.model_validate(answer.json())
    except (EgressFailure, ValidationError):
        return PeerRefused(answer.status, "unexpected_answer", "")
    return PeerRefused(answer.status, body.error, body.error_description)


def _authentication(caller: Caller, peer: Peer) -> dict[str, str]:
    """Return our client authentication (RFC 7523), with the issuer as its only audience."""
    claims: dict[str, Any] = {
        "iss": caller.client_id,
        "sub": caller.client_id,
        "aud": peer.issuer,
        **stamp(caller.now, ASSERTION_LIFE),
    }
    assertion = sign(Purpose.CLIENT_AUTHENTICATION, claims, caller.key)
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}


def _proof(caller: Caller, method: str, url: str, access_token: str | None = None) -> str:
    """Return a DPoP proof for one call (RFC 9449, section 4.2)."""
    claims: dict[str, Any] = {
        "jti": uuid4().hex,
        "htm": method,
        "htu": url,
        "iat": int(caller.now.timestamp()),
    }
    if access_token is not None:
        claims["ath"] = access_token_hash(access_token)
    return sign(Purpose.DPOP, claims, caller.key)
