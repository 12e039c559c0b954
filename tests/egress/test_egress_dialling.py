"""No spelling of an address, and no name, leads a call to a network that is not public."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

import pytest

from service.egress.addresses import SPECIAL_IPV4, SPECIAL_IPV6
from service.egress.client import Egress, EgressFailure, EgressPolicy, Reason
from tests.address_forms import HOSTS, NAMES, NameServer

PUBLIC, PUBLIC_SIX = "93.184.216.34", "2606:2800:220:1::1"


@dataclass
class Network:
    """What was dialled. Nothing answers; the listener on loopback counts who came although nobody may."""

    port: int
    opened: int = 0
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
    def ask_the_system(*_: object, **__: object) -> None:
        raise AssertionError("the system was asked what a name means")

    monkeypatch.setattr("service.egress.client.socket.getaddrinfo", ask_the_system)

    class CountedSocket(socket.socket):
        def __init__(self, *given: Any, **named: Any) -> None:
            found.opened += 1
            super().__init__(*given, **named)

    found = Network(0)
    server = await asyncio.start_server(found.on_connect, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", found.sock_connect)
    monkeypatch.setattr(socket, "socket", CountedSocket)
    async with server:
        yield found


async def reason_of(egress: Egress, url: str) -> Reason:
    """Return why the call failed; a call that succeeds fails the test."""
    async with aclosing(egress):
        with pytest.raises(EgressFailure) as failure:
            await egress.request("GET", url)
    return failure.value.reason


def test_there_are_at_least_sixty_spellings() -> None:
    assert len(set(HOSTS)) >= 60


@pytest.mark.anyio
@pytest.mark.parametrize("host", HOSTS)
async def test_no_spelling_of_a_special_address_is_dialled(network: Network, host: str) -> None:
    egress = Egress(EgressPolicy(ports=frozenset({network.port})), resolver=NameServer())

    assert await reason_of(egress, f"https://{host}:{network.port}/") is Reason.BLOCKED_ADDRESS
    assert (network.opened, network.dialled, network.connections) == (0, [], 0)


@pytest.mark.anyio
@pytest.mark.parametrize("name", NAMES)
async def test_no_name_leads_to_a_special_address(network: Network, name: str) -> None:
    egress = Egress(EgressPolicy(), resolver=NameServer())

    assert await reason_of(egress, f"https://{name}/") is Reason.BLOCKED_ADDRESS
    assert (network.opened, network.dialled) == (0, [])


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
@pytest.mark.parametrize("special", [*SPECIAL_IPV4, *SPECIAL_IPV6], ids=str)
async def test_no_name_leads_into_a_special_range(
    network: Network, special: IPv4Network | IPv6Network
) -> None:
    """Its first and its last address, alone and hidden among public ones, whichever of them comes first."""
    for address in (str(special[0]), str(special[-1])):
        for found in ((address,), (PUBLIC, address), (address, PUBLIC), (PUBLIC_SIX, PUBLIC, address)):
            egress = Egress(EgressPolicy(), resolver=NameServer({"tracker.example": found}))
            assert await reason_of(egress, "https://tracker.example/") is Reason.BLOCKED_ADDRESS, found
    assert (network.opened, network.dialled) == (0, [])


@pytest.mark.anyio
async def test_rebinding_between_two_look_ups(network: Network) -> None:
    """A name server that answers otherwise each time finds that each answer is judged by itself."""
    answers: list[tuple[str, ...]] = [
        (PUBLIC,),
        ("127.0.0.1",),
        (PUBLIC,),
        ("169.254.169.254",),
        (PUBLIC_SIX,),
        ("::1",),
    ]
    names = NameServer({}, changing={"tracker.example": list(answers)})
    reasons = []
    async with aclosing(Egress(EgressPolicy(), resolver=names)) as egress:
        for _ in answers:
            with pytest.raises(EgressFailure) as failure:
                await egress.request("GET", "https://tracker.example/")
            reasons.append(failure.value.reason)
    assert reasons == [Reason.REFUSED, Reason.BLOCKED_ADDRESS] * 3
    assert network.dialled == [PUBLIC, PUBLIC, PUBLIC_SIX]


@pytest.mark.anyio
async def test_an_open_and_a_closed_port_look_the_same(network: Network) -> None:
    """Nothing is opened for either, so there is nothing that could take longer for one of them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
    told = set()
    for port in (network.port, closed):
        policy = EgressPolicy(ports=frozenset({port}))
        for host in ("127.0.0.1", "[::1]", "localhost", "rebinding.example", "mapped.example"):
            opened = network.opened
            async with aclosing(Egress(policy, resolver=NameServer())) as egress:
                with pytest.raises(EgressFailure) as failure:
                    await egress.request("GET", f"https://{host}:{port}/")
            told.add((repr(failure.value), failure.value.__cause__))
            assert network.opened == opened
    assert told == {("EgressFailure('blocked_address')", None)}
    assert (network.dialled, network.connections) == ([], 0)


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
    monkeypatch.setattr("service.egress.client.check_url", lambda *_: None)

    assert await reason_of(Egress(EgressPolicy()), f"https://{host}/") is Reason.BLOCKED_ADDRESS
    assert network.dialled == []


@pytest.mark.anyio
async def test_a_name_that_does_not_exist_says_so(network: Network) -> None:
    egress = Egress(EgressPolicy(), resolver=NameServer())

    assert await reason_of(egress, "https://unknown.example/") is Reason.DNS
