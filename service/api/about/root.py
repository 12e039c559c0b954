"""The index: what is where."""

from fastapi import APIRouter
from pydantic import BaseModel
from sqlmodel import col, select
from starlette.requests import Request
from starlette.responses import Response

from service.database.sessions import get_database, reading
from service.http.problem_handlers import prefers_html
from service.instances.models import Instance
from service.instances.operations import issuer_of
from service.invitations.invitation.codes import PAGE_PATH
from service.openapi.document import problem_responses
from service.pages.rendering import render
from service.pages.views import ListedInstance, WelcomeView
from service.problems.tree import Internal, MethodNotAllowed
from service.settings import Settings
from service.words import VERSION, Network

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
    response_model=Index,
    responses={
        **problem_responses(Internal, MethodNotAllowed),
        200: {"content": {"text/html": {"schema": {"type": "string"}}}},
    },
)
async def get_index(request: Request) -> Index | Response:
    """Links to the documentation and to each collection; as a page for browsers."""
    settings: Settings = request.app.state.settings
    root = settings.public_url
    if prefers_html(request):
        return render(request, WelcomeView(VERSION, await _listed(request, settings)))
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


async def _listed(request: Request, settings: Settings) -> tuple[ListedInstance, ...]:
    """Return the public instances that the operator lists, in that order; nobody else's is told of."""
    if not settings.listed_instances:
        return ()
    statement = select(Instance).where(
        col(Instance.slug).in_(settings.listed_instances), Instance.network == Network.PUBLIC
    )
    async with reading(await get_database(request)) as session:
        found = {instance.slug: instance for instance in (await session.exec(statement)).all()}
    return tuple(
        ListedInstance(
            name=found[slug].name,
            url=found[slug].url,
            node_url=issuer_of(settings, slug),
            invitation_page=f"/i/{slug}{PAGE_PATH}",
        )
        for slug in settings.listed_instances
        if slug in found
    )
