"""The server's side of HTTP, with an end to its patience: what uvicorn itself would wait for without end."""

from asyncio import BaseTransport, TimerHandle
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

# Who calls at a Unix socket: a proxy or a program on this machine, as at a port of loopback.
BELL, STOPPING = "parley.bell", "parley.stopping"
THIS_MACHINE = ("127.0.0.1", 0)
REFUSAL = (
    "HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: {length}\r\nConnection: close\r\nRetry-After: 5\r\n\r\n{sentence}"
)


class BoundedHttp(HttpToolsProtocol):
    """A request has to arrive in time, its head has to be small, and its answer has to be taken.

    httptools knows no bound for any of them, and a reverse proxy that buffers need not be there. An idle
    connection is closed after `timeout_keep_alive`, as uvicorn does it.
    """

    most_connections = 1_000
    most_head_bytes = 32_768
    arrival_seconds = 20.0
    reading_seconds = 30.0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head_bytes = 0
        self._reads_head = True
        self._arriving: TimerHandle | None = None
        self._unread: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """One connection too many is told so, and closed at once."""
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn says the same of its own
        if isinstance(transport.get_extra_info("sockname"), str):
            self.client = THIS_MACHINE
        self._await_request()
        if len(self.connections) > self.most_connections:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "There are too many connections.")

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing waits for it any more."""
        self._stop(self._arriving)
        self._stop(self._unread)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """What comes before the head is complete is counted: the parser would keep any number of bytes."""
        if self.transport.is_closing():
            return
        if self._reads_head:
            self._head_bytes += len(data)
            self._await_request()
        super().data_received(data)
        if self._reads_head and self._head_bytes > self.most_head_bytes and not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The head of the request is too large.")

    def on_message_begin(self) -> None:
        """The time for the whole request begins, if it has not with the connection or its first byte."""
        super().on_message_begin()
        self._await_request()

    def on_headers_complete(self) -> None:
        """A head that came in one piece is measured too."""
        self._reads_head, self._head_bytes = False, 0
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > self.most_head_bytes:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The head of the request is too large.")
            raise ValueError  # the parser stops here
        super().on_headers_complete()

    def shutdown(self) -> None:
        """The process is to stop: whoever only waits for a change gets the answer as it is."""
        scope = cast(
            "dict[str, Any] | None", self.scope
        )  # uvicorn says it is never None, and begins with None
        if scope is not None and BELL in scope:
            scope[STOPPING] = True
            scope[BELL].set()
        super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """What the parser does not understand is refused, unless it was refused before."""
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def on_message_complete(self) -> None:
        """The request has arrived; the next one on this connection has a head and a time of its own."""
        self._stop(self._arriving)
        self._arriving = None
        self._reads_head, self._head_bytes = True, 0
        super().on_message_complete()

    def pause_writing(self) -> None:
        """The peer does not take its answer; it has so long to go on."""
        super().pause_writing()
        self._stop(self._unread)
        self._unread = self.loop.call_later(self.reading_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The peer goes on reading."""
        super().resume_writing()
        self._stop(self._unread)
        self._unread = None

    def _await_request(self) -> None:
        if self._arriving is None:
            self._arriving = self.loop.call_later(self.arrival_seconds, self._too_slow)

    def _too_slow(self) -> None:
        """A request that nobody answers yet is told why; one that is being answered is cut off."""
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn says it is never None, and begins with None
        if cycle is None or cycle.response_complete:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request did not arrive in time.")
        else:
            self.transport.abort()

    def _refuse(self, status: HTTPStatus, sentence: str) -> None:
        self.transport.write(REFUSAL.format(status=status, length=len(sentence), sentence=sentence).encode())
        self.transport.close()

    @staticmethod
    def _stop(timer: TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()
