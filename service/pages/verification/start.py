"""The start page of a verification session, and what it shows afterwards (P3)."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.access.cookies import drop_cookie
from service.access.form_tokens import check_same_origin, form_token, is_form_token
from service.access.principals import person
from service.access.sign_in import sign_out
from service.connections.desk import Desk
from service.connections.models import Connection
from service.connections.pending import expire_if_due, is_due, lock
from service.database.rows import find
from service.database.sessions import reading, transaction
from service.egress.web_addresses import normalise
from service.events.operations import record_refusal
from service.instances.identity import require_running
from service.instances.models import Instance
from service.instances.operations import get_instance, issuer_of
from service.node import Node
from service.pages.rendering import render
from service.pages.verification.results import result_view
from service.pages.views import Again, NotAdminView, StartView, View
from service.pages.visitors import SEE_OTHER, Visitor, find_visitor, to_sign_in
from service.platforms.registry import Registry
from service.problems.tree import (
    NotFound,
    Problem,
    StepNotAllowed,
    Unauthenticated,
    VerificationCancelled,
    VerificationDenied,
    VerificationExpired,
)
from service.verification.initiator.beginning import begin_verification
from service.verification.initiator.pushing import push_request
from service.verification.renewal import begin_reconnect
from service.verification.session.models import VerificationSession
from service.verification.session.operations import start_url
from service.verification.session.states import BEFORE_CALLBACK, OPEN, VerificationState
from service.words import SCOPE_SENTENCES, Mode, Scope

FORM = "start"
AGAIN = "again"
OVER: dict[VerificationState, Problem] = {
    VerificationState.EXPIRED: VerificationExpired("Its 15 minutes are over."),
    VerificationState.DENIED: VerificationDenied("An admin of the other side denied it."),
    VerificationState.CANCELLED: VerificationCancelled("It was cancelled, or a newer one took its place."),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What the page is about, and who is in front of it."""

    connection: Connection
    attempt: VerificationSession
    instance: Instance
    visitor: Visitor | None


async def show_start(request: Request, node: Node, platforms: Registry, attempt_id: str) -> Response:
    """Show what will happen, or how it ended; opening the page starts nothing."""
    scene = await _scene(request, node, attempt_id)
    if scene.visitor is None:
        return to_sign_in(issuer_of(node.settings, scene.instance.slug), _path(attempt_id))
    if not scene.visitor.sign_in.is_admin:
        return render(request, _not_admin(node, scene, scene.visitor), status=403)
    await _require_owner(node, scene, scene.visitor)
    if scene.attempt.state in BEFORE_CALLBACK:
        require_running(node.settings, scene.instance)
        view = _start_view(node, platforms, scene, scene.visitor)
        return render(request, view, form_action_origin=normalise(scene.attempt.peer_issuer).origin)
    return render(request, _result(node, scene, scene.visitor))


async def start(
    request: Request, node: Node, platforms: Registry, attempt_id: str, given_token: str, decision: str
) -> Response:
    """The attempt starts, and the browser goes to the other side with a pushed request; repeating it is harmless.

    From the page of one that is over, the decision "again" leads to the page of a new one.
    """
    check_same_origin(request, node.settings)
    scene = await _scene(request, node, attempt_id)
    if scene.visitor is None:
        return to_sign_in(issuer_of(node.settings, scene.instance.slug), _path(attempt_id))
    visitor = scene.visitor
    if not is_form_token(node.hasher, given_token, visitor.sign_in.id, FORM, attempt_id):
        raise Unauthenticated("This form is not for this session.", fix="Open the page anew and try again.")
    if not visitor.sign_in.is_admin:
        return await _go_back(node, scene, visitor)
    await _require_owner(node, scene, visitor)
    if decision == AGAIN and scene.attempt.state not in OPEN:
        return RedirectResponse(await _begin_again(node, platforms, scene, visitor), SEE_OTHER)
    if scene.attempt.state not in BEFORE_CALLBACK:
        state = scene.attempt.state
        raise OVER.get(state) or StepNotAllowed(
            "The verification session is {state}.", state=state, allowed_steps=[], next_actions=[]
        )
    require_running(node.settings, scene.instance)
    url = await push_request(node, attempt_id, visitor.sign_in)
    return RedirectResponse(url, SEE_OTHER)


