"""Where it is asked what is at a URL, before anything is decided."""

from typing import Annotated

from fastapi import APIRouter, Depends

from service.access.principals import Principal, own_instance, requires
from service.connections.destinations import past_partners
from service.database.sessions import reading
from service.discovery.operations import probe
from service.discovery.schemas import DestinationProbeIn, DestinationProbeOut
from service.instances.identity import require_running
from service.node import NodeDep
from service.openapi.document import problem_responses
from service.platforms.registry import PlatformsDep
from service.problems import tree as problems
from service.retries.routes import RetryableRoute

router = APIRouter(tags=["Discovery"], route_class=RetryableRoute)


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
        problems.InstancePaused,
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
        instance = await own_instance(session, node.settings, principal, body.instance)
        require_running(node.settings, instance)
        partners = await past_partners(session, instance.id)
    found = await probe(node, platforms, instance, body.url, known_nodes=partners, fresh=True)
    return DestinationProbeOut.of(found)
