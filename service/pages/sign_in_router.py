"""Where people's browsers sign in; the pages before and after it are reached at their own nouns."""

from typing import Any

from fastapi import APIRouter, Request, Response

from service.access.form_tokens import check_same_origin
from service.authorization.issuers import SlugPath
from service.database.sessions import reading
from service.instances.oauth_clients import RETURN_PATH
from service.instances.operations import get_by_slug
from service.node import NodeDep
from service.pages.connection_user import PATH as USER_PATH
from service.pages.elsewhere import come_back, leave, leave_for_user
from service.pages.refusals import PAGE, PageRoute
from service.pages.sign_in import PATH, read_goal, show_form, take_form
from service.platforms.registry import PlatformsDep
from service.protocol.parameters import FORM_TYPE, read_form, read_query

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"description": "A page: the address leads nowhere.", "content": PAGE},
    401: {"description": "A page: the form was sent by another site.", "content": PAGE},
    404: {"description": "A page: there is no such instance.", "content": PAGE},
    429: {
        "description": "A page: too many tries; it says from when on the next is possible.",
        "content": PAGE,
    },
}
NEXT = {
    "name": "next",
    "in": "query",
    "required": True,
    "description": "Where it goes on: a decision page, or the start page of a verification session.",
    "schema": {"type": "string", "pattern": "^/"},
}
ANSWER = [
    {"name": name, "in": "query", "required": False, "description": description, "schema": {"type": "string"}}
    for name, description in (
        ("state", "The state that this browser left with."),
        ("code", "What the access token is redeemed with."),
        ("error", "Why there is no code."),
    )
]
FORM = {
    "type": "object",
    "required": ["next", "method"],
    "properties": {"next": {"type": "string"}, "method": {"type": "string"}},
    "additionalProperties": {"type": "string"},
    "description": "`method` and its fields, as `GET /v1/platforms` lists them.",
}

router = APIRouter(prefix="/i/{slug}", tags=["Protocol"], route_class=PageRoute)


@router.get(
    PATH,
    operation_id="showSignIn",
    summary="The sign-in page of an instance",
    response_class=Response,
    openapi_extra={"parameters": [NEXT]},
    responses={200: {"description": "The page.", "content": PAGE}, **REFUSALS},
)
async def show_sign_in(slug: SlugPath, request: Request, node: NodeDep, platforms: PlatformsDep) -> Response:
    """A person's browser comes here from a decision or a start page, and goes back to it signed in."""
    async with reading(node.database) as session:
        instance = await get_by_slug(session, slug)
    goal = read_goal(read_query(request).get("next"), instance)
    return show_form(request, platforms, instance, goal)


@router.post(
    PATH,
    operation_id="signIn",
    summary="Sign in with an account of the instance",
    status_code=303,
    response_class=Response,
    openapi_extra={"requestBody": {"required": True, "content": {FORM_TYPE: {"schema": FORM}}}},
    responses={
        303: {"description": "Signed in: on to `next`, with a cookie for this instance."},
        403: {
            "description": "The page again: the platform does not know these credentials.",
            "content": PAGE,
        },
        422: {"description": "The page again: a field is missing.", "content": PAGE},
        424: {"description": "The page again: the platform did not answer as it should.", "content": PAGE},
        **REFUSALS,
    },
)
async def take_sign_in(slug: SlugPath, request: Request, node: NodeDep, platforms: PlatformsDep) -> Response:
    """The platform is asked right now about this account, and whether it is an admin there."""
    check_same_origin(request, node.settings)
    form = await read_form(request)
    async with reading(node.database) as session:
        instance = await get_by_slug(session, slug)
    goal = read_goal(form.get("next"), instance)
    return await take_form(request, node, platforms, instance, goal, form)


@router.get(
    PATH + "/away/{method}",
    operation_id="leaveForPlatform",
    summary="Go to the platform's own sign-in page",
    status_code=303,
    response_class=Response,
    openapi_extra={"parameters": [NEXT]},
    responses={
        303: {"description": "To the platform, where the person signs in and agrees to the scopes."},
        424: {"description": "A page: this node is not registered with the platform.", "content": PAGE},
        **REFUSALS,
    },
)
async def leave_for_platform(
    slug: SlugPath, method: str, request: Request, node: NodeDep, platforms: PlatformsDep
) -> Response:
    """What the sign-in is for goes along sealed in a cookie of this browser, and nothing of it to the platform."""
    async with reading(node.database) as session:
        instance = await get_by_slug(session, slug)
    goal = read_goal(read_query(request).get("next"), instance)
    return await leave(request, node, platforms, instance, goal, method)


@router.get(
    RETURN_PATH,
    operation_id="returnFromPlatform",
    summary="Come back from the platform's own sign-in page",
    status_code=303,
    response_class=Response,
    openapi_extra={"parameters": ANSWER},
    responses={
        303: {"description": "Signed in: on to what the sign-in was for, with a cookie for this instance."},
        403: {"description": "The sign-in page again: refused, cancelled or too late.", "content": PAGE},
        424: {
            "description": "The sign-in page again: the platform did not answer as it should.",
            "content": PAGE,
        },
        **REFUSALS,
    },
)
async def return_from_platform(
    slug: SlugPath, request: Request, node: NodeDep, platforms: PlatformsDep
) -> Response:
    """The state has to be the one in this browser's cookie; the code is redeemed once, and the account is asked for."""
    async with reading(node.database) as session:
        instance = await get_by_slug(session, slug)
    return await come_back(request, node, platforms, instance, read_query(request))


@router.get(
    USER_PATH,
    operation_id="connectUser",
    summary="Connect the user of connections on the platform's own page",
    status_code=303,
    response_class=Response,
    responses={
        303: {
            "description": "To the sign-in page, and then to the platform, where an account agrees to the scopes."
        },
        403: {"description": "A page: this needs an admin of the instance.", "content": PAGE},
        424: {"description": "A page: this node is not registered with the platform.", "content": PAGE},
        **REFUSALS,
    },
)
async def connect_user(slug: SlugPath, request: Request, node: NodeDep, platforms: PlatformsDep) -> Response:
    """An admin signs in for it; the account that then agrees on the platform's page is kept, sealed and renewed."""
    async with reading(node.database) as session:
        instance = await get_by_slug(session, slug)
    return await leave_for_user(request, node, platforms, instance)
