"""The one sign-in page of an instance, for both sides of a handshake: the live check of an account."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.access.cookies import set_cookie
from service.access.models import SessionKind
from service.access.sign_in import REASONS_OF_THE_PERSON, sign_in
from service.database.rows import find
from service.database.sessions import reading
from service.http.acting import concerns
from service.instances.credentials import read_credential
from service.instances.models import Instance
from service.instances.operations import issuer_of, platform_of
from service.node import Node
from service.pages.refusals import PageRefused
from service.pages.rendering import render
from service.pages.views import SignInView
from service.pages.visitors import find_browser
from service.platforms.description import PlatformDescription, SignInMethod
from service.platforms.interface import SignInFailure
from service.platforms.registry import Registry
from service.problems.tree import ValidationFailed
from service.verification.session.models import VerificationSession

PATH = "/sign-in"
NO_STORE = {"Cache-Control": "no-store"}
_ID = r"[A-Za-z0-9_-]{1,60}"


@dataclass(frozen=True, slots=True)
class Way:
    """One place of this node that a person may go on to after the sign-in, and why they sign in for it."""

    pattern: re.Pattern[str]
    why: str


# A closed list: whatever else `next` says, nobody is sent there.
WAYS = (
    Way(
        re.compile(rf"/i/(?P<slug>[a-z0-9-]{{1,63}})/oauth/authorize/(?P<request>{_ID})"),
        "Another instance asks to be connected with this one. Sign in for this decision, also if you are "
        "signed in already: only an admin of this instance can accept.",
    ),
    Way(
        re.compile(rf"/v1/verification-sessions/(?P<attempt>{_ID})/start"),
        "You are about to verify your admin access on another instance. Sign in as an admin here first.",
    ),
    Way(
        re.compile(r"/i/(?P<slug>[a-z0-9-]{1,63})/(?P<request>connection-user)"),
        "Sign in as an admin of this instance first, also if you are signed in already. Then the platform asks again: "
        "the account with which you agree there becomes the user that connections read and write with.",
    ),
    Way(
        re.compile(rf"/i/(?P<slug>[a-z0-9-]{{1,63}})/invite(/{_ID})?"),
        "Another instance invites this one to a connection. Sign in for this decision, also if you are signed in "
        "already: only an admin of this instance can accept.",
    ),
)


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a person goes on to, and what the sign-in is for: a decision, or a verification session."""

    path: str
    why: str
    for_request: str | None
    for_attempt: str | None


def read_goal(unverified_next: str | None, instance: Instance) -> Goal:
    """Return where the sign-in leads; raises PageRefused for any place that is not on the list."""
    for way in WAYS:
        match = way.pattern.fullmatch(unverified_next or "")
        if match is None:
            continue
        names = match.groupdict()
        if names.get("slug", instance.slug) == instance.slug:
            return Goal(match[0], way.why, names.get("request"), names.get("attempt"))
    raise PageRefused(
        HTTPStatus.BAD_REQUEST,
        "This sign-in leads nowhere",
        "The address does not say what the sign-in is for.",
        "Open the link that you were given, or start again where you came from.",
    )


def offered_methods(description: PlatformDescription, instance: Instance) -> tuple[SignInMethod, ...]:
    """Return the ways to sign in here: the platform's own page only where this node is registered with it."""
    registered = instance.oauth_client_id is not None
    methods = tuple(method for method in description.sign_in if method.oauth is None or registered)
    if methods:
        return methods
    raise PageRefused(
        HTTPStatus.FAILED_DEPENDENCY,
        "Nobody can sign in yet",
        f"This node is not registered as an application of this {description.label}.",
        "Whoever runs the instance registers it there, and stores client id and secret with PATCH /v1/instances/{id}.",
    )


def show_form(
    request: Request,
    platforms: Registry,
    instance: Instance,
    goal: Goal,
    *,
    method: str | None = None,
    error: str | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    """Return the page with the platform's own ways to sign in; nothing that was typed is shown again."""
    description = platform_of(platforms, instance).description
    methods = offered_methods(description, instance)
    view = SignInView(
        instance_name=instance.name,
        instance_url=instance.url,
        platform_label=description.label,
        methods=methods,
        chosen_method=next((offered.id for offered in methods if offered.id == method), methods[0].id),
        action=f"/i/{instance.slug}{PATH}",
        hidden={"next": goal.path},
        why=goal.why,
        error=error,
        is_error_of_input=status != HTTPStatus.FAILED_DEPENDENCY,
    )
    return render(request, view, status=status)


async def take_form(
    request: Request,
    node: Node,
    platforms: Registry,
    instance: Instance,
    goal: Goal,
    form: Mapping[str, str],
) -> Response:
    """The platform was asked about the account: the person goes on with a session, or tries again."""
    method = form.get("method", "")
    values = {name: value for name, value in form.items() if name not in {"method", "next"}}
    try:
        credential = read_credential(platform_of(platforms, instance).description, method, values)
        _, secret = await sign_in(
            node,
            platforms,
            instance,
            credential,
            kind=SessionKind.COOKIE,
            for_request=goal.for_request,
            browser_id=await find_browser(request, node, instance),
        )
    except ValidationFailed as fault:
        error, status = fault.detail, HTTPStatus.UNPROCESSABLE_ENTITY
    except SignInFailure as failure:
        return await show_failure(request, node, platforms, instance, goal, failure, method)
    else:
        return go_on(node, instance, goal, secret)
    return show_form(request, platforms, instance, goal, method=method, error=error, status=status)


async def show_failure(
    request: Request,
    node: Node,
    platforms: Registry,
    instance: Instance,
    goal: Goal,
    failure: SignInFailure,
    method: str,
) -> Response:
    """Return the page again, with why nobody is signed in and every other way to try."""
    by_person = failure.reason in REASONS_OF_THE_PERSON
    request.scope["refusal"] = {"code": failure.reason}
    concerns(await _connection_of(node, goal))
    status = HTTPStatus.FORBIDDEN if by_person else HTTPStatus.FAILED_DEPENDENCY
    response = show_form(
        request, platforms, instance, goal, method=method, error=failure.detail, status=status
    )
    if failure.retry_after is not None:
        response.headers["Retry-After"] = str(failure.retry_after)
    return response


def go_on(node: Node, instance: Instance, goal: Goal, secret: str) -> Response:
    """Send the browser on to what the sign-in was for, with a session."""
    response = RedirectResponse(goal.path, HTTPStatus.SEE_OTHER, NO_STORE)
    set_cookie(response, issuer_of(node.settings, instance.slug), secret)
    return response


async def _connection_of(node: Node, goal: Goal) -> str | None:
    """Return the connection whose verification the sign-in was for."""
    async with reading(node.database) as session:
        found = await find(session, VerificationSession, goal.for_attempt) if goal.for_attempt else None
    return found.connection_id if found else None
