"""What a refusal looks like at the protocol endpoints: RFC 6749, section 5.2, and RFC 9449 for DPoP."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ClassVar

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from service.database.trouble import trouble_of

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class OAuthError(Exception):
    """A refusal of a protocol endpoint: `error` is the registered code, the description is for people."""

    error: ClassVar[str] = "invalid_request"
    status: ClassVar[int] = 400
    keeps_changes: ClassVar[bool] = False

    def __init__(self, description: str, headers: Mapping[str, str] | None = None) -> None:
        self.description = description
        self.headers = dict(headers or {})
        super().__init__(description)


class InvalidRequest(OAuthError):
    """A parameter is missing, repeated or malformed."""


class InvalidClient(OAuthError):
    """The client could not be authenticated."""

    error, status = "invalid_client", 401


class InvalidGrant(OAuthError):
    """The code is unknown, used, expired, or belongs to another client, redirect or verifier."""

    error = "invalid_grant"


class UnauthorizedClient(OAuthError):
    """The client is known but has no connection here that allows this."""

    error = "unauthorized_client"


class UnsupportedGrantType(OAuthError):
    """The grant is neither `authorization_code` nor `client_credentials`."""

    error = "unsupported_grant_type"


class InvalidScope(OAuthError):
    """The scope has a word that this node does not know."""

    error = "invalid_scope"


class InvalidRedirectUri(OAuthError):
    """The redirect is not one of the client's own."""

    error = "invalid_redirect_uri"


class InvalidDpopProof(OAuthError):
    """The DPoP proof does not fit this request (RFC 9449, section 5)."""

    error = "invalid_dpop_proof"


class InvalidToken(OAuthError):
    """The access token is missing, expired, or not bound to this key (RFC 6750, RFC 9449)."""

    error, status = "invalid_token", 401


class InitialTokenRefused(OAuthError):
    """The initial access token is not the secret of an invitation that this key may claim (RFC 7591)."""

    error, status = "invalid_token", 401


class InvalidClientMetadata(OAuthError):
    """What the client says of itself is not valid, or not true (RFC 7591, section 3.2.2)."""

    error = "invalid_client_metadata"


class InvalidSoftwareStatement(OAuthError):
    """The statement is not signed by the client's key for this invitation (RFC 7591, section 3.2.2)."""

    error = "invalid_software_statement"


class UnapprovedSoftwareStatement(OAuthError):
    """The invitation is for another partner (RFC 7591, section 3.2.2)."""

    error = "unapproved_software_statement"


class InvitationOver(OAuthError):
    """The invitation cannot be used any more; the description is its state."""

    error, status = "invitation_unusable", 410


class Gone(OAuthError):
    """The connection or its attempt is over; asking again gives the same answer."""

    error, status = "connection_over", 410


class UnknownConnection(OAuthError):
    """No connection with this shared id exists between the caller and this instance."""

    error, status = "unknown_connection", 404


class ServerNotReady(OAuthError):
    """What was needed to decide could not be read now; the same request may work later."""

    error, status = "temporarily_unavailable", 503


class TooOften(OAuthError):
    """This was done too often; the same request works again after the time in Retry-After."""

    error, status = "temporarily_unavailable", 429


class ProtocolRoute(APIRoute):
    """An endpoint for other nodes: they hear in their own words, too, that the database is in trouble."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler that answers with OAuth errors."""
        handler = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except SQLAlchemyError as error:
                if trouble := trouble_of(error):
                    raise ServerNotReady(trouble.sentence) from error
                raise

        return answer


def install(app: FastAPI) -> None:
    """Make every OAuthError an answer of its RFC."""

    async def on_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, OAuthError)  # noqa: S101 - tells the type checker what was registered
        request.scope["refusal"] = {"code": error.error, "description": error.description}
        return respond(error)

    app.add_exception_handler(OAuthError, on_error)


def respond(error: OAuthError) -> Response:
    """Return the refusal as RFC 6749, section 5.2, has it."""
    headers = {**NO_STORE, **error.headers}
    if isinstance(error, InvalidToken | InvalidDpopProof):
        headers["WWW-Authenticate"] = f'DPoP error="{error.error}", algs="ES256"'
    elif error.status == InvalidClient.status:
        headers["WWW-Authenticate"] = f'Bearer error="{error.error}"'
    elif error.status == ServerNotReady.status:
        headers.setdefault("Retry-After", "5")
    body = {"error": error.error, "error_description": error.description}
    return JSONResponse(body, error.status, headers)
