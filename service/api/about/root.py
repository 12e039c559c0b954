"""The index: what is where."""

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request

from service.openapi.document import problem_responses
from service.problems.tree import Internal, MethodNotAllowed
from service.words import VERSION

router = APIRouter(tags=["Operations"])


class Index(BaseModel):
    """The service and links to its parts."""

    service: str
    version: str
    links: dict[str, str]


@router.get(
    "/",
    operation_id="getIndex",
    summary="What is where",
    responses=problem_responses(Internal, MethodNotAllowed),
)
async def get_index(request: Request) -> Index:
    """Links to the documentation and to each collection."""
    root = request.app.state.settings.public_url
    paths = {
        "documentation": "/docs",
        "reference": "/redoc",
        "openapi": "/openapi.json",
        "me": "/v1/me",
        "platforms": "/v1/platforms",
        "instances": "/v1/instances",
        "destination_probes": "/v1/destination-probes",
        "connections": "/v1/connections",
        "access_tokens": "/v1/access-tokens",
        "lifecycle": "/v1/lifecycle",
        "problem_types": "/v1/problem-types",
        "liveness": "/livez",
        "readiness": "/readyz",
        "metrics": "/metrics",
    }
    return Index(service="Parley", version=VERSION, links={name: root + path for name, path in paths.items()})
