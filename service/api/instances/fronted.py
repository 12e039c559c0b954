"""Where instances are reached: added with a token for all of them, administered with one for each."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from service.access.operations import forget_instance, issue_token
from service.access.principals import Principal, requires
from service.access.scopes import INSTANCE_SCOPES
from service.api.etags import UNCHANGED, IfMatchTagDep, IfNoneMatch, require_match, tagged, unless_known
from service.connections.models import Connection
from service.connections.states import ESTABLISHED, ConnectionState
from service.database.pagination import PageDep, link_next
from service.database.rows import get_for_update
from service.database.sessions import SessionDep, reading, transaction
from service.instances.checks import check_instance
from service.instances.credentials import read_credential, seal_credential
from service.instances.identity import remember_version
from service.instances.models import Instance
from service.instances.oauth_clients import require_oauth, seal_client
from service.instances.operations import (
    NewInstance,
    change_instance,
    create_instance,
    find_platform,
    get_instance,
    list_instances,
    platform_of,
)
from service.instances.schemas import (
    CheckOut,
    CredentialIn,
    InstanceCheckOut,
    InstanceCreate,
    InstanceCreated,
    InstanceList,
    InstanceOut,
    InstancePatch,
    OAuthClientIn,
    RightOut,
    describe_instance,
)
from service.lifecycle.ending import unheard_endings
from service.node import Node, NodeDep, NowDep
from service.openapi.document import problem_responses
from service.platforms.interface import Credential, Platform
from service.platforms.registry import PlatformsDep
from service.problems import tree as problems
from service.retries.routes import RetryableRoute

router = APIRouter(tags=["Instances"], route_class=RetryableRoute)
Reader = Annotated[Principal, Depends(requires("instances:read"))]
Writer = Annotated[Principal, Depends(requires("instances:write"))]
WHO = (problems.Unauthenticated, problems.MissingScope)
BODY = (problems.MalformedJson, problems.ValidationFailed)


@router.get(
    "/v1/instances",
    operation_id="listInstances",
    summary="List instances",
    responses=problem_responses(*WHO, problems.InvalidPageToken, problems.ValidationFailed),
)
async def list_(
    caller: Reader, session: SessionDep, node: NodeDep, asked: PageDep, request: Request, response: Response
) -> InstanceList:
    """The instances that the caller may see, the oldest first. Needs `instances:read`."""
    page = await list_instances(session, caller.instance_ids, asked)
    link_next(request, response, page.next_page_token)
    items = [describe_instance(instance, node.settings) for instance in page.rows]
    return InstanceList(items=items, next_page_token=page.next_page_token)


@router.post(
    "/v1/instances",
    operation_id="createInstance",
    summary="Add an instance",
    status_code=201,
    responses=problem_responses(*WHO, *BODY, problems.UrlNotAllowed, problems.NameTaken),
)
async def create(
    body: InstanceCreate,
    caller: Writer,
    session: SessionDep,
    node: NodeDep,
    now: NowDep,
    platforms: PlatformsDep,
    response: Response,
) -> InstanceCreated:
    """The node fronts this system from now on, with a node URL and a signing key of its own.

    Needs `instances:write` for all instances (`parley token create --all-instances`). The answer holds, once,
    a service token for the new instance alone.
    """
    _require_all_instances(caller)
    platform = find_platform(platforms, body.platform)
    new = NewInstance(
        slug=body.slug,
        name=body.name,
        platform=body.platform,
        url=body.url or "",
        network=body.network,
        return_urls=tuple(body.return_urls),
        credential=_read(platform, body.credential),
    )
    if body.oauth_client is not None:
        require_oauth(platform.description)
    instance = await create_instance(session, node, platforms, new, now)
    if body.oauth_client is not None:
        await change_instance(session, node.settings, instance, _seal(node, instance, body.oauth_client), now)
    _, token = await issue_token(session, node.hasher, instance.slug, INSTANCE_SCOPES, [instance.id], now)
    response.headers["Location"] = f"/v1/instances/{instance.id}"
    shown = tagged(describe_instance(instance, node.settings), response)
    return InstanceCreated(**shown.model_dump(), token=token)


@router.get(
    "/v1/instances/{instance_id}",
    operation_id="getInstance",
    summary="Show an instance",
    responses={**problem_responses(*WHO, problems.NotFound), 304: UNCHANGED},
    response_model=InstanceOut,
)
async def show(
    instance_id: str,
    caller: Reader,
    session: SessionDep,
    node: NodeDep,
    response: Response,
    if_none_match: IfNoneMatch = None,
) -> InstanceOut | Response:
    """The instance, with the node URL to give to partners. Needs `instances:read`."""
    instance = await _visible(session, caller, instance_id)
    return unless_known(describe_instance(instance, node.settings), if_none_match, response)


@router.patch(
    "/v1/instances/{instance_id}",
    operation_id="changeInstance",
    summary="Change an instance",
    responses=problem_responses(
        *WHO, *BODY, problems.NotFound, problems.OptionNotAvailable, problems.StaleRevision
    ),
)
async def change(
    instance_id: str,
    body: InstancePatch,
    caller: Writer,
    session: SessionDep,
    node: NodeDep,
    now: NowDep,
    platforms: PlatformsDep,
    if_match: IfMatchTagDep,
    response: Response,
) -> InstanceOut:
    """What is sent is changed, what is left out stays; null removes a stored `credential` or `oauth_client`.

    Needs `instances:write`. Slug, platform and URL never change: partners trust the instance under them.
    """
    instance = await _locked(session, caller, instance_id)
    require_match(describe_instance(instance, node.settings), if_match)
    given = body.model_dump(include=body.model_fields_set - {"credential", "oauth_client"})
    if "credential" in body.model_fields_set:
        credential = _read(platform_of(platforms, instance), body.credential)
        sealed = seal_credential(node.sealer, instance.id, credential) if credential else None
        given["credential_sealed"] = sealed
    if "oauth_client" in body.model_fields_set:
        require_oauth(platform_of(platforms, instance).description)
        given |= _seal(node, instance, body.oauth_client)
    await change_instance(session, node.settings, instance, given, now)
    return tagged(describe_instance(instance, node.settings), response)


@router.delete(
    "/v1/instances/{instance_id}",
    operation_id="deleteInstance",
    summary="Remove an instance",
    status_code=204,
    responses=problem_responses(*WHO, problems.NotFound, problems.OptionNotAvailable, problems.StaleRevision),
)
async def delete(
    instance_id: str,
    caller: Writer,
    session: SessionDep,
    node: NodeDep,
    now: NowDep,
    if_match: IfMatchTagDep,
) -> None:
    """The instance is gone, with its keys, drafts, closed connections, sign-ins and tokens.

    Needs `instances:write`. Active and pending connections have to be closed first, and their other sides must
    have heard of it; one that does not answer is waited for no longer than two weeks.
    """
    instance = await _locked(session, caller, instance_id)
    require_match(describe_instance(instance, node.settings), if_match)
    await _refuse_while_connected(session, instance)
    await _refuse_while_unheard(session, instance, now)
    await forget_instance(session, instance.id, now)
    await session.delete(instance)


@router.post(
    "/v1/instances/{instance_id}/checks",
    operation_id="checkInstance",
    summary="Test an instance",
    responses=problem_responses(*WHO, problems.NotFound, problems.OptionNotAvailable),
)
async def check(
    instance_id: str, caller: Reader, node: NodeDep, now: NowDep, platforms: PlatformsDep
) -> InstanceCheckOut:
    """Its address, the stored credential, and each right that connections need, tried right now.

    Needs `instances:read`. Stores the version that answers and nothing else: partners read it, and a version that is
    too old rules out every mode. An instance that is down is a result and no error.
    """
    async with reading(node.database) as session:
        instance = await _visible(session, caller, instance_id)
    outcome = await check_instance(node, platform_of(platforms, instance), instance)
    async with transaction(node.database) as session:
        await remember_version(session, instance, outcome.version, now)
    return InstanceCheckOut(
        instance=instance.id,
        ok=all(check.ok is not False for check in outcome.checks),
        checks=[CheckOut(**asdict(check)) for check in outcome.checks],
        rights=[RightOut(**asdict(right)) for right in outcome.rights],
        checked_at=now,
    )


async def _visible(session: AsyncSession, caller: Principal, instance_id: str) -> Instance:
    """Return the instance; somebody else's is not found, like one that does not exist."""
    if not caller.may_see(instance_id):
        raise problems.NotFound("There is no instance {id}.", id=instance_id)
    return await get_instance(session, instance_id)


