"""How many requests one process serves at once, and how many of them for one source."""

from collections import Counter
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http import acting
from service.limits.table import Voice, find_limited, source_of
from service.problems.tree import Problem, RateLimited, Unavailable

MOST_AT_ONCE = 500
MOST_OF_A_SOURCE = 50
# Who looks after the process must not take a busy one for a dead one.
ALWAYS_ANSWERED = frozenset({"/livez", "/readyz"})
SOON = {"Retry-After": "1"}
Refuse = Callable[[Request, Problem, Voice], Response]


class BusyLimit:
    """Pure ASGI: one request too many is refused at once, instead of making all of them slow."""

    def __init__(self, app: ASGIApp, *, refuse: Refuse, most: int, most_of_a_source: int) -> None:
        self.app = app
        self.refuse = refuse
        self.most = most
        self.most_of_a_source = most_of_a_source
        self.present: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it while so many are being served."""
        if scope["type"] != "http" or scope["path"] in ALWAYS_ANSWERED:
            await self.app(scope, receive, send)
            return
        source = source_of(acting.current().address)
        refusal = self._refusal(source)
        if refusal is not None:
            operation = find_limited(scope["method"], scope["path"])
            voice = operation.voice if operation else Voice.API
            await self.refuse(Request(scope), refusal, voice)(scope, receive, send)
            return
        self.present[source] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.present[source] -= 1
            if not self.present[source]:
                del self.present[source]

    def _refusal(self, source: str) -> Problem | None:
        if self.present.total() >= self.most:
            return Unavailable("This node is answering as many requests as it can.", headers=SOON)
        if self.present[source] >= self.most_of_a_source:
            return RateLimited(
                "Your network has {most} requests open here.", most=self.most_of_a_source, headers=SOON
            )
        return None
