"""Where callers say who they are, and what others may do for them."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from service.access.models import SessionKind, SignInSession
from service.access.operations import NewToken, delegate_token, list_tokens, revoke_token
from service.access.principals import Principal, PrincipalDep, requires
from service.access.schemas import (
    AccessTokenCreate,
    AccessTokenCreated,
    AccessTokenList,
    MeOut,
    SessionCreate,
    SessionCreated,
    SessionOut,
    describe_principal,
    describe_session,
    describe_token,
)
from service.access.sign_in import as_problem, sign_in, sign_out
from service.database.pagination import PageDep, link_next
from service.database.sessions import SessionDep, reading
from service.instances.credentials import read_credential
from service.instances.operations import find_instance, platform_of
from service.node import NodeDep, NowDep
from service.openapi.document import problem_responses
from service.platforms.interface import SignInFailure
from service.platforms.registry import PlatformsDep
from service.problems import tree as problems
from service.problems.tree import not_valid
from service.retries.routes import RetryableRoute

router = APIRouter(tags=["Access"], route_class=RetryableRoute)
TokenAdmin = Annotated[Principal, Depends(requires("tokens:write"))]
WHO = (problems.Unauthenticated, problems.MissingScope)
BODY = (problems.MalformedJson, problems.ValidationFailed)


@router.post(
    "/v1/sessions",
    operation_id="createSession",
    summary="Sign in as an admin of an instance",
    status_code=201,
    responses=problem_responses(
        *BODY,
        problems.Unauthenticated,
        problems.NotAnAdmin,
        problems.NotFound,
        problems.OptionNotAvailable,
        problems.PlatformUnreachable,
        problems.RateLimited,
    ),
)
async def create_session(
    body: SessionCreate, node: NodeDep, platforms: PlatformsDep, response: Response
) -> SessionCreated:
    """The platform is asked right now whether this account is one of its admins; nothing typed is kept.

    The session lasts 30 minutes and has full rights on exactly this instance. No token is needed.
    """
    async with reading(node.database) as session:
        instance = await find_instance(session, node.settings, body.instance)
    platform = platform_of(platforms, instance)
    credential = read_credential(platform.description, body.method, body.plain_values())
    try:
        stored, token = await sign_in(node, platforms, instance, credential, kind=SessionKind.BEARER)
    except SignInFailure as failure:
        raise as_problem(failure, instance) from None
    response.headers["Location"] = "/v1/sessions/current"
    return SessionCreated(**describe_session(stored).model_dump(), token=token)


@router.get(
    "/v1/sessions/current",
    operation_id="getCurrentSession",
    summary="Show my session",
    responses=problem_responses(problems.Unauthenticated, problems.NotFound),
)
async def show_session(caller: PrincipalDep, session: SessionDep) -> SessionOut:
    """The session that this request was made with. A service token has none."""
    return describe_session(await _own_session(caller, session))


@router.delete(
    "/v1/sessions/current",
    operation_id="deleteCurrentSession",
    summary="Sign out",
    status_code=204,
    responses=problem_responses(problems.Unauthenticated, problems.NotFound),
)
async def delete_session(caller: PrincipalDep, session: SessionDep) -> None:
    """The session is over."""
    await sign_out(session, (await _own_session(caller, session)).id)


@router.get(
    "/v1/me",
    operation_id="getMe",
    summary="Who am I, and what may I do?",
    responses=problem_responses(problems.Unauthenticated),
)
async def show_me(caller: PrincipalDep) -> MeOut:
    """The token or session that this request was made with."""
    return describe_principal(caller)


@router.get(
    "/v1/access-tokens",
    operation_id="listAccessTokens",
    summary="List service tokens",
    responses=problem_responses(*WHO, problems.InvalidPageToken, problems.ValidationFailed),
)
async def list_(
    caller: TokenAdmin, session: SessionDep, asked: PageDep, request: Request, response: Response
) -> AccessTokenList:
    """The tokens that may do no more than the caller may, the oldest first. Needs `tokens:write`."""
    page = await list_tokens(session, caller, asked)
    link_next(request, response, page.next_page_token)
    items = [describe_token(token) for token in page.rows]
    return AccessTokenList(items=items, next_page_token=page.next_page_token)


@router.post(
    "/v1/access-tokens",
    operation_id="createAccessToken",
    summary="Make a service token",
    status_code=201,
    responses=problem_responses(*WHO, *BODY, problems.NotFound),
)
async def create(
    body: AccessTokenCreate, caller: TokenAdmin, session: SessionDep, node: NodeDep, now: NowDep
) -> AccessTokenCreated:
    """A token with at most the caller's scopes, instances and life. Needs `tokens:write`.

    One that a person made, or a token of theirs, stops working when a sign-in finds that they are no admin any more.
    The answer holds its secret, once; only a hash of it is stored.
    """
    if body.all_instances == bool(body.instances):
        raise not_valid(
            "/instances", "instances", "Name at least one instance, or set all_instances to true."
        )
    instance_ids = None if body.all_instances else frozenset(body.instances)
    new = NewToken(body.name, frozenset(body.scopes), instance_ids, body.expires_at)
    token, secret = await delegate_token(session, node.hasher, caller, new, now)
    return AccessTokenCreated(**describe_token(token).model_dump(), token=secret)


@router.delete(
    "/v1/access-tokens/{token_id}",
    operation_id="deleteAccessToken",
    summary="Revoke a service token",
    status_code=204,
    responses=problem_responses(*WHO, problems.NotFound),
)
async def delete(token_id: str, caller: TokenAdmin, session: SessionDep, now: NowDep) -> None:
    """The token stops working at once, a caller's own too, but none with more rights. Needs `tokens:write`."""
    await revoke_token(session, caller, token_id, now)


async def _own_session(caller: Principal, session: SessionDep) -> SignInSession:
    found = await session.get(SignInSession, caller.id) if caller.kind == "person" else None
    if found is None:
        raise problems.NotFound("This request was not made with a session.")
    return found