async def _locked(session: AsyncSession, caller: Principal, instance_id: str) -> Instance:
    """Return the instance, locked: who read it before is not overtaken between the look and the change."""
    visible = await _visible(session, caller, instance_id)
    return await get_for_update(session, Instance, visible.id)


def _require_all_instances(caller: Principal) -> None:
    if caller.instance_ids is not None:
        raise problems.MissingScope(
            "This needs {required_scope} for all instances of the node.",
            required_scope="instances:write",
            fix="Use a token for all instances: parley token create --all-instances.",
        )


def _read(platform: Platform, given: CredentialIn | None) -> Credential | None:
    if given is None:
        return None
    return read_credential(platform.description, given.method, given.plain_values(), "/credential")


def _seal(node: Node, instance: Instance, given: OAuthClientIn | None) -> dict[str, Any]:
    if given is None:
        return {"oauth_client_id": None, "oauth_secret_sealed": None}
    return seal_client(node.sealer, instance.id, given.client_id, given.client_secret.get_secret_value())


async def _refuse_while_connected(session: AsyncSession, instance: Instance) -> None:
    """No connection is active or about to be; locked, so that none becomes so meanwhile."""
    statement = select(Connection.id, Connection.state).where(Connection.instance_id == instance.id)
    rows = (await session.exec(statement.with_for_update())).all()
    alive = sorted(row for row, state in rows if state in ESTABLISHED or state is ConnectionState.PENDING)
    if alive:
        raise problems.OptionNotAvailable(
            "{instance_name} has {count} active or pending connection(s).",
            instance_name=instance.name,
            count=len(alive),
            options=[],
            connections=alive[:20],
            fix="Close them with DELETE /v1/connections/{id}, then remove the instance.",
        )


async def _refuse_while_unheard(session: AsyncSession, instance: Instance, now: datetime) -> None:
    """Nobody is left with a connection to an instance that is no more."""
    if waiting := await unheard_endings(session, instance.id, now):
        raise problems.OptionNotAvailable(
            "{count} connection(s) of {instance_name} were closed, and the other side has not heard of it yet.",
            instance_name=instance.name,
            count=len(waiting),
            options=[],
            connections=sorted(waiting)[:20],
            until=max(waiting.values()).isoformat(),
            fix="Remove the instance when they have heard it, which needs nobody here, or after the time in until.",
        )
