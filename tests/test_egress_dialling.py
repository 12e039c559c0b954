"""No spelling of an address, and no name, leads a call to a network that is not public."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from ipaddress import ip_network

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from service.egress import Egress, EgressFailure, EgressPolicy, Reason

# Every one of them means this machine, or a network behind it, to one parser or another.
HOSTS = (
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.0.0.1.",
    "127.255.255.254",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7f.1",
    "0X7F.0.0.1",
    "127.0.0.0x1",
    "127.000.000.001",
    "00000177.0.0.1",
    "4294967297",
    "0",
    "0.0.0.0",  # noqa: S104 - nobody listens there
    "0.0.0.1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "tracker.localhost",
    "10.0.0.1",
    "100.64.0.1",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[100::1]",
    "[2001::1]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "[2001:2::1]",
    "[2001:db8::1]",
    "[2002:7f00:1::]",
    "[3fff::1]",
    "[4000::1]",
    "[5f00::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[::1%25lo]",
    "[fec0::1]",
    "[ff02::1]",
    "[::1",
    "::1",
    "[127.0.0.1]",
    "[v1.127]",
    "\uff11\uff12\uff17.0.0.1",  # full-width digits
    "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",  # circled digits
    "127\u30020\u30020\u30021",  # ideographic full stops
    "local\u210bost",  # script capital H
    "localho\u017ft",  # long s, which a case-insensitive pattern takes for s
    "\u0661\u0662\u0667.0.0.1",  # Arabic digits
    "%31%32%37.0.0.1",
    "127.0.0.1%00.example.com",
    "example.com@127.0.0.1",
    "user:pass@127.0.0.1",
    "127.0.0.1\\@example.com",
    "127.0.0.1\t",
    " 127.0.0.1",
    "127.0.0.1\r\nHost: example.com",
    "127.0.0.1\x00",
    "-example.com",
    "example..com",
    "a" * 64 + ".example.com",
    "",
)
NAMES = {
    "rebinding.example": ("127.0.0.1",),
    "rebinding-six.example": ("::1",),
    "mapped.example": ("::ffff:127.0.0.1",),
    "mixed.example": ("93.184.216.34", "127.0.0.1"),
    "mixed-six.example": ("2606:2800:220:1::1", "fe80::1"),
    "metadata.example": ("169.254.169.254",),
    "translated.example": ("64:ff9b::a9fe:a9fe",),
    "zone.example": ("fe80::1%lo",),
    "nonsense.example": ("not an address",),
}


@dataclass
class NameServer(AbstractResolver):
    """Answers from a table; what it does not know, the system may not be asked."""

    names: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(NAMES))

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host == "localhost":
            return self._results(host, port, ("127.0.0.1",))
        if host not in self.names:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return self._results(host, port, self.names[host])

    def _results(self, host: str, port: int, addresses: tuple[str, ...]) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        pass


@dataclass
class Network:
    """What was dialled. Nothing answers; the listener on loopback counts who came although nobody may."""

    port: int
    dialled: list[str] = field(default_factory=list)
    connections: int = 0

    async def on_connect(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()

    async def sock_connect(self, _: socket.socket, address: tuple[str, int]) -> None:
        self.dialled.append(address[0])
        raise ConnectionRefusedError


@pytest.fixture
async def network(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Network]:
    found = Network(0)
    server = await asyncio.start_server(found.on_connect, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", found.sock_connect)
    async with server:
        yield found


async def reason_of(egress: Egress, url: str) -> Reason:
    """Return why the call failed; a call that succeeds fails the test."""
    async with aclosing(egress):
        with pytest.raises(EgressFailure) as failure:
            await egress.request("GET", url)
    return failure.value.reason


@pytest.mark.anyio
@pytest.mark.parametrize("host", HOSTS)
async def test_no_spelling_of_a_special_address_is_dialled(network: Network, host: str) -> None:
    egress = Egress(EgressPolicy(ports=frozenset({network.port})), resolver=NameServer())

    assert await reason_of(egress, f"https://{host}:{network.port}/") is Reason.BLOCKED_ADDRESS
    assert network.dialled == []
    assert network.connections == 0


@pytest.mark.anyio
@pytest.mark.parametrize("name", NAMES)
async def test_no_name_leads_to_a_special_address(network: Network, name: str) -> None:
    egress = Egress(EgressPolicy(), resolver=NameServer())

    assert await reason_of(egress, f"https://{name}/") is Reason.BLOCKED_ADDRESS
    assert network.dialled == []


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "rebinding.example"])
async def test_allowing_one_network_opens_no_other(network: Network, host: str) -> None:
    policy = EgressPolicy(allow_cidrs=(ip_network("10.0.0.0/8"),))

    assert (
        await reason_of(Egress(policy, resolver=NameServer()), f"https://{host}/") is Reason.BLOCKED_ADDRESS
    )
    assert network.dialled == []


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["10.1.2.3", "intranet.example"])
async def test_an_allowed_network_is_dialled(network: Network, host: str) -> None:
    policy = EgressPolicy(allow_cidrs=(ip_network("10.0.0.0/8"),))
    names = NameServer({"intranet.example": ("10.1.2.3",)})

    assert await reason_of(Egress(policy, resolver=names), f"https://{host}/") is Reason.REFUSED
    assert network.dialled == ["10.1.2.3"]


@pytest.mark.anyio
async def test_the_checked_address_is_the_one_dialled(network: Network) -> None:
    names = NameServer({"tracker.example": ("93.184.216.34",)})
    egress = Egress(EgressPolicy(), resolver=names)

    with pytest.raises(EgressFailure):
        await egress.request("GET", "https://tracker.example/")
    names.names["tracker.example"] = ("127.0.0.1",)

    assert await reason_of(egress, "https://tracker.example/") is Reason.BLOCKED_ADDRESS
    assert network.dialled == ["93.184.216.34"]


@pytest.mark.anyio
async def test_development_reaches_loopback_by_its_own_name_only(network: Network) -> None:
    policy = EgressPolicy(development=True)

    assert await reason_of(Egress(policy, resolver=NameServer()), "http://localhost:81/") is Reason.REFUSED
    assert await reason_of(Egress(policy), "http://127.0.0.1:81/") is Reason.REFUSED
    assert await reason_of(Egress(policy), "http://[::1]:81/") is Reason.REFUSED
    assert network.dialled == ["127.0.0.1", "127.0.0.1", "::1"]
    for url in (
        "https://rebinding.example/",
        "http://tracker.example/",
        "http://10.0.0.1/",
        "https://10.0.0.1/",
    ):
        egress = Egress(policy, resolver=NameServer())
        assert await reason_of(egress, url) is Reason.BLOCKED_ADDRESS
    mapped = Egress(policy)
    assert await reason_of(mapped, "http://[::ffff:127.0.0.1]:81/") is Reason.BLOCKED_ADDRESS
    assert len(network.dialled) == 3


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1"])
async def test_the_socket_itself_is_refused(
    network: Network, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """Even a URL that slipped through the first check reaches nobody."""
    monkeypatch.setattr("service.egress.check_url", lambda *_: None)

    assert await reason_of(Egress(EgressPolicy()), f"https://{host}/") is Reason.BLOCKED_ADDRESS
    assert network.dialled == []


@pytest.mark.anyio
async def test_a_name_that_does_not_exist_says_so(network: Network) -> None:
    egress = Egress(EgressPolicy(), resolver=NameServer())

    assert await reason_of(egress, "https://unknown.example/") is Reason.DNS