async def _begin_again(node: Node, platforms: Registry, scene: Scene, visitor: Visitor) -> str:
    """Return the page of a new attempt, which this admin may begin as they may through the API."""
    desk = Desk(node, platforms, person(visitor.sign_in))
    async with transaction(node.database) as session:
        if scene.attempt.is_renewal:
            mode = scene.attempt.mode
            new = await begin_reconnect(desk, session, scene.connection.id, None, mode)
        else:
            new = await begin_verification(desk, session, scene.connection.id, None)
        return start_url(node.settings, new.id)


async def _scene(request: Request, node: Node, attempt_id: str) -> Scene:
    """Return what there is to show; an attempt whose time is over expires here at the latest."""
    scene = await _look(request, node, attempt_id)
    if not is_due(node, scene.attempt):
        return scene
    async with transaction(node.database) as session:
        connection, attempt = await lock(session, VerificationSession, attempt_id)
        await expire_if_due(session, node, connection, attempt)
    return await _look(request, node, attempt_id)


async def _look(request: Request, node: Node, attempt_id: str) -> Scene:
    """Return what there is to show; nothing is locked, so whoever goes on looks again."""
    async with reading(node.database) as session:
        attempt = await find(session, VerificationSession, attempt_id)
        if attempt is None:
            raise NotFound("There is no {id}.", id=attempt_id)
        connection = await session.get_one(Connection, attempt.connection_id)
        instance = await get_instance(session, connection.instance_id)
        until = attempt.expires_at if attempt.state in BEFORE_CALLBACK else None
        visitor = await find_visitor(session, node, request, instance, until=until)
    return Scene(connection, attempt, instance, visitor)


async def _require_owner(node: Node, scene: Scene, visitor: Visitor) -> None:
    """Raise NotFound for an admin of the instance to whom this session does not belong."""
    owner = scene.attempt.owner_account
    if owner is not None and owner != visitor.sign_in.account_id:
        now = node.clock.now()
        await record_refusal(node.database, scene.connection.id, "start.refused", "other_admin", now)
        raise NotFound(
            "This verification session belongs to another admin of the instance; only they can go on."
        )


async def _go_back(node: Node, scene: Scene, visitor: Visitor) -> Response:
    """The person who is no admin is signed out, so that another account can sign in; nothing else changed."""
    async with transaction(node.database) as session:
        await sign_out(session, visitor.sign_in.id)
    response = RedirectResponse(_path(scene.attempt.id), SEE_OTHER)
    drop_cookie(response, visitor.issuer)
    return response


def _not_admin(node: Node, scene: Scene, visitor: Visitor) -> View:
    return NotAdminView(
        instance_name=scene.instance.name,
        person=visitor.sign_in.display_name,
        missing=visitor.sign_in.missing or "",
        asking_host=None,
        action=_path(scene.attempt.id),
        hidden={"form_token": form_token(node.hasher, visitor.sign_in.id, FORM, scene.attempt.id)},
    )


def _result(node: Node, scene: Scene, visitor: Visitor) -> View:
    path = _path(scene.attempt.id)
    again = Again(path, {"form_token": form_token(node.hasher, visitor.sign_in.id, FORM, scene.attempt.id)})
    return result_view(scene.connection, scene.attempt, scene.instance, node.clock.now(), path, again)


def _start_view(node: Node, platforms: Registry, scene: Scene, visitor: Visitor) -> View:
    facts = scene.attempt.peer["metadata"]["parley_instance"]
    return StartView(
        connection_name=scene.connection.name or "",
        local_name=scene.instance.name,
        local_url=scene.instance.url,
        local_platform=platforms.get(scene.instance.platform).description.label,
        destination_host=urlsplit(scene.attempt.peer_issuer).netloc,
        destination_url=facts["url"],
        destination_platform=facts["platform_label"],
        mode=scene.attempt.mode or scene.connection.mode or Mode.BASIC,
        is_renewal=scene.attempt.is_renewal,
        scopes=tuple(SCOPE_SENTENCES[Scope(scope)] for scope in scene.attempt.requested_scope),
        comparison_code=scene.attempt.comparison_code,
        person=visitor.sign_in.display_name,
        action=_path(scene.attempt.id),
        hidden={"form_token": form_token(node.hasher, visitor.sign_in.id, FORM, scene.attempt.id)},
        expires_at=scene.attempt.expires_at,
    )


def _path(attempt_id: str) -> str:
    return f"/v1/verification-sessions/{attempt_id}/start"
