"""An HTTP/1.1 client that costs next to nothing: one connection for each host, kept alive, one request at a time."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are in small letters, and cookies stand apart because there may be several."""

    status: int
    headers: dict[str, str]
    cookies: tuple[str, ...]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class HttpClient:
    """Connections to any number of origins; whoever needs two requests at once takes two clients."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_how: object) -> None:
        for netloc in list(self._open):
            self._close(netloc)

    async def request(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Return the answer, redirects as they are."""
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = [f"{method} {target or '/'} HTTP/1.1", f"host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body or method not in {"GET", "DELETE"}:
            lines.append(f"content-length: {len(body)}")
        sent = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        try:
            return await self._exchange(parts.netloc, sent)
        except (asyncio.IncompleteReadError, ConnectionError):
            self._close(parts.netloc)
            if method != "GET":
                raise
            return await self._exchange(parts.netloc, sent)

    async def _exchange(self, netloc: str, sent: bytes) -> Answer:
        if netloc not in self._open:
            host, _, port = netloc.partition(":")
            self._open[netloc] = await asyncio.open_connection(host, int(port), limit=1 << 20)
        reader, writer = self._open[netloc]
        writer.write(sent)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers, cookies = {}, []
        for line in head[1:-2]:
            name, _, value = line.partition(":")
            if name.lower() == "set-cookie":
                cookies.append(value.strip())
            else:
                headers[name.lower()] = value.strip()
        body = await _read_body(reader, headers)
        if headers.get("connection", "").lower() == "close":
            self._close(netloc)
        return Answer(int(head[0].split(" ", 2)[1]), headers, tuple(cookies), body)

    def _close(self, netloc: str) -> None:
        if netloc in self._open:
            self._open.pop(netloc)[1].close()


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if "chunked" not in headers.get("transfer-encoding", ""):
        return await reader.readexactly(int(headers.get("content-length", "0")))
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readline()
    return body
