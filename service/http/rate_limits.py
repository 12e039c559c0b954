"""Around every limited operation: counted by source before it is read, and told in the headers of each answer."""

from collections.abc import Callable, Iterable
from datetime import datetime

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http import acting
from service.limits.counts import noting
from service.limits.table import Standing, Voice, find_limited, source_of
from service.node import Node
from service.problems.tree import Problem, RateLimited

Refuse = Callable[[Request, Problem, Voice], Response]


class RateLimits:
    """Pure ASGI: who asks too often is refused before the body is read; `refuse` knows how each voice says it."""

    def __init__(self, app: ASGIApp, *, refuse: Refuse) -> None:
        self.app = app
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; what no limit counts passes through."""
        operation = find_limited(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if operation is None:
            await self.app(scope, receive, send)
            return
        node: Node = scope["app"].state.node
        app = self.app
        with noting() as standings:

            async def send_with_headers(message: Message) -> None:
                if message["type"] == "http.response.start" and standings:
                    headers = MutableHeaders(scope=message)
                    headers["RateLimit-Policy"] = policies(standings)
                    headers["RateLimit"] = remaining(standings, node.clock.now())
                await send(message)

            try:
                source = source_of(acting.current().address)
                node.counts.spend(node.clock.now(), (operation.limit, source))
            except RateLimited as refusal:
                app = self.refuse(Request(scope), refusal, operation.voice)
            await app(scope, receive, send_with_headers)


def policies(standings: Iterable[Standing]) -> str:
    """Return the limits that were counted: how many in how many seconds."""
    return ", ".join(
        f'"{standing.limit.name}";q={standing.limit.most};w={int(standing.limit.window.total_seconds())}'
        for standing in standings
    )


def remaining(standings: Iterable[Standing], now: datetime) -> str:
    """Return how many are left of each limit, and in how many seconds all of them are back."""
    return ", ".join(
        f'"{standing.limit.name}";r={standing.remaining};t={standing.seconds_left(now)}'
        for standing in standings
    )
