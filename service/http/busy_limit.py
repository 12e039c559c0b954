"""How many requests one process serves at once, and how many of them for one source."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http import acting
from service.limits.table import Voice, find_limited, source_of
from service.problems.tree import Problem, RateLimited, Unavailable

MOST_AT_ONCE = 500
MOST_OF_A_SOURCE = 50
# Who only waits for a change costs a socket and some memory.
MOST_RESTING = 400
MOST_RESTING_OF_A_SOURCE = 100
BUSY_LIMIT = "parley.busy_limit"
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
        self.resting: Counter[str] = Counter()

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
        scope[BUSY_LIMIT] = self
        with _counted(self.present, source):
            await self.app(scope, receive, send)

    @contextmanager
    def rest(self) -> Iterator[bool]:
        """While this request only waits for something to happen, its place is free; False where too many wait."""
        source = source_of(acting.current().address)
        if self.resting.total() >= MOST_RESTING or self.resting[source] >= MOST_RESTING_OF_A_SOURCE:
            yield False
            return
        self.present[source] -= 1
        try:
            with _counted(self.resting, source):
                yield True
        finally:
            self.present[source] += 1

    def _refusal(self, source: str) -> Problem | None:
        if self.present.total() >= self.most:
            return Unavailable("This node is answering as many requests as it can.", headers=SOON)
        if self.present[source] >= self.most_of_a_source:
            return RateLimited(
                "Your network has {most} requests open here.", most=self.most_of_a_source, headers=SOON
            )
        return None


@contextmanager
def _counted(counter: Counter[str], source: str) -> Iterator[None]:
    counter[source] += 1
    try:
        yield
    finally:
        counter[source] -= 1
        if not counter[source]:
            del counter[source]
