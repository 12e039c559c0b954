"""What a connection may cost: time, bytes and places end, whatever the other end of the socket does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from service.http.server import BoundedHttp
from tests.deadlines import PATIENCE_SECONDS

pytestmark = pytest.mark.anyio
GET = b"GET / HTTP/1.1\r\nHost: here\r\n"
POST = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: "
SOON = 0.2
MORE_THAN_ANY_BUFFER = 20_000_000
OK = b"HTTP/1.1 200 OK"
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large"
TOO_SLOW = b"HTTP/1.1 408 Request Timeout"
Found = TypeVar("Found")


class Application:
    """Reads the body where it is asked to, answers as much as it is asked to, and tells how it ended."""

    def __init__(self, *, reads: bool = True, answers: int = 2) -> None:
        self.reads = reads
        self.answer = b"x" * answers
        self.bodies: list[bytes] = []
        self.ended = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", self.reads
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.ended.set()
                return
            body += message["body"]
            more = message["more_body"]
        self.bodies.append(body)
        headers = [(b"content-length", str(len(self.answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for start in range(0, len(self.answer), 65_536):
            more = start + 65_536 < len(self.answer)
            part = self.answer[start : start + 65_536]
            await send({"type": "http.response.body", "body": part, "more_body": more})
        self.ended.set()


class Client:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @property
    def is_closed(self) -> bool:
        """True where the other end has closed the connection, in whichever way."""
        return self.reader.at_eof() or self.reader.exception() is not None

    async def say(self, what: bytes) -> None:
        self.writer.write(what)
        await self.writer.drain()

    async def drip(self, what: bytes = b"x") -> None:
        """Go on with one byte after the other until the other end has had enough, or for ten times as long."""
        for _ in range(100):
            if self.is_closed:
                return
            try:
                await self.say(what)
                async with asyncio.timeout(SOON / 10):
                    await self.reader.read(1_000)
            except TimeoutError:
                continue
            except ConnectionError:
                return

    async def flood(self, what: bytes, most: int) -> int:
        """Return how many bytes went out before the other end had enough of them, or `most`."""
        for sent in range(0, most, len(what)):
            try:
                await self.say(what)
            except ConnectionError:
                return sent
        return most

    async def rest(self) -> bytes:
        """Return all that comes until the connection is closed."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self.reader.read()
        except ConnectionError:
            return b""

    async def answer(self) -> bytes:
        """Return one small answer."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.reader.readuntil(b"\r\n\r\n") + await self.reader.readexactly(2)


async def soon(what: Awaitable[Found]) -> Found | None:
    """Return what comes, None where it does not. Server and test share a loop: where one is late, so is the other."""
    waiting = asyncio.ensure_future(what)
    for _ in range(10):
        if not waiting.done():
            await asyncio.wait({waiting}, timeout=SOON)
    if waiting.done():
        return waiting.result()
    waiting.cancel()
    return None


@asynccontextmanager
async def server(app: ASGIApp, **bounds: float) -> AsyncIterator[Callable[[], Awaitable[Client]]]:
    """Give what connects to a server with these bounds."""
    kind = type("Bounded", (BoundedHttp,), bounds)
    config, state = Config(app, http=kind, lifespan="off", log_config=None), ServerState()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: kind(config, state, {}), "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    clients: list[Client] = []

    async def connect() -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", port))
        clients.append(client)
        return client

    try:
        yield connect
    finally:
        for client in clients:
            client.writer.close()
        listening.close()
        await asyncio.gather(*state.tasks, return_exceptions=True)


async def test_requests_come_one_after_the_other_and_before_their_answers(anyio_backend: str) -> None:
    app = Application()
    async with server(app) as connect:
        client = await connect()
        for body in (b"", b"x" * 60_000, b"y"):
            await client.say(POST + b"%d\r\n\r\n" % len(body) + body)
            assert (await client.answer()).startswith(OK)
        await client.say((GET + b"\r\n") * 3)
        for _ in range(3):
            assert (await client.answer()).startswith(OK)
    assert [len(body) for body in app.bodies] == [0, 60_000, 1, 0, 0, 0]


async def test_a_head_that_has_no_end_is_cut_off(anyio_backend: str) -> None:
    async with server(Application()) as connect:
        client = await connect()
        await client.say(GET + b"X: ")
        assert await client.flood(b"x" * 100_000, MORE_THAN_ANY_BUFFER) < MORE_THAN_ANY_BUFFER


@pytest.mark.parametrize(
    "head",
    [
        b"".join(b"X%d: %s\r\n" % (number, b"x" * 100) for number in range(400)),
        b"X: " + b"x" * 40_000 + b"\r\n",
    ],
    ids=["many", "long"],
)
async def test_a_large_head_is_refused_in_whatever_pieces_it_comes(anyio_backend: str, head: bytes) -> None:
    async with server(app := Application()) as connect:
        whole = await connect()
        await whole.say(GET + head + b"\r\n")
        assert (await whole.rest()).startswith(TOO_LARGE)
        later = await connect()
        await later.say(GET + b"\r\n")
        assert (await later.answer()).startswith(OK)
        await later.say(GET + head[:30_000])
        await later.say(head[30_000:] + b"\r\n")
        assert (await later.rest()).startswith(TOO_LARGE)
        usual = await connect()
        await usual.say(GET + head[:1_000] + b"\r\n\r\n")
        assert (await usual.answer()).startswith(OK)
    assert len(app.bodies) == 2


@pytest.mark.parametrize(
    "begun", [b"", b"\r\n", b"GET /", GET + b"X"], ids=["nothing", "a line", "a word", "a header"]
)
async def test_who_says_nothing_or_never_comes_to_an_end_is_sent_away(
    anyio_backend: str, begun: bytes
) -> None:
    async with server(Application(), arrival_seconds=SOON) as connect:
        client = await connect()
        await client.say(begun)
        said = await soon(client.rest())
        assert said is not None, "it still waits"
        assert said.startswith(TOO_SLOW)


@pytest.mark.parametrize("drop", [b"\r\n", b"x"], ids=["empty lines", "letters"])
async def test_the_second_request_on_a_connection_has_no_more_time(anyio_backend: str, drop: bytes) -> None:
    async with server(Application(), arrival_seconds=SOON) as connect:
        client = await connect()
        await client.say(GET + b"\r\n")
        await client.answer()
        await client.drip(drop)
        assert client.is_closed


async def test_a_body_that_never_ends_ends_the_request(anyio_backend: str) -> None:
    async with server(app := Application(), arrival_seconds=SOON) as connect:
        client = await connect()
        await client.say(POST + b"1000000\r\n\r\nx")
        await client.drip()
        assert client.is_closed
        assert await client.rest() == b""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await app.ended.wait()
    assert app.bodies == []


async def test_a_body_that_nobody_reads_does_not_hold_the_connection(anyio_backend: str) -> None:
    async with server(app := Application(reads=False), arrival_seconds=SOON) as connect:
        client = await connect()
        await client.say(POST + b"1000000\r\n\r\nx")
        assert (await client.answer()).startswith(OK)
        await client.drip()
        assert client.is_closed
    assert app.bodies == [b""]


async def test_who_does_not_take_the_answer_is_cut_off(anyio_backend: str) -> None:
    """Nothing else could end it: the application waits for a place to write to."""
    async with server(app := Application(answers=50_000_000), reading_seconds=SOON) as connect:
        client = await connect()
        await client.say(GET + b"\r\n")
        assert await soon(app.ended.wait())


async def test_who_reads_slowly_gets_all_of_it(anyio_backend: str) -> None:
    async with server(Application(answers=3_000_000)) as connect:
        client = await connect()
        await client.say(GET + b"Connection: close\r\n\r\n")
        assert len(await client.rest()) > 3_000_000


async def test_a_connection_too_many_is_told_so(anyio_backend: str) -> None:
    async with server(Application(), most_connections=2) as connect:
        first, second = await connect(), await connect()
        for client in (first, second):
            await client.say(GET + b"\r\n")
            assert (await client.answer()).startswith(OK)
        third = await connect()
        refused = await soon(third.rest())
        assert refused is not None, "it was let in"
        assert refused.startswith(b"HTTP/1.1 503 Service Unavailable")
        assert b"\r\nRetry-After: 5\r\n" in refused
        await first.say(GET + b"Connection: close\r\n\r\n")
        assert (await first.rest()).startswith(OK)
        fourth = await connect()
        await fourth.say(GET + b"\r\n")
        assert (await fourth.answer()).startswith(OK)
