"""The one way out: calls to hosts that others named, to checked addresses, limited in time and size."""

import asyncio
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, cast

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver
from httpx_aiohttp import AiohttpTransport

from service.egress.addresses import is_public_address
from service.egress.answers import Answer
from service.egress.host_names import AddressRefused, CheckedResolver, SystemResolver
from service.egress.policy import EgressFailure, EgressPolicy, Reason, check_url, may_dial, parse_address

__all__ = ["Answer", "Egress", "EgressFailure", "EgressPolicy", "Reason", "check_url", "is_public_address"]

# Shorter than the five seconds after which uvicorn closes an idle connection.
KEEP_ALIVE_SECONDS = 4.0
CONNECTIONS = 100
CONNECTIONS_PER_HOST = 20
HEADERS = {"Accept-Encoding": "identity", "User-Agent": "Parley"}
AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]


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
        self._resolver = CheckedResolver(policy, resolver or SystemResolver())
        if transport:  # no certificate is looked at, and to read all authorities takes longer than to start
            self._client, self._by_proxy = _client(transport), _client(transport) if policy.proxy else None
            return
        context = ssl_context or ssl_context_of(policy)
        self._client = _client(_guarded_transport(policy, context, self._resolver))
        self._by_proxy = _client(_proxied_transport(policy, context)) if policy.proxy else None

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
                client = await self._way_to(request.url)
                response = await client.send(request, stream=True, auth=auth)
                try:
                    return await _read(response, limit)
                finally:
                    await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError) as error:
            raise EgressFailure(_reason(error)) from None

    async def _way_to(self, url: httpx.URL) -> httpx.AsyncClient:
        """Return the client for this host; the proxy hears of one only when all its addresses may be dialled."""
        if self._by_proxy is None or not self._policy.goes_by_proxy(url.host):
            return self._client
        if parse_address(url.host) is None:
            await self._resolver.resolve(url.host, url.port or 443)
        return self._by_proxy

    async def aclose(self) -> None:
        """Every connection is closed."""
        await self._client.aclose()
        if self._by_proxy is not None:
            await self._by_proxy.aclose()


def ssl_context_of(policy: EgressPolicy) -> ssl.SSLContext:
    """Return what certificates are checked against: the public authorities, and the operator's own beside them.

    Raises OSError for a file that cannot be read, or has no certificate.
    """
    context = httpx.create_ssl_context()
    if policy.ca_file:
        context.load_verify_locations(cafile=policy.ca_file)
    return context


def _client(transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=transport,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        trust_env=False,
        follow_redirects=False,
        timeout=None,  # noqa: S113 - one deadline spans the whole call instead
    )


def _guarded_transport(
    policy: EgressPolicy, context: ssl.SSLContext, resolver: AbstractResolver
) -> AiohttpTransport:
    def open_session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            ssl=context,
            socket_factory=_socket_guard(policy),
            resolver=resolver,
            use_dns_cache=False,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            limit=CONNECTIONS,
            limit_per_host=CONNECTIONS_PER_HOST,
        )
        return _session(connector)

    return AiohttpTransport(verify=context, trust_env=False, client=open_session)


def _proxied_transport(policy: EgressPolicy, context: ssl.SSLContext) -> AiohttpTransport:
    """Return what dials the operator's proxy and nothing else, and asks it for a tunnel: TLS is with the host."""

    def open_session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=context, keepalive_timeout=KEEP_ALIVE_SECONDS, limit=CONNECTIONS)
        return _session(connector)

    url = httpx.URL(policy.proxy)
    login = f"{url.username}:{url.password}".encode()
    headers = {"Proxy-Authorization": f"Basic {b64encode(login).decode()}"} if url.username else None
    proxy = httpx.Proxy(url.copy_with(username="", password=""), headers=headers)
    return AiohttpTransport(verify=context, trust_env=False, client=open_session, proxy=proxy)


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), middlewares=(_once,)
    )


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
    ((aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError), Reason.PROXY),
    ((aiohttp.ClientConnectorDNSError, socket.gaierror), Reason.DNS),
    ((ssl.SSLError, ssl.CertificateError, aiohttp.ClientSSLError), Reason.TLS),
    ((TimeoutError,), Reason.TIMEOUT),
    ((ConnectionResetError, ConnectionAbortedError, BrokenPipeError), Reason.CONNECTION_LOST),
    ((aiohttp.ClientConnectorError,), Reason.REFUSED),
)
