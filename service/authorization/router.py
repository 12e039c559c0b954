"""What other nodes may ask of an issuer of ours. The browser's part is in consent_router."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from service.access.room import has_room
from service.authorization import messages, moves, records
from service.authorization.clients.documents import Asking
from service.authorization.issuers import IssuerDep
from service.authorization.moves import read_issuer
from service.authorization.registration import endpoint as registration
from service.authorization.requests import pushing as pushed_requests
from service.authorization.schemas import (
    DPOP_HEADER,
    INITIAL_TOKEN_HEADER,
    TOKEN_HEADER,
    PushForm,
    TokenForm,
    form_body,
    json_body,
    oauth_responses,
)
from service.authorization.tokens import exchange as tokens
from service.authorization.tokens.access import Caller, ProofRefused, read_caller
from service.database.sessions import reading
from service.instances.operations import platform_of
from service.limits.table import source_of
from service.node import NodeDep, NowDep
from service.platforms.registry import PlatformsDep
from service.protocol import errors
from service.protocol.errors import NO_STORE, ProtocolRoute
from service.protocol.messages import (
    ConnectionStatus,
    InvitationQuery,
    InvitationStatus,
    IssuerChange,
    MessageBatch,
    PushedAnswer,
    Registered,
    Registration,
    SideStatus,
    TokenAnswer,
)
from service.protocol.parameters import read_body, read_form
from service.protocol.replay import MOST_SEEN, SeenToken

PREFIX = "/i/{slug}"
# What each form may be refused for.
FORM_REFUSALS = (errors.InvalidRequest, errors.TooOften, errors.ServerNotReady)
RESOURCE_HEADERS = {"parameters": [TOKEN_HEADER, DPOP_HEADER]}
RESOURCE_REFUSALS = (
    errors.InvalidToken,
    ProofRefused,
    errors.UnknownConnection,
    errors.TooOften,
    errors.ServerNotReady,
)


SharedIdPath = Annotated[str, Path(description="The id under which both sides know the connection.")]


async def get_asking(request: Request, now: NowDep) -> Asking:
    """Return who makes us call a client's address."""
    return Asking(source_of(request.client.host if request.client else None), now)


async def forbid_storing(response: Response) -> None:
    """No cache keeps an answer that carries a credential or a state (RFC 6749, section 5.1)."""
    response.headers.update(NO_STORE)


async def require_room(node: NodeDep) -> None:
    """Ids of used JWTs can be kept; raises ServerNotReady where there are too many of them already."""
    if not await has_room(node, SeenToken, MOST_SEEN):
        raise errors.ServerNotReady("This node answers too many requests now.", {"Retry-After": "60"})


async def get_caller(
    issuer: IssuerDep, node: NodeDep, request: Request, shared_id: SharedIdPath, now: NowDep
) -> Caller:
    """Return who calls about this connection; the proof is for this very path, and consumed with the effect."""
    path = request.scope["route"].path.removeprefix(PREFIX).format(shared_id=shared_id)
    async with reading(node.database) as session:
        return await read_caller(session, request, issuer, path, shared_id, now)


CallerDep = Annotated[Caller, Depends(get_caller)]
AskingDep = Annotated[Asking, Depends(get_asking)]
router = APIRouter(
    prefix=PREFIX,
    tags=["Protocol"],
    dependencies=[Depends(forbid_storing), Depends(require_room)],
    route_class=ProtocolRoute,
)
OF_CONNECTION = "/connections/{shared_id}"


