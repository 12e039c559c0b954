"""What a node counts about itself: requests and how long they took; nothing in it names a person, a host or an id."""

import time
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.words import VERSION

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
NO_ROUTE = "none"
FAILED = 500
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The counts of one application; labels are words from closed sets, so that no client can add one."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "parley_http_requests",
            "Requests that were answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.durations = Histogram(
            "parley_http_request_duration_seconds",
            "From the first byte of the request to the last one of the answer.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        Gauge("parley_build_info", "The version that runs.", ("version",), registry=self.registry).labels(
            VERSION
        ).set(1)
        ProcessCollector(registry=self.registry)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """One more request is counted."""
        self.requests.labels(method, route, str(status)).inc()
        self.durations.labels(method, route).observe(seconds)

    def written(self, measured: Iterable[GaugeMetricFamily]) -> bytes:
        """Return all counts in the text format of Prometheus, with what was measured just now."""
        now = CollectorRegistry()
        now.register(_Measured(measured))
        return generate_latest(self.registry) + generate_latest(now)


class _Measured(Collector):
    """What is asked of the database for one reading."""

    def __init__(self, families: Iterable[GaugeMetricFamily]) -> None:
        self.families = tuple(families)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return what was measured."""
        return self.families


class RequestMetrics:
    """Pure ASGI, around everything else: counts each request by the template of its route, never by its path."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; a lifespan or other message passes through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), FAILED

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            method = scope["method"] if scope["method"] in METHODS else OTHER
            route = getattr(scope.get("route"), "path", NO_ROUTE)
            self.metrics.count(method, route, status, time.perf_counter() - started)
