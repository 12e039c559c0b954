"""Where it is asked what is at a URL, before anything is decided."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel.ext.asyncio.session import AsyncSession

from service import problems
from service.access.principals import Principal, requires
from service.connections.destinations import past_partners
from service.database import reading
from service.discovery.operations import probe
from service.discovery.schemas import DestinationProbeIn, DestinationProbeOut
from service.instances.faults import not_valid
from service.instances.models import Instance
from service.instances.operations import find_instance, get_instance
from service.node import NodeDep
from service.openapi import problem_responses
from service.platforms.registry import PlatformsDep
from service.settings import Settings

router = APIRouter(tags=["Discovery"])


@router.post(
    "/v1/destination-probes",
    operation_id="probeDestination",
    summary="Find out what is at a URL",
    responses=problem_responses(
        problems.MalformedJson,
        problems.Unauthenticated,
        problems.MissingScope,
        problems.NotFound,
        problems.OptionNotAvailable,
        problems.ValidationFailed,
        problems.UrlNotAllowed,
    ),
)
async def probe_destination(
    body: DestinationProbeIn,
    node: NodeDep,
    platforms: PlatformsDep,
    principal: Annotated[Principal, Depends(requires("connections:write"))],
) -> DestinationProbeOut:
    """Say what is there, what to call it, and which modes are possible or why not. Nothing is stored.

    It takes ten seconds at most. A host that cannot be reached is an answer with a reason, not an error.
    """
    async with reading(node.database) as session:
        instance = await _asking_instance(session, node.settings, principal, body.instance)
        partners = await past_partners(session, instance.id)
    found = await probe(node, platforms, instance, body.url, known_nodes=partners)
    return DestinationProbeOut.of(found)


async def _asking_instance(
    session: AsyncSession, settings: Settings, principal: Principal, name: str | None
) -> Instance:
    """Return the instance; that of somebody else is refused in the words for one that does not exist."""
    if name is None:
        ids = principal.instance_ids
        if ids is None or len(ids) != 1:
            raise not_valid("/instance", "missing", "Say which instance asks: this caller has more than one.")
        return await get_instance(session, next(iter(ids)))
    try:
        instance = await find_instance(session, settings, name)
    except problems.NotFound:
        instance = None
    if instance is None or not principal.may_see(instance.id):
        raise problems.NotFound("There is no instance {name}.", name=name)
    return instance