@router.post(
    pushed_requests.PATH,
    operation_id="pushAuthorizationRequest",
    summary="Push what an admin here shall be asked",
    status_code=HTTPStatus.CREATED,
    openapi_extra={"requestBody": form_body(PushForm)},
    responses=oauth_responses(
        *FORM_REFUSALS,
        errors.InvalidScope,
        errors.InvalidRedirectUri,
        errors.UnauthorizedClient,
        errors.InvalidDpopProof,
        errors.InvalidClient,
    ),
)
async def push_authorization_request(
    issuer: IssuerDep, node: NodeDep, platforms: PlatformsDep, request: Request, asking: AskingDep
) -> PushedAnswer:
    """Push what an admin here shall be asked (RFC 9126).

    The client is known by the document at its `client_id` and proves one of its keys. Until an admin decides,
    a new push for the same `shared_id` replaces the older one, and nothing is listed. The answer's
    `request_uri` is used within 300 seconds, in the admin's browser.
    """
    form = await read_form(request)
    modes = platform_of(platforms, issuer.instance).description.modes
    return await pushed_requests.push(node, issuer, modes, request, form, asking)


@router.post(
    tokens.PATH,
    operation_id="requestToken",
    summary="Redeem a code, or get a token for a connection",
    openapi_extra={"requestBody": form_body(TokenForm), "parameters": [DPOP_HEADER]},
    responses=oauth_responses(
        *FORM_REFUSALS,
        errors.InvalidGrant,
        errors.UnauthorizedClient,
        errors.UnsupportedGrantType,
        errors.InvalidDpopProof,
        errors.InvalidClient,
    ),
)
async def request_token(issuer: IssuerDep, node: NodeDep, request: Request, asking: AskingDep) -> TokenAnswer:
    """Redeem a code, or get a fresh token for a connection (RFC 6749, RFC 9449).

    A code is redeemed once, within 60 seconds, and brings a signed attestation that an admin of this instance
    accepted; where the answer is lost, the connection's status shows it again. Each token is for one
    connection and one DPoP key, and lives five minutes.
    """
    return await tokens.answer(node, issuer, request, await read_form(request), asking)


@router.post(
    registration.PATH,
    operation_id="registerClient",
    summary="Claim an invitation",
    status_code=HTTPStatus.CREATED,
    openapi_extra={
        "requestBody": json_body(Registration),
        "parameters": [INITIAL_TOKEN_HEADER],
    },
    responses=oauth_responses(
        *FORM_REFUSALS,
        errors.InitialTokenRefused,
        errors.InvalidClientMetadata,
        errors.InvalidSoftwareStatement,
        errors.UnapprovedSoftwareStatement,
        errors.InvitationOver,
    ),
)
async def register_client(issuer: IssuerDep, node: NodeDep, request: Request) -> Registered:
    """Claim an invitation with its secret as initial access token (RFC 7591).

    One key claims it, once; the same key may ask again and gets the same answer. Any other key is refused. The
    software statement, signed by that key, names the invitation and the `shared_id` of the connection to be.
    """
    return await registration.register(node, issuer, request, await read_body(request))


@router.post(
    "/invitations/status",
    operation_id="readInvitationStatus",
    summary="How an invitation stands, for its holder",
    openapi_extra={"requestBody": form_body(InvitationQuery)},
    responses=oauth_responses(*FORM_REFUSALS, errors.InitialTokenRefused),
)
async def read_invitation_status(
    issuer: IssuerDep, node: NodeDep, request: Request, response: Response
) -> InvitationStatus:
    """Return how an invitation stands; the secret is in the body. Ask again after `interval` seconds."""
    status = await registration.show_status(node, issuer, await read_form(request))
    response.headers["Retry-After"] = str(status.interval)
    return status


@router.post(
    "/invitations/rejection",
    operation_id="rejectClaimedInvitation",
    summary="Say no to an invitation",
    openapi_extra={"requestBody": form_body(InvitationQuery)},
    responses=oauth_responses(*FORM_REFUSALS, errors.InitialTokenRefused, errors.InvitationOver),
)
async def reject_invitation(
    issuer: IssuerDep, node: NodeDep, request: Request, response: Response
) -> InvitationStatus:
    """Say no to an invitation, with a reason for the inviter's admin. Repeating it changes nothing."""
    status = await registration.reject(node, issuer, await read_form(request))
    response.headers["Retry-After"] = str(status.interval)
    return status


