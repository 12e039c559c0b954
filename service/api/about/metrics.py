"""Where monitoring reads: with its token, or without one from the machine itself."""

import hmac
from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter, Depends
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.core import GaugeMetricFamily
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from service.connections.models import Connection
from service.connections.states import ConnectionState
from service.database.sessions import SessionDep
from service.http.metrics import Metrics
from service.jobs.models import Job
from service.node import NowDep
from service.openapi.document import problem_responses
from service.problems.tree import Internal, Unauthenticated, Unavailable
from service.settings import Settings, is_loopback_host

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="parley-metrics"'}
# Whoever sends one of these came through a proxy, whatever address it has here.
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
TEXT = {"text/plain": {"schema": {"type": "string"}}}

router = APIRouter(tags=["Operations"])


async def require_monitoring(request: Request) -> None:
    """The caller has the token for metrics, or is on this machine where none is set; raises Unauthenticated.

    A service token does not open them: whoever set it up for connections need not know how the node fares.
    """
    settings: Settings = request.app.state.settings
    wanted = settings.metrics_token.get_secret_value()
    if wanted:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), wanted.encode()):
            return
        raise Unauthenticated("Metrics need the token of PARLEY_METRICS_TOKEN.", headers=CHALLENGE)
    is_here = request.client is not None and is_loopback_host(request.client.host)
    if not is_here or any(name in request.headers for name in FORWARDED):
        raise Unauthenticated(
            "Without a token, metrics are read from this machine only.",
            fix="Set PARLEY_METRICS_TOKEN, and have your monitoring send it as a bearer token.",
            headers=CHALLENGE,
        )


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="What the node counts",
    response_class=Response,
    dependencies=[Depends(require_monitoring)],
    responses={
        200: {"description": "The text format of Prometheus.", "content": TEXT},
        **problem_responses(Unauthenticated, Internal, Unavailable),
    },
)
async def read_metrics(request: Request, session: SessionDep, now: NowDep) -> Response:
    """Requests by route, method and status, and how long they took; open jobs; connections by state; the version.

    With `PARLEY_METRICS_TOKEN` set, its value is asked for as a bearer token; without it, only the machine itself may
    read, and nobody through a proxy. No label has an id, a name, a host or an address.
    """
    metrics: Metrics = request.app.state.metrics
    families = [*await _jobs(session, now), await _connections(session)]
    return Response(metrics.written(families), media_type=CONTENT_TYPE_LATEST)


async def _jobs(session: AsyncSession, now: datetime) -> Sequence[GaugeMetricFamily]:
    count = GaugeMetricFamily("parley_jobs_open", "Jobs that are not done.", labels=("kind",))
    late = GaugeMetricFamily(
        "parley_jobs_overdue_seconds",
        "For how long the oldest job of the kind has been due.",
        labels=("kind",),
    )
    statement = (
        select(Job.kind, func.count(), func.min(Job.run_at))
        .where(col(Job.done_at).is_(None))
        .group_by(Job.kind)
    )
    for kind, how_many, oldest in (await session.exec(statement)).all():
        count.add_metric((kind,), how_many)
        late.add_metric((kind,), max(0.0, (now - oldest).total_seconds()))
    return count, late


async def _connections(session: AsyncSession) -> GaugeMetricFamily:
    family = GaugeMetricFamily("parley_connections", "Connections, by state.", labels=("state",))
    statement = select(Connection.state, func.count()).group_by(Connection.state)
    found = dict((await session.exec(statement)).all())
    for state in ConnectionState:
        family.add_metric((state.value,), found.get(state, 0))
    return family
