"""Where platforms describe themselves; open to everybody, for a sign-in form is drawn from it."""

from fastapi import APIRouter

from service.http.queries import ApiRoute
from service.platforms.registry import PlatformsDep
from service.platforms.schemas import PlatformList, describe_platform

router = APIRouter(tags=["Discovery"], route_class=ApiRoute)


@router.get("/v1/platforms", operation_id="listPlatforms", summary="What each platform can do")
async def list_platforms(platforms: PlatformsDep) -> PlatformList:
    """Modes, local connections, ways to sign in; the permissions it asks for, and where to grant them.

    No credential is needed.
    """
    items = [describe_platform(description) for description in platforms.descriptions()]
    return PlatformList(items=items, next_page_token=None)
