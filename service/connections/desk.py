"""Who asks something of connections, at which node, and how they may be refused."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from service.access.principals import Principal, requires
from service.node import Node, NodeDep
from service.platforms.registry import PlatformsDep, Registry
from service.problems import tree as problems

WHO = (problems.Unauthenticated, problems.MissingScope)
READS = (*WHO, problems.NotFound, problems.ValidationFailed, problems.Internal, problems.Unavailable)
WRITES = (*READS, problems.MalformedJson, problems.PayloadTooLarge, problems.UnsupportedMediaType)


@dataclass(frozen=True, slots=True)
class Desk:
    """Who answers, and the node at which they do."""

    node: Node
    platforms: Registry
    principal: Principal


def desk_for(scope: str) -> Callable[..., Awaitable[Desk]]:
    """Return the dependency that lets in whoever has this scope."""
    principal_with_scope = requires(scope)

    async def desk(
        node: NodeDep, platforms: PlatformsDep, principal: Annotated[Principal, Depends(principal_with_scope)]
    ) -> Desk:
        return Desk(node, platforms, principal)

    return desk


ReadDesk = Annotated[Desk, Depends(desk_for("connections:read"))]
WriteDesk = Annotated[Desk, Depends(desk_for("connections:write"))]
ReadInvitationsDesk = Annotated[Desk, Depends(desk_for("invitations:read"))]
WriteInvitationsDesk = Annotated[Desk, Depends(desk_for("invitations:write"))]
ReadMessagesDesk = Annotated[Desk, Depends(desk_for("messages:read"))]
WriteMessagesDesk = Annotated[Desk, Depends(desk_for("messages:write"))]
