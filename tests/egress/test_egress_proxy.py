"""The operator's own authority and proxy: both widen what can be reached, and neither what may be called."""

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult
from pydantic import ValidationError

from service.egress.client import Egress, EgressFailure, EgressPolicy, Reason
from service.settings import Settings
from service.trust.sealing import new_key
from tests.tls_peers import LOOPBACK, Peer, listening

HOST = "tracker.example.com"
PUBLIC, PRIVATE = "93.184.215.14", "10.1.2.3"

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


class Names(AbstractResolver):
    """Every name has this one address."""

    def __init__(self, address: str | None) -> None:
        self.address = address

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if self.address is None:
            raise socket.gaierror
        return [ResolveResult(hostname=host, host=self.address, port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        pass


@dataclass
class Proxy:
    """Opens a tunnel to the peer, whatever host it is asked for; `says` is its answer to a CONNECT."""

    peer: Peer
    says: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n"
    port: int = 0
    heard: list[str] = field(default_factory=list)

    async def on_connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(self.says)
        if b"200" not in self.says:
            writer.close()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self.peer.port)
        await asyncio.gather(_pour(reader, back), _pour(there, writer))


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def proxied(authority: trustme.CA, says: bytes | None = None) -> AsyncIterator[tuple[Proxy, Peer]]:
    """Give a proxy in front of a peer that has a certificate for the host."""
    peer = Peer()
    async with listening(peer, authority, HOST):
        proxy = Proxy(peer) if says is None else Proxy(peer, says)
        server = await asyncio.start_server(proxy.on_connect, "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
        async with server:
            yield proxy, peer


def policy(proxy: Proxy, ca_file: str, hosts: set[str] | None = None, login: str = "") -> EgressPolicy:
    return EgressPolicy(
        ca_file=ca_file,
        proxy=f"http://{login}127.0.0.1:{proxy.port}",
        proxy_hosts=frozenset({HOST} if hosts is None else hosts),
    )


async def fail(policy: EgressPolicy, address: str | None, url: str = f"https://{HOST}/") -> Reason:
    async with aclosing(Egress(policy, resolver=Names(address))) as egress:
        with pytest.raises(EgressFailure) as failure:
            await egress.request("GET", url)
    return failure.value.reason


async def test_an_authority_of_ones_own_counts_once_its_file_is_named(
    authority: trustme.CA, ca_file: str
) -> None:
    async with listening(Peer(), authority) as peer:
        ports = frozenset({peer.port})
        async with aclosing(Egress(EgressPolicy(allow_cidrs=LOOPBACK, ports=ports))) as egress:
            with pytest.raises(EgressFailure) as failure:
                await egress.request("GET", peer.url)
        assert failure.value.reason is Reason.TLS
        async with aclosing(
            Egress(EgressPolicy(allow_cidrs=LOOPBACK, ports=ports, ca_file=ca_file))
        ) as egress:
            assert (await egress.request("GET", peer.url)).status == 200


async def test_a_listed_host_is_called_through_a_tunnel(authority: trustme.CA, ca_file: str) -> None:
    async with proxied(authority) as (proxy, peer):
        ours = policy(proxy, ca_file, login="alice:secret@")
        async with aclosing(Egress(ours, resolver=Names(PUBLIC))) as egress:
            answer = await egress.request("GET", f"https://{HOST}/x", headers={"Authorization": "Bearer t"})
    assert answer.status == 200
    assert proxy.heard[0].startswith(f"CONNECT {HOST}:443 ")
    assert base64.b64encode(b"alice:secret").decode() in proxy.heard[0]
    assert "Bearer" not in proxy.heard[0], "what is said to the host is for the host alone"
    assert b"Proxy-Authorization" not in peer.heard[0]
    assert "secret" not in repr(ours)


@pytest.mark.parametrize(
    ("address", "url", "reason"),
    [
        pytest.param(
            PRIVATE, f"https://{HOST}/", Reason.BLOCKED_ADDRESS, id="a private address behind the name"
        ),
        pytest.param(
            "127.0.0.1", f"https://{HOST}/", Reason.BLOCKED_ADDRESS, id="this machine behind the name"
        ),
        pytest.param(None, f"https://{HOST}/", Reason.DNS, id="no such name"),
        pytest.param(PUBLIC, f"http://{HOST}/", Reason.BLOCKED_ADDRESS, id="http"),
        pytest.param(PUBLIC, f"https://{HOST}:22/", Reason.BLOCKED_ADDRESS, id="another port"),
        pytest.param(PUBLIC, f"https://{PRIVATE}/", Reason.BLOCKED_ADDRESS, id="a listed private address"),
    ],
)
async def test_the_proxy_never_hears_of_what_may_not_be_called(
    authority: trustme.CA, ca_file: str, address: str | None, url: str, reason: Reason
) -> None:
    async with proxied(authority) as (proxy, _):
        assert await fail(policy(proxy, ca_file, {HOST, PRIVATE}), address, url) is reason
        assert not proxy.heard


@pytest.mark.parametrize("hosts", [set(), {"example.com"}, {f"x.{HOST}"}], ids=str)
async def test_no_other_host_goes_by_the_proxy(authority: trustme.CA, ca_file: str, hosts: set[str]) -> None:
    async with proxied(authority) as (proxy, _):
        await fail(policy(proxy, ca_file, hosts), PRIVATE)
        assert not proxy.heard


@pytest.mark.parametrize(
    "says",
    [b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", b"HTTP/1.1 403 Forbidden\r\n\r\n"],
    ids=["wrong login", "not allowed"],
)
async def test_a_proxy_that_refuses_is_named_as_such(
    authority: trustme.CA, ca_file: str, says: bytes
) -> None:
    async with proxied(authority, says) as (proxy, _):
        assert await fail(policy(proxy, ca_file), PUBLIC) is Reason.PROXY


async def test_a_proxy_that_is_away_is_named_as_such(authority: trustme.CA, ca_file: str) -> None:
    async with proxied(authority) as (proxy, _):
        ours = policy(proxy, ca_file)
    assert await fail(ours, PUBLIC) is Reason.PROXY


async def test_the_certificate_of_the_host_counts_and_not_that_of_the_proxy(authority: trustme.CA) -> None:
    async with proxied(authority) as (proxy, _):
        assert await fail(policy(proxy, ""), PUBLIC) is Reason.TLS


@pytest.mark.parametrize(
    "wrong",
    [
        {"egress_proxy": "socks5://proxy:1080"},
        {"egress_proxy": "proxy:3128"},
        {"egress_proxy": "http://proxy.example"},
        {"egress_ca_file": "/nowhere/ca.pem"},
    ],
    ids=str,
)
def test_what_can_be_no_proxy_and_no_file_is_refused_at_the_start(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Settings(public_url="https://a.test", sealing_keys=new_key(), **wrong)  # type: ignore[arg-type]
