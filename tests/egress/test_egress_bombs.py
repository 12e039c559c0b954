"""What a hostile host may send is cut off: compressed, endless, dripping or nested, over a real socket."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain, repeat

import pytest

from service.egress.client import Answer, Egress, EgressFailure, EgressPolicy, Reason
from tests.tls_peers import LOOPBACK

pytestmark = pytest.mark.anyio

MEGABYTE = 1024 * 1024
PIECE = b"x" * 65_536
ZEROS = bytes(20 * MEGABYTE)
GZIP, DEFLATE = gzip.compress(ZEROS), zlib.compress(ZEROS)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@dataclass
class Flood:
    """A host without TLS that sends what `pieces` yields for as long as somebody listens."""

    pieces: Callable[[], Iterator[bytes]]
    drips: bool = False
    port: int = 0
    sent: int = 0
    is_over: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def on_connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            for piece in self.pieces():
                writer.write(piece)
                await writer.drain()
                self.sent += len(piece)
                if self.is_over:
                    break
                if self.drips:
                    await a_moment()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self.ended.set()


async def a_moment() -> None:
    """Return in a hundredth of a second: long enough that a byte each time fills no buffer."""
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, done.set)
    await done.wait()


@asynccontextmanager
async def listening(flood: Flood) -> AsyncIterator[Flood]:
    server = await asyncio.start_server(flood.on_connect, "127.0.0.1", 0)
    flood.port = server.sockets[0].getsockname()[1]
    async with server:
        yield flood
        flood.is_over = True
        await flood.ended.wait()


async def ask(flood: Flood, *, seconds: float = 5.0, max_bytes: int | None = None) -> Answer:
    policy = EgressPolicy(development=True, allow_cidrs=LOOPBACK, timeout_seconds=seconds)
    async with listening(flood), aclosing(Egress(policy)) as egress:
        return await egress.request("GET", f"http://127.0.0.1:{flood.port}/", max_bytes=max_bytes)


async def reason_of(flood: Flood, *, seconds: float = 5.0) -> Reason:
    with pytest.raises(EgressFailure) as failure:
        await ask(flood, seconds=seconds)
    return failure.value.reason


def whole(head: bytes, body: bytes) -> Callable[[], Iterator[bytes]]:
    """Say this and end; the length is told."""
    return lambda: iter([head + b"Content-Length: %d\r\n\r\n" % len(body), body])


ENCODINGS = {
    "gzip": (b"Content-Encoding: gzip\r\n", GZIP),
    "x-gzip": (b"Content-Encoding: x-gzip\r\n", GZIP),
    "in capitals": (b"CONTENT-ENCODING: GZIP\r\n", GZIP),
    "deflate": (b"Content-Encoding: deflate\r\n", DEFLATE),
    "twice": (b"Content-Encoding: gzip, gzip\r\n", gzip.compress(GZIP)),
    "behind identity": (b"Content-Encoding: identity, gzip\r\n", GZIP),
    "in a second header": (b"Content-Encoding: identity\r\nContent-Encoding: gzip\r\n", GZIP),
    "br": (b"Content-Encoding: br\r\n", GZIP),
    "zstd": (b"Content-Encoding: zstd\r\n", GZIP),
    "not told": (b"", GZIP),
}


@pytest.mark.parametrize("name", ENCODINGS)
async def test_a_gzip_bomb_is_not_unpacked(name: str) -> None:
    """20 KB that would be 20 MB: refused by what it says it is, or taken for the bytes that it is."""
    more, body = ENCODINGS[name]
    flood = Flood(whole(OK + more, body))
    tracemalloc.start()
    try:
        with pytest.raises(EgressFailure) as failure:
            (await ask(flood)).json()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert failure.value.reason is Reason.NOT_JSON
    assert most < 8 * MEGABYTE


async def test_a_gzip_bomb_as_a_transfer_encoding() -> None:
    head = OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n"
    chunk = b"%x\r\n" % len(GZIP) + GZIP + b"\r\n0\r\n\r\n"
    with pytest.raises(EgressFailure):
        (await ask(Flood(lambda: iter([head, chunk])))).json()


def endless(head: bytes, piece: bytes) -> Callable[[], Iterator[bytes]]:
    """Say the head and then the piece, 20 MB of it."""

    def pieces() -> Iterator[bytes]:
        yield head
        for _ in range(20 * MEGABYTE // len(piece)):
            yield piece

    return pieces


CHUNK = b"%x\r\n" % len(PIECE) + PIECE + b"\r\n"
LINES = b"X-Padding: " + b"x" * 1000 + b"\r\n"
FLOODS = {
    "20 MB, as it says": (endless(OK + b"Content-Length: 20971520\r\n\r\n", PIECE), Reason.TOO_LARGE),
    "20 MB until it closes": (endless(OK + b"\r\n", PIECE), Reason.TOO_LARGE),
    "20 MB in chunks": (endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", CHUNK), Reason.TOO_LARGE),
    "20 MB in one header": (endless(OK + b"X-Padding: ", PIECE), Reason.CONNECTION_LOST),
    "20 MB in many headers": (endless(OK, LINES * 60), Reason.CONNECTION_LOST),
    "20 MB in the status line": (endless(b"HTTP/1.1 200 ", PIECE), Reason.CONNECTION_LOST),
}


@pytest.mark.parametrize("name", FLOODS)
async def test_20_mb_are_cut_off(name: str) -> None:
    pieces, reason = FLOODS[name]
    flood = Flood(pieces)
    assert await reason_of(flood) is reason
    assert flood.sent < 19 * MEGABYTE


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
KEPT_BY_NOBODY = {
    "a chunk's extension": (CHUNKED + b"1;", PIECE),
    "trailers": (CHUNKED + b"0\r\n", LINES * 60),
    "promises": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000),
    "empty lines": (b"", b"\r\n" * 1000),
}


@pytest.mark.parametrize("name", KEPT_BY_NOBODY)
async def test_what_has_no_end_ends_with_the_call(name: str) -> None:
    """What a reader throws away costs no memory, and no more than the time that a call may take."""
    head, piece = KEPT_BY_NOBODY[name]
    flood = Flood(lambda: chain([head], repeat(piece)))
    tracemalloc.start()
    try:
        reason = await reason_of(flood, seconds=0.5)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reason in {Reason.TIMEOUT, Reason.CONNECTION_LOST}
    assert most < 8 * MEGABYTE


DRIPS = {
    "the status line": endless(b"HTTP/1.1 200 O", b"K"),
    "a header": endless(OK + b"X-Slow: ", b"x"),
    "a body": endless(OK + b"Content-Length: 60000\r\n\r\n", b" "),
    "a body without length": endless(OK + b"\r\n", b" "),
    "chunks": endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "promises": endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
}


@pytest.mark.parametrize("name", DRIPS)
async def test_what_only_drips_is_cut_off(name: str) -> None:
    """Each byte comes soon after the one before: only a deadline for the whole call ends it."""
    assert await reason_of(Flood(DRIPS[name], drips=True), seconds=0.3) is Reason.TIMEOUT


DEEP = {
    "arrays": b"[" * 100_000 + b"]" * 100_000,
    "arrays that never close": b"[" * 100_000,
    "objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "both": b'[{"a":' * 50_000 + b"1" + b"}]" * 50_000,
    "behind a text full of quotes": b'["' + b'\\"' * 1000 + b'",' + b"[" * 100_000 + b"]" * 100_001,
}


@pytest.mark.parametrize("name", DEEP)
async def test_100_000_deep_json_is_not_parsed(name: str) -> None:
    """It is larger than what is usually read; where more may be read, its depth is seen before it is parsed."""
    with pytest.raises(EgressFailure) as failure:
        await ask(Flood(whole(OK, DEEP[name])))
    assert failure.value.reason is Reason.TOO_LARGE
    answer = await ask(Flood(whole(OK, DEEP[name])), max_bytes=MEGABYTE)
    with pytest.raises(EgressFailure) as failure:
        answer.json()
    assert failure.value.reason is Reason.NOT_JSON
