"""The sign-in on the platform's own page: the person leaves with a sealed trip, and comes back with a code."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.access.models import SessionKind
from service.access.sign_in import sign_in
from service.access.trips import Trip, begin_trip, forget, recall, redeem_code, remember
from service.database.sessions import reading
from service.instances.models import Instance
from service.instances.oauth_clients import open_client
from service.instances.operations import issuer_of, platform_of
from service.instances.renewing import credential_of
from service.node import Node
from service.pages.connection_user import PATH as USER_PATH
from service.pages.connection_user import is_for_this, keep_user, require_admin
from service.pages.refusals import PageRefused
from service.pages.sign_in import NO_STORE, Goal, go_on, read_goal, show_failure, show_form
from service.pages.visitors import find_browser, find_visitor, to_sign_in
from service.platforms.interface import Credential, SignInFailure, SignInReason
from service.platforms.oauth import OAuthClient, Provider, authorize_url, provider_of, refused
from service.platforms.registry import Registry
from service.trust.sealing import SealBroken

# The person, or a rule of the platform for them, said no (RFC 6749, section 4.1.2.1; OpenID Connect Core, 3.1.2.6).
REFUSALS = frozenset({"access_denied", "consent_required", "interaction_required", "login_required"})


async def leave(
    request: Request, node: Node, platforms: Registry, instance: Instance, goal: Goal, method: str
) -> Response:
    """Send the browser to the platform's page; it comes back to this instance only, and for this goal only."""
    provider = provider_of(platform_of(platforms, instance).description, method, instance.url)
    if provider is None:
        raise PageRefused(
            HTTPStatus.NOT_FOUND,
            "There is no such way to sign in",
            "The address names a way to sign in that this platform does not have.",
            "Go back to the sign-in page, and choose one of those that it shows.",
        )
    try:
        client = client_of(node, instance, provider)
    except SignInFailure as failure:
        return await show_failure(request, node, platforms, instance, goal, failure, method)
    trip = begin_trip(method, goal.path, node.clock.now())
    return send_away(node, instance, provider, client, trip)


def send_away(
    node: Node, instance: Instance, provider: Provider, client: OAuthClient, trip: Trip
) -> Response:
    """Send the browser to the platform's page with no more than the scopes that the trip is for."""
    scopes = provider.oauth.user_scopes if trip.for_user else provider.oauth.scopes
    to = authorize_url(provider, client, scopes, state=trip.state, verifier=trip.verifier)
    response = RedirectResponse(to, HTTPStatus.SEE_OTHER, {**NO_STORE, "Referrer-Policy": "no-referrer"})
    remember(response, node.sealer, instance.id, issuer_of(node.settings, instance.slug), trip)
    return response


async def leave_for_user(request: Request, node: Node, platforms: Registry, instance: Instance) -> Response:
    """Send an admin to the platform's page for the connection's user, or to sign in for this first."""
    description = platform_of(platforms, instance).description
    offered = [
        method for method in description.sign_in if method.oauth is not None and method.oauth.user_scopes
    ]
    if not offered:
        raise PageRefused(
            HTTPStatus.NOT_FOUND,
            "The user is connected in another way",
            f"{description.label} has no page on which the user of connections could be connected.",
            "Store it with PATCH /v1/instances/{id} and credential.",
        )
    issuer = issuer_of(node.settings, instance.slug)
    async with reading(node.database) as session:
        visitor = await find_visitor(session, node, request, instance)
    if visitor is None or not is_for_this(visitor.sign_in, node.clock.now()):
        return to_sign_in(issuer, f"/i/{instance.slug}{USER_PATH}")
    await require_admin(request, node, instance)
    provider = provider_of(description, offered[0].id, instance.url)
    goal = read_goal(f"/i/{instance.slug}{USER_PATH}", instance)
    if provider is None:
        return show_form(request, platforms, instance, goal)
    try:
        client = client_of(node, instance, provider)
    except SignInFailure as failure:
        return await show_failure(request, node, platforms, instance, goal, failure, offered[0].id)
    trip = begin_trip(offered[0].id, goal.path, node.clock.now(), for_user=True)
    return send_away(node, instance, provider, client, trip)


async def come_back(
    request: Request, node: Node, platforms: Registry, instance: Instance, answer: dict[str, str]
) -> Response:
    """The person goes on signed in, or reads on our page why not; nothing is lost either way."""
    issuer = issuer_of(node.settings, instance.slug)
    trip = recall(request, node.sealer, instance.id, issuer)
    if trip is None or not trip.fits(answer.get("state", "")):
        raise PageRefused(
            HTTPStatus.BAD_REQUEST,
            "This sign-in cannot be completed",
            "It was not begun in this browser, it was completed already, or another one was begun after it.",
            "Nothing is lost: open the link that you were given again, or start again where you came from.",
        )
    goal = read_goal(trip.next_path, instance)
    try:
        response = await _complete(request, node, platforms, instance, goal, trip, answer)
    except SignInFailure as failure:
        response = await show_failure(request, node, platforms, instance, goal, failure, trip.method)
    forget(response, issuer)
    return response


async def _complete(
    request: Request,
    node: Node,
    platforms: Registry,
    instance: Instance,
    goal: Goal,
    trip: Trip,
    answer: dict[str, str],
) -> Response:
    provider = provider_of(platform_of(platforms, instance).description, trip.method, instance.url)
    if provider is None:
        return show_form(request, platforms, instance, goal)
    if trip.is_over(node.clock.now()):
        raise SignInFailure(
            SignInReason.WRONG_CREDENTIALS,
            f"The sign-in at {provider.label} took more than ten minutes. Nothing is lost: sign in again.",
        )
    if not answer.get("code"):
        raise _not_agreed(provider, answer.get("error", ""))
    client = client_of(node, instance, provider)
    if trip.for_user:
        # Before the code is redeemed: a code that nobody may use is left to expire.
        await require_admin(request, node, instance)
    grant = await redeem_code(node, instance, provider, client, trip, answer["code"])
    if trip.for_user:
        return await keep_user(
            request, node, platforms, instance, credential_of(trip.method, grant, node.clock.now())
        )
    credential = Credential(trip.method, {"access_token": grant.access_token})
    _, secret = await sign_in(
        node,
        platforms,
        instance,
        credential,
        kind=SessionKind.COOKIE,
        for_request=goal.for_request,
        browser_id=await find_browser(request, node, instance),
    )
    return go_on(node, instance, goal, secret)


def client_of(node: Node, instance: Instance, provider: Provider) -> OAuthClient:
    """Return this node as an application of the instance; a SignInFailure where it is none."""
    try:
        client = open_client(node, instance)
    except SealBroken:
        client = None
    if client is None:
        raise SignInFailure(
            SignInReason.CLIENT_REFUSED,
            f"This node is not registered as an application of this {provider.label}, or lost its secret. Whoever runs "
            "the instance can store client id and secret again. Another way to sign in may be below.",
        )
    return client


def _not_agreed(provider: Provider, error: str) -> SignInFailure:
    """Return why there is no code. What else the platform says about it is for nobody's eyes but a log's reader."""
    if error not in REFUSALS:
        return refused(provider.label, error)
    return SignInFailure(
        SignInReason.WRONG_CREDENTIALS,
        f"You did not agree at {provider.label}, or an administrator there has to approve this application first. "
        "Nothing is lost: sign in again, or choose another way.",
    )
