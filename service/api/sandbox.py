"""Where a sandbox instance is found: its URL answers what it holds, for people and for probes."""

from typing import Annotated, Any

from fastapi import APIRouter, Path

from service.http.queries import ApiRoute
from service.platforms.sandbox import describe_instance

router = APIRouter(tags=["Discovery"], route_class=ApiRoute)


@router.get("/sandbox/{slug}", operation_id="getSandboxInstance", summary="Show a sandbox instance")
async def show_sandbox_instance(
    slug: Annotated[
        str,
        Path(
            pattern="^[a-z0-9][a-z0-9-]{0,62}$",
            examples=["acme"],
            description="The last part of the node URL.",
        ),
    ],
) -> dict[str, Any]:
    """The fixed projects, items and fields of the sandbox; each slug is an instance of its own."""
    return describe_instance(slug)
