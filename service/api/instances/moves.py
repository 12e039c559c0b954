"""Where somebody says what became of an instance whose node URL changed: it has moved, or this is a copy."""

from enum import StrEnum
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from service.access.principals import Principal, requires
from service.database.rows import get_for_update
from service.database.sessions import SessionDep, reading
from service.egress.client import EgressFailure
from service.instances.addresses import read_instance_url
from service.instances.identity import why_paused
from service.instances.models import Instance
from service.instances.operations import platform_of
from service.instances.schemas import InstanceOut, UrlText, describe_instance
from service.lifecycle.moving import forget_original, move
from service.node import Node, NodeDep
from service.openapi.document import problem_responses
from service.platforms.registry import SANDBOX, PlatformsDep, Registry
from service.problems import tree as problems
from service.problems.tree import not_valid
from service.retries.routes import RetryableRoute
from service.values.texts import RequestBody

router = APIRouter(tags=["Instances"], route_class=RetryableRoute)


class MoveKind(StrEnum):
    """What became of it."""

    MOVED = "moved"
    COPIED = "copied"


class MoveIn(RequestBody):
    """What became of the instance. Nothing but this lets a paused one run again."""

    kind: MoveKind = Field(
        description="`moved`: the connections stay and partners are told. `copied`: they stay with the original."
    )
    url: UrlText | None = Field(
        default=None, description="With `moved`: where the tracker is now, if it moved as well."
    )


class MoveOut(BaseModel):
    """What was done about it."""

    object: Literal["instance_move"] = "instance_move"
    instance: InstanceOut
    told: list[str] = Field(description="Connections whose other sides are being told.")
    to_tell: list[str] = Field(
        description="Connections with a private partner, who dials this node: tell them the new node URL."
    )


@router.post(
    "/v1/instances/{instance_id}/moves",
    operation_id="moveInstance",
    summary="Say that an instance has moved, or is a copy",
    responses=problem_responses(
        problems.Unauthenticated,
        problems.MissingScope,
        problems.NotFound,
        problems.MalformedJson,
        problems.ValidationFailed,
        problems.UrlNotAllowed,
        problems.OptionNotAvailable,
    ),
)
async def post_move(
    instance_id: str,
    wanted: MoveIn,
    caller: Annotated[Principal, Depends(requires("instances:write"))],
    session: SessionDep,
    node: NodeDep,
    platforms: PlatformsDep,
) -> MoveOut:
    """The instance runs under its present node URL. Moved, it keeps its connections; copied, it has none, and new keys.

    Needs `instances:write`.
    """
    if not caller.may_see(instance_id):
        raise problems.NotFound("There is no instance {id}.", id=instance_id)
    url = await _check_url(node, platforms, instance_id, wanted)
    instance = await get_for_update(session, Instance, instance_id)
    if wanted.kind is MoveKind.COPIED:
        _require_paused(node, instance)
        await forget_original(session, node, instance)
        return MoveOut(instance=describe_instance(instance, node.settings), told=[], to_tell=[])
    if url is None:
        _require_paused(node, instance)
    moved = await move(session, node, instance, url)
    shown = describe_instance(instance, node.settings)
    return MoveOut(instance=shown, told=list(moved.told), to_tell=list(moved.to_tell))


def _require_paused(node: Node, instance: Instance) -> None:
    if why_paused(node.settings, instance) is None:
        raise problems.OptionNotAvailable(
            "The node URL is the one that partners know: {node_url}.",
            node_url=instance.identity.get("node_url"),
            options=[],
            fix="Nothing has to be done. If only the tracker moved, send its new url with kind moved.",
        )


async def _check_url(node: Node, platforms: Registry, instance_id: str, wanted: MoveIn) -> str | None:
    """Return where the tracker is now; raises ValidationFailed where another system, or none, answers there."""
    async with reading(node.database) as session:
        instance = await session.get(Instance, instance_id)
    if instance is None:
        raise problems.NotFound("There is no instance {id}.", id=instance_id)
    if wanted.url is None:
        return None
    if instance.platform == SANDBOX or wanted.kind is MoveKind.COPIED:
        raise not_valid("/url", "not_here", "Only a tracker that moved has another url.")
    platform = platform_of(platforms, instance)
    url = read_instance_url(wanted.url, platforms.descriptions(), platform.description, node.settings)
    try:
        found = await platform.fingerprint(node.egress, url)
    except EgressFailure as failure:
        raise not_valid("/url", failure.reason, f"{url} gives no usable answer ({failure.reason}).") from None
    if found is None:
        raise not_valid(
            "/url", "other_platform", f"What answers at {url} is no {platform.description.label}."
        )
    return url
