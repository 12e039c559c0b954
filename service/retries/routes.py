"""Where an answer is seen before its effect is committed: a route whose POSTs may be retried."""

from collections.abc import Callable, Coroutine
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from service.http.queries import ApiRoute
from service.retries.once import AlreadyAnswered, once_of, replay

SUCCESS = range(200, 300)


class RetryableRoute(ApiRoute):
    """As its parent. What was done once is not done again for a request with the same Idempotency-Key.

    The transaction of a request ends after its handler has returned the answer, and before anything of that is sent:
    what is added to it here is committed with the effect, or not at all.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler that keeps its answer, or returns the one that was kept."""
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            try:
                response = await handle(request)
                once = once_of(request)
                if once is not None and response.status_code in SUCCESS:
                    await once.store(response)
            except AlreadyAnswered as answered:
                await answered.once.forget()
                return replay(answered)
            return response

        return handle_once
