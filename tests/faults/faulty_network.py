"""A network that loses, doubles, delays and reorders what flies along one arrow."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

import httpx

from tests.faults.arrows import LASTING, Arrow, Fault
from tests.nodes import Network


class FaultyNetwork(Network):
    """Does what it is told to one arrow; `struck` says whether it has.

    `redeemed` counts how often each code was, `claimed` has the keys that each invitation was granted to.
    """

    def __init__(self) -> None:
        super().__init__()
        self.arrow: Arrow | None = None
        self.fault: Fault | None = None
        self.struck = 0
        self.held: httpx.Request | None = None
        self.redeemed: Counter[str] = Counter()
        self.claimed: defaultdict[str, set[str]] = defaultdict(set)
        self.does: dict[Fault, Callable[[httpx.Request], Awaitable[httpx.Response]]] = {
            Fault.REQUEST_LOST: self._lose_request,
            Fault.REQUESTS_LOST: self._lose_request,
            Fault.REPLY_LOST: self._lose_reply,
            Fault.REPLIES_LOST: self._lose_reply,
            Fault.DOUBLED: self._double,
            Fault.SECOND_REPLY: self._answer_second,
            Fault.LATE: self._hold,
            Fault.REORDERED: self._hold,
            Fault.STALE: self._hold,
        }

    def plan(self, arrow: Arrow, fault: Fault) -> None:
        """The fault strikes when the arrow flies next."""
        self.arrow, self.fault, self.struck = arrow, fault, 0

    def heal(self) -> None:
        """From now on everything arrives, once and in time."""
        self.fault = None

    def reset(self) -> None:
        """As new: nothing planned, held back or counted."""
        self.arrow = self.fault = self.held = None
        self.struck = 0
        self.redeemed.clear()
        self.claimed.clear()
        self.lose_answers.clear()

    async def release(self) -> None:
        """What is held back arrives now; nobody waits for its answer any more."""
        held, self.held = self.held, None
        if held is not None:
            await self._arrive(held)

    async def carry(self, request: httpx.Request) -> httpx.Response:
        fault = self.fault if self.arrow is not None and self.arrow.is_this(request) else None
        if fault is not None and (fault in LASTING or not self.struck):
            self.struck += 1
            return await self.does[fault](request)
        answer = await self._arrive(request)
        if self.held is not None and self._comes_before_the_held(request):
            await self.release()
        return answer

    def _comes_before_the_held(self, request: httpx.Request) -> bool:
        """True for the retry of a late request, and for what overtook a reordered one."""
        assert self.held is not None
        assert self.arrow is not None
        if self.fault is Fault.LATE:
            return self.arrow.is_this(request)
        return self.fault is Fault.REORDERED and request.url.host == self.held.url.host

    async def _arrive(self, request: httpx.Request) -> httpx.Response:
        answer = await super().carry(request)
        if answer.status_code == 200 and b"grant_type=authorization_code" in request.content:
            self.redeemed.update(parse_qs(request.content.decode())["code"])
        if answer.status_code == 201 and request.url.path.endswith("/oauth/register"):
            (key,) = json.loads(request.content)["jwks"]["keys"]
            self.claimed[request.headers["authorization"]].add(key["x"])
        return answer

    async def _lose_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("the request was lost", request=request)

    async def _lose_reply(self, request: httpx.Request) -> httpx.Response:
        await self._arrive(request)
        raise httpx.ReadTimeout("the answer was lost", request=request)

    async def _double(self, request: httpx.Request) -> httpx.Response:
        both = await asyncio.gather(self._arrive(request), self._arrive(request))
        return min(both, key=lambda answer: answer.status_code)

    async def _answer_second(self, request: httpx.Request) -> httpx.Response:
        await self._arrive(request)
        return await self._arrive(request)

    async def _hold(self, request: httpx.Request) -> httpx.Response:
        self.held = request
        raise httpx.ReadTimeout("it takes too long", request=request)
