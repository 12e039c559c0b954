"""The only composition root: every part of a node is put together here."""

import asyncio
import contextlib
import re
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

import structlog
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from service.access.hash_key import load_hasher
from service.api import (
    access,
    activations,
    connections,
    destination_probes,
    events,
    invitations,
    messages,
    platforms,
    published,
    sandbox,
    verification_sessions,
)
from service.api.about import health, lifecycle, metrics, problem_types, root
from service.api.auditing import Auditing
from service.api.instances import fronted, keys, moves
from service.authorization import router as authorization
from service.authorization import sweeping
from service.authorization.messages import MOST_BYTES
from service.authorization.requests import timers
from service.channel import exchanging
from service.connections import pending, telling
from service.database.engine import open_database
from service.database.revisions import newest_revision
from service.database.sessions import transaction
from service.egress.client import Egress
from service.events.operations import record_transition
from service.http import problem_handlers
from service.http.body_limit import BodyLimit
from service.http.busy_limit import MOST_AT_ONCE, MOST_OF_A_SOURCE, BusyLimit
from service.http.context import HttpContext
from service.http.cors import Cors
from service.http.metrics import Metrics, RequestMetrics
from service.http.rate_limits import RateLimits
from service.instance_keys import rotation
from service.instances.addresses import egress_policy
from service.invitations.invited import claiming, rejection
from service.jobs.operations import try_to_store
from service.jobs.worker import Handler, Worker, run_for_ever
from service.lifecycle import moving, probing
from service.limits.counts import Counts
from service.limits.table import Voice
from service.node import Node
from service.openapi import document as openapi
from service.openapi.serving import install_route
from service.pages import consent, docs, sign_in_router
from service.pages.invitation import router as invitation_pages
from service.pages.refusals import refusal_page
from service.pages.rendering import render
from service.pages.verification import router as verification_pages
from service.pages.views import ProblemView
from service.platforms.registry import Registry, build_registry
from service.problems.tree import Problem, RateLimited
from service.protocol import errors as protocol_errors
from service.settings import Settings
from service.trust.sealing import Sealer, parse_keys
from service.values.moments import Clock
from service.verification.initiator import completing, watching
from service.words import VERSION

MAX_BODY_BYTES = 65_536
MAX_BODY_SECONDS = 10.0
# A message has 64 KB, and what goes around it; nodes exchange several at once.
LARGER_BODIES = {
    re.compile(r"/v1/connections/[^/]+/messages"): 2 * MAX_BODY_BYTES,
    re.compile(r"/i/[^/]+/connections/[^/]+/messages"): MOST_BYTES,
}
log = structlog.get_logger(__name__)
HANDLERS: Mapping[str, Handler] = {
    **completing.HANDLERS,
    **telling.HANDLERS,
    **probing.HANDLERS,
    **watching.HANDLERS,
    **pending.HANDLERS,
    **claiming.HANDLERS,
    **moving.HANDLERS,
    **exchanging.HANDLERS,
    **rejection.HANDLERS,
    **timers.HANDLERS,
    **sweeping.HANDLERS,
    **rotation.HANDLERS,
}


