"""The one way out: calls to hosts that others named, to checked addresses, limited in time and size."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, cast

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from httpx_aiohttp import AiohttpTransport

from service.egress.addresses import is_public_address
from service.egress.answers import Answer
from service.egress.policy import EgressFailure, EgressPolicy, Reason, check_url, may_dial, parse_address
from service.limits.at_once import keep_place_until

__all__ = ["Answer", "Egress", "EgressFailure", "EgressPolicy", "Reason", "check_url", "is_public_address"]

# Shorter than the five seconds after which uvicorn closes an idle connection.
KEEP_ALIVE_SECONDS = 4.0
CONNECTIONS = 100
CONNECTIONS_PER_HOST = 20
# Strangers have 20 places to make this node look at hosts and 20 for client documents (docs/limits.md): a look that
# goes on to a second slow name takes two of these, and most are left for the hosts of partners.
DNS_THREADS = 128
NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
HEADERS = {"Accept-Encoding": "identity", "User-Agent": "Parley"}
AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]


class AddressRefused(OSError):
    """This address may not be dialled; no packet was sent to it.

    An OSError, because the connector passes only these on with their cause.
    """


class BrokenOff(aiohttp.ClientError):
    """The connection broke before the answer came."""


class Egress:
    """One shared client for all calls; it follows nothing, keeps nothing, and raises EgressFailure only."""

    def __init__(
        self,
        policy: EgressPolicy,
        transport: httpx.AsyncBaseTransport | None = None,
        ssl_context: ssl.SSLContext | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._policy = policy
        self._client = httpx.AsyncClient(
            transport=transport or _guarded_transport(policy, ssl_context, resolver),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # noqa: S113 - one deadline spans the whole call instead
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        basic_auth: tuple[str, str] | None = None,
        max_bytes: int | None = None,
    ) -> Answer:
        """Return the answer of the URL's host, redirects included as they are; raises EgressFailure.

        `max_bytes` limits the body, 64 KiB unless the policy says otherwise.
        """
        check_url(url, self._policy)
        auth = httpx.BasicAuth(*basic_auth) if basic_auth else None
        limit = self._policy.max_bytes if max_bytes is None else max_bytes
        try:
            request = self._client.build_request(method, url, headers=_headers(headers), json=json, data=form)
        except ValueError:
            raise EgressFailure(Reason.BLOCKED_ADDRESS) from None
        try:
            async with asyncio.timeout(self._policy.timeout_seconds):
                response = await self._client.send(request, stream=True, auth=auth)
                try:
                    return await _read(response, limit)
                finally:
                    await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError) as error:
            raise EgressFailure(_reason(error)) from None

    async def aclose(self) -> None:
        """Every connection is closed."""
        await self._client.aclose()


class _SystemResolver(AbstractResolver):
    """Asks the system in threads of its own, so that names that are slow to resolve hold up nothing else.

    No look-up can be called off. So each name has one at a time, whoever asks, and whoever has a place for what
    strangers may cause keeps it until the look-up has ended: a hostile name server takes a few threads (ADR 0032).
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(DNS_THREADS, "dns")
        self._under_way: dict[tuple[str, int, int], Future[Any]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        look_up = self._look_up(host, port, family)
        keep_place_until(look_up)
        answer = asyncio.wrap_future(look_up)
        answer.add_done_callback(_retrieve)
        found = await asyncio.shield(answer)
        return [
            ResolveResult(
                hostname=host, host=str(address[0]), port=port, family=family, proto=protocol, flags=NUMERIC
            )
            for family, _, protocol, _, address in found
        ]

    def _look_up(self, host: str, port: int, family: socket.AddressFamily) -> Future[Any]:
        """Return the look-up of this name that is under way, or a new one."""
        self._under_way = {name: each for name, each in self._under_way.items() if not each.done()}
        name = (host, port, int(family))
        if name not in self._under_way:
            self._under_way[name] = self._threads.submit(
                socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
            )
        return self._under_way[name]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _retrieve(answer: asyncio.Future[Any]) -> None:
    """Nobody has to wait for it any more, and asyncio does not complain about that."""
    if not answer.cancelled():
        answer.exception()


class _CheckedResolver(AbstractResolver):
    """Resolves names; one address that may not be dialled refuses them all."""

    def __init__(self, policy: EgressPolicy, inner: AbstractResolver) -> None:
        self._policy = policy
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        for result in found:
            address = parse_address(result["host"])
            if address is None or not may_dial(host.lower(), address, self._policy):
                raise AddressRefused
        return found

    async def close(self) -> None:
        await self._inner.close()


def _guarded_transport(
    policy: EgressPolicy, ssl_context: ssl.SSLContext | None, resolver: AbstractResolver | None
) -> AiohttpTransport:
    context = ssl_context or httpx.create_ssl_context()

    def open_session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            ssl=context,
            socket_factory=_socket_guard(policy),
            resolver=_CheckedResolver(policy, resolver or _SystemResolver()),
            use_dns_cache=False,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            limit=CONNECTIONS,
            limit_per_host=CONNECTIONS_PER_HOST,
        )
        return aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), middlewares=(_once,)
        )

    return AiohttpTransport(verify=context, trust_env=False, client=open_session)


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request once: aiohttp repeats what is idempotent, but a tracker counts each wrong password."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise BrokenOff from error


def _socket_guard(policy: EgressPolicy) -> Callable[[AddressInfo], socket.socket]:
    """Return what opens each socket: it sees the very address that is dialled next.

    A check any earlier is bypassed by DNS rebinding.
    """

    def open_socket(info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, (host, *_) = info
        address = parse_address(str(host))
        if address is None or not may_dial(str(address), address, policy):
            raise AddressRefused
        return socket.socket(family, kind, protocol)

    return open_socket


def _headers(given: Mapping[str, str] | None) -> httpx.Headers:
    """Return the headers to send; a value that a peer gave us may not break out of its line."""
    headers = httpx.Headers(given, encoding="ascii")
    headers.update(HEADERS)
    if not all(value.isprintable() for value in headers.values()):
        raise ValueError
    return headers


async def _read(response: httpx.Response, limit: int) -> Answer:
    """Return the whole body; what is encoded or too large is refused before it is held in memory."""
    if response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise EgressFailure(Reason.NOT_JSON)
    # Not aiter_raw(): it takes a response that a test made from whole content for one that was read already.
    stream = cast("httpx.AsyncByteStream", response.stream)
    body = bytearray()
    async for chunk in stream:
        body += chunk
        if len(body) > limit:
            raise EgressFailure(Reason.TOO_LARGE)
    return Answer(response.status_code, dict(response.headers), bytes(body))


def _reason(error: BaseException) -> Reason:
    """Return why the call failed, read from the chain of causes: the transport's own classes say less."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__
    for kinds, reason in _REASONS:
        if any(isinstance(link, kinds) for link in chain):
            return reason
    return Reason.CONNECTION_LOST


_REASONS: tuple[tuple[tuple[type[BaseException], ...], Reason], ...] = (
    ((AddressRefused,), Reason.BLOCKED_ADDRESS),
    ((aiohttp.ClientConnectorDNSError, socket.gaierror), Reason.DNS),
    ((ssl.SSLError, ssl.CertificateError, aiohttp.ClientSSLError), Reason.TLS),
    ((TimeoutError,), Reason.TIMEOUT),
    ((ConnectionResetError, ConnectionAbortedError, BrokenPipeError), Reason.CONNECTION_LOST),
    ((aiohttp.ClientConnectorError,), Reason.REFUSED),
)