@router.get(
    OF_CONNECTION,
    operation_id="readPeerConnection",
    summary="How a connection stands on this side",
    openapi_extra=RESOURCE_HEADERS,
    responses=oauth_responses(*RESOURCE_REFUSALS),
)
async def read_peer_connection(
    caller: CallerDep, issuer: IssuerDep, node: NodeDep, now: NowDep
) -> ConnectionStatus:
    """Return how a connection stands on this side; only its other side may ask."""
    return await records.read_status(node, issuer, caller, now)


@router.put(
    f"{OF_CONNECTION}/status",
    operation_id="tellPeerStatus",
    summary="Tell how a connection stands on the other side",
    openapi_extra={**RESOURCE_HEADERS, "requestBody": json_body(SideStatus)},
    responses=oauth_responses(*RESOURCE_REFUSALS, errors.InvalidRequest, errors.Gone, errors.ServerNotReady),
)
async def tell_peer_status(
    caller: CallerDep, issuer: IssuerDep, node: NodeDep, request: Request, now: NowDep
) -> ConnectionStatus:
    """Tell that this side is paused, or active again; return how the asked side stands.

    Neither side pauses the other. Of two messages the one with the later `changed_at` holds, whichever comes first.
    """
    return await records.take_status(node, issuer, caller, await read_body(request), now)


@router.post(
    f"{OF_CONNECTION}/messages",
    operation_id="exchangeMessages",
    summary="Give and get messages",
    openapi_extra={**RESOURCE_HEADERS, "requestBody": json_body(MessageBatch)},
    responses=oauth_responses(*RESOURCE_REFUSALS, errors.InvalidRequest, errors.Gone, errors.ServerNotReady),
)
async def exchange_messages(
    caller: CallerDep, issuer: IssuerDep, node: NodeDep, request: Request, now: NowDep
) -> MessageBatch:
    """Give the asked side messages and get those that it has for the caller, each acknowledged in the next exchange.

    A message that comes again is known by its `sequence`. While `room` is 0 no message is taken, and none is lost.
    """
    body = await read_body(request, most=messages.MOST_BYTES)
    return await messages.take_messages(node, issuer, caller, body, now)


@router.put(
    f"{OF_CONNECTION}/activation",
    operation_id="activatePeerConnection",
    summary="Activate a connection on both sides",
    openapi_extra=RESOURCE_HEADERS,
    responses=oauth_responses(*RESOURCE_REFUSALS, errors.InvalidRequest, errors.Gone),
)
async def activate_peer_connection(
    caller: CallerDep, issuer: IssuerDep, node: NodeDep, now: NowDep
) -> ConnectionStatus:
    """Activate a connection whose code was redeemed less than ten minutes ago.

    This is the commit of the set-up: from here on the connection is active on both sides. Repeating it gives
    the same answer; 410 says that the attempt has ended on this side, and ends it on the other.
    """
    return await records.activate(node, issuer, caller, now)


@router.put(
    f"{OF_CONNECTION}/issuer",
    operation_id="movePeerConnection",
    summary="Say that the other side has a new node URL",
    status_code=HTTPStatus.NO_CONTENT,
    openapi_extra={**RESOURCE_HEADERS, "requestBody": json_body(IssuerChange)},
    responses=oauth_responses(*RESOURCE_REFUSALS, errors.InvalidRequest),
)
async def move_peer_connection(caller: CallerDep, issuer: IssuerDep, node: NodeDep, request: Request) -> None:
    """The caller is at another issuer from now on, which has to publish the very key that says so."""
    await moves.learn_issuer(node, caller, issuer, read_issuer(await read_body(request)))


@router.delete(
    OF_CONNECTION,
    operation_id="endPeerConnection",
    summary="End a connection from its other side",
    status_code=HTTPStatus.NO_CONTENT,
    openapi_extra=RESOURCE_HEADERS,
    responses=oauth_responses(*RESOURCE_REFUSALS),
)
async def end_peer_connection(caller: CallerDep, issuer: IssuerDep, node: NodeDep, now: NowDep) -> None:
    """End a connection, or an attempt, from its other side. Repeating it changes nothing."""
    await records.close(node, issuer, caller, now)