def create_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    egress: Egress | None = None,
    platforms_: Registry | None = None,
) -> FastAPI:
    """Return the node's application; what a test wants to control is given, the rest is made from the settings."""
    app = FastAPI(
        title="Parley",
        version=VERSION,
        summary=openapi.SUMMARY,
        description=openapi.DESCRIPTION,
        openapi_tags=openapi.TAGS,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=partial(_lifespan, settings=settings, clock=clock or Clock(), egress=egress),
        redirect_slashes=False,
        telemetry={"operation_spans": False},
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.settings = settings
    app.state.platforms = platforms_ or build_registry(sandbox=settings.sandbox)
    app.state.max_body_bytes, app.state.max_body_seconds = MAX_BODY_BYTES, MAX_BODY_SECONDS
    app.state.try_to_store = try_to_store
    app.state.newest_revision = newest_revision()
    problem_handlers.install(app, _problem_page)
    protocol_errors.install(app)
    _mount(app, settings)
    app.add_middleware(Auditing)
    app.add_middleware(
        BodyLimit, max_bytes=MAX_BODY_BYTES, max_seconds=MAX_BODY_SECONDS, larger=LARGER_BODIES
    )
    app.add_middleware(RateLimits, refuse=_refuse)
    of_a_source = MOST_OF_A_SOURCE if settings.rate_limits else MOST_AT_ONCE
    app.add_middleware(BusyLimit, refuse=_refuse, most=MOST_AT_ONCE, most_of_a_source=of_a_source)
    if settings.cors_origins:
        app.add_middleware(Cors, origins=settings.cors_origins)
    app.add_middleware(HttpContext, https=settings.public_url.startswith("https://"))
    app.state.metrics = Metrics()
    app.add_middleware(RequestMetrics, metrics=app.state.metrics)
    openapi.install(app)
    return app


def _mount(app: FastAPI, settings: Settings) -> None:
    """Give every path its owner, in the order in which the documentation lists them.

    The routes are taken as they are: `include_router` would make each of them anew for each application, and
    look for the one that fits in every router on the way of each request.
    """
    for part in (
        connections,
        activations,
        events,
        messages,
        verification_sessions,
        verification_pages,
        invitations,
        fronted,
        moves,
        keys,
        destination_probes,
        platforms,
        lifecycle,
        access,
        problem_types,
        root,
        health,
        metrics,
        sign_in_router,
        invitation_pages,
        consent,
        authorization,
        published,
    ):
        app.router.routes.extend(part.router.routes)
    if settings.sandbox:
        app.router.routes.extend(sandbox.router.routes)
    install_route(app)
    app.add_route("/docs", docs.swagger_ui_page, include_in_schema=False)
    app.add_route("/redoc", docs.redoc_page, include_in_schema=False)
    app.mount("/static", docs.static_files(), name="static")


@asynccontextmanager
async def _lifespan(
    app: FastAPI, *, settings: Settings, clock: Clock, egress: Egress | None
) -> AsyncIterator[None]:
    """Open the node, work through jobs meanwhile, and close in the reverse order."""
    if not settings.rate_limits:
        log.warning("floods_are_not_limited", fix="Keep PARLEY_RATE_LIMITS=false behind a gateway that does.")
    async with open_node(settings, clock, egress) as node:
        app.state.node, app.state.database = node, node.database
        async with _working(Worker(node, HANDLERS), enabled=settings.worker):
            yield


@asynccontextmanager
async def open_node(settings: Settings, clock: Clock, egress: Egress | None = None) -> AsyncIterator[Node]:
    """Give the parts that requests and jobs share, and close them afterwards."""
    database = open_database(
        settings.resolved_database_url,
        lambda session, change: record_transition(session, change, clock.now()),
        answer_seconds=settings.database_seconds,
    )
    sealer = Sealer(parse_keys(settings.sealing_keys.get_secret_value()))
    way_out = egress or Egress(egress_policy(settings))
    try:
        hasher, counts = await load_hasher(database, sealer), Counts(enabled=settings.rate_limits)
        node = Node(settings, database, clock, way_out, sealer, hasher, counts)
        async with transaction(database) as session:
            await sweeping.schedule_sweep(session, clock.now())
        yield node
    finally:
        await way_out.aclose()
        await database.close()


async def run_worker(settings: Settings) -> None:
    """Do the jobs of a node in this process until it is told to stop."""
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    async with open_node(settings, Clock()) as node, _working(Worker(node, HANDLERS), enabled=True):
        await stopped.wait()


@asynccontextmanager
async def _working(worker: Worker, *, enabled: bool) -> AsyncIterator[None]:
    """Run the worker beside the requests; on the way out it is cancelled, which is as safe as a crash."""
    if not enabled:
        yield
        return
    task = asyncio.create_task(run_for_ever(worker))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _refuse(request: Request, refusal: Problem, voice: Voice) -> Response:
    """Return the refusal as the operation that was asked for says it."""
    if voice is Voice.PROTOCOL:
        too_often, later = protocol_errors.TooOften, protocol_errors.ServerNotReady
        kind = too_often if isinstance(refusal, RateLimited) else later
        return protocol_errors.respond(kind(refusal.detail, refusal.headers))
    if voice is Voice.PAGE:
        return refusal_page(request, refusal)
    return problem_handlers.respond(request, refusal, _problem_page)


def _problem_page(request: Request, problem: Problem, request_id: str) -> Response:
    view = ProblemView(
        status=problem.status,
        title=problem.title,
        detail=problem.detail,
        fix=problem.fix,
        request_id=request_id,
    )
    return render(request, view, status=problem.status)
