"""Who asks something of connections, at which node, and how they may be refused."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from service import problems
from service.access.principals import Principal, requires
from service.node import Node, NodeDep
from service.platforms.registry import PlatformsDep, Registry

WHO = (problems.Unauthenticated, problems.MissingScope)
READS = (*WHO, problems.NotFound, problems.ValidationFailed, problems.Internal, problems.Unavailable)
WRITES = (*READS, problems.MalformedJson, problems.PayloadTooLarge, problems.UnsupportedMediaType)


@dataclass(frozen=True, slots=True)
class Desk:
    """Who answers, and the node at which they do."""

    node: Node
    platforms: Registry
    principal: Principal


async def read_desk(
    node: NodeDep,
    platforms: PlatformsDep,
    principal: Annotated[Principal, Depends(requires("connections:read"))],
) -> Desk:
    """Return who reads."""
    return Desk(node, platforms, principal)


async def write_desk(
    node: NodeDep,
    platforms: PlatformsDep,
    principal: Annotated[Principal, Depends(requires("connections:write"))],
) -> Desk:
    """Return who writes."""
    return Desk(node, platforms, principal)


async def read_invitations_desk(
    node: NodeDep,
    platforms: PlatformsDep,
    principal: Annotated[Principal, Depends(requires("invitations:read"))],
) -> Desk:
    """Return who reads invitations."""
    return Desk(node, platforms, principal)


async def write_invitations_desk(
    node: NodeDep,
    platforms: PlatformsDep,
    principal: Annotated[Principal, Depends(requires("invitations:write"))],
) -> Desk:
    """Return who invites, confirms, accepts or rejects."""
    return Desk(node, platforms, principal)


ReadDesk = Annotated[Desk, Depends(read_desk)]
WriteDesk = Annotated[Desk, Depends(write_desk)]
ReadInvitationsDesk = Annotated[Desk, Depends(read_invitations_desk)]
WriteInvitationsDesk = Annotated[Desk, Depends(write_invitations_desk)]
