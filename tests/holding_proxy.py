"""Stands in front of a node: a test may hold one request on its way there, or its answer on the way back."""

import http.client
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.deadlines import until

PATIENCE_SECONDS = 30.0


class Side(StrEnum):
    """Where it is held: the node has not seen the request yet, or has answered it."""

    REQUEST = "request"
    ANSWER = "answer"


@dataclass
class Hold:
    """One request, the first that fits, waits until the test decides."""

    method: str
    path_end: str
    side: Side
    arrived: threading.Event = field(default_factory=threading.Event)
    decided: threading.Event = field(default_factory=threading.Event)
    is_dropped: bool = False

    def wait(self) -> None:
        """It is being held now."""
        assert self.arrived.wait(PATIENCE_SECONDS), f"no {self.method} …{self.path_end} came"

    def release(self) -> None:
        self.decided.set()

    def drop(self) -> None:
        """It is lost; who waits for an answer sees the connection break."""
        self.is_dropped = True
        self.decided.set()


@dataclass(frozen=True)
class Exchange:
    """A request that the node has answered."""

    method: str
    path: str
    form: dict[str, list[str]]
    body: bytes
    status: int
    headers: dict[str, str]
    content: bytes


class HoldingProxy(ThreadingHTTPServer):
    """Passes requests on to `target`; what was answered can be looked at afterwards."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.target = ""
        self.holds: list[Hold] = []
        self.answered: list[Exchange] = []
        self.lock = threading.Lock()
        self.under_way = 0

    def hold(self, method: str, path_end: str, side: Side) -> Hold:
        wanted = Hold(method, path_end, side)
        with self.lock:
            self.holds.append(wanted)
        return wanted

    def take_hold(self, method: str, path: str) -> Hold | None:
        """Return the hold for this request, which then is used up."""
        with self.lock:
            for wanted in self.holds:
                if wanted.method == method and urlsplit(path).path.endswith(wanted.path_end):
                    self.holds.remove(wanted)
                    return wanted
        return None

    def wait_until_idle(self) -> None:
        """Everything that came has been answered or lost."""
        until(lambda: self.under_way == 0)

    def codes_redeemed(self) -> int:
        """Return how many codes the node has accepted."""
        return sum(
            exchange.status == http.HTTPStatus.OK
            for exchange in self.answered
            if exchange.form.get("grant_type") == ["authorization_code"]
        )

    @contextmanager
    def counted(self) -> Iterator[None]:
        with self.lock:
            self.under_way += 1
        try:
            yield
        finally:
            with self.lock:
                self.under_way -= 1

    def handle_error(self, request: object, client_address: object) -> None:
        """A peer that was killed, here or there, is what the test is about."""
        if not isinstance(sys.exc_info()[1], OSError | http.client.HTTPException):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Passing(BaseHTTPRequestHandler):
    server: HoldingProxy

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def do_PUT(self) -> None:
        self._pass_on()

    def do_DELETE(self) -> None:
        self._pass_on()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has there
        """Keep the test's output for the test."""

    def _pass_on(self) -> None:
        with self.server.counted():
            self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        held = self.server.take_hold(self.command, self.path)
        if held is not None and held.side is Side.REQUEST and not _may_go_on(held):
            return
        onward = http.client.HTTPConnection(urlsplit(self.server.target).netloc, timeout=PATIENCE_SECONDS)
        try:
            onward.request(self.command, self.path, body, dict(self.headers))
            answer = onward.getresponse()
            content = answer.read()
        finally:
            onward.close()
        form = parse_qs(body.decode(errors="replace"))
        self.server.answered.append(
            Exchange(self.command, self.path, form, body, answer.status, dict(self.headers), content)
        )
        if held is not None and held.side is Side.ANSWER and not _may_go_on(held):
            return
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _may_go_on(held: Hold) -> bool:
    held.arrived.set()
    assert held.decided.wait(PATIENCE_SECONDS), "the test forgot what it holds"
    return not held.is_dropped


@contextmanager
def holding_proxy() -> Iterator[HoldingProxy]:
    """Give a proxy; what it still holds at the end is dropped."""
    proxy = HoldingProxy()
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()
