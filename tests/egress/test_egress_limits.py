"""What the one way out allows where nobody said more, and what a refusal does not tell."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from ipaddress import IPv6Address, ip_address, ip_network

import anyio
import httpx
import pytest
import trustme

from service.egress.addresses import SPECIAL_IPV4, SPECIAL_IPV6
from service.egress.client import Answer, Egress, EgressFailure, EgressPolicy, Reason, check_url
from service.egress.policy import may_dial
from tests.tls_peers import Peer, egress_to, listening

PATIENCE_SECONDS = 2.0
DEFAULTS: dict[str, Callable[[EgressPolicy], bool]] = {
    "ports 443 8443": lambda policy: policy.ports == {443, 8443},
    "five seconds in all": lambda policy: policy.timeout_seconds == 5,
    "64 kb": lambda policy: policy.max_bytes == 64 * 1024,
    "opened by the operator only": lambda policy: policy.allow_cidrs == (),
    "production": lambda policy: not policy.development,
}
SPECIAL = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
    *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    *("::/128", "::1/128", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23"),
    *(
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    ),
)


@pytest.mark.parametrize("is_so", DEFAULTS.values(), ids=DEFAULTS.keys())
def test_unless_the_operator_says_more(is_so: Callable[[EgressPolicy], bool]) -> None:
    assert is_so(EgressPolicy())


@pytest.mark.parametrize("network", SPECIAL)
def test_each_special_range_is_listed(network: str) -> None:
    """By an explicit list, written down here a second time: what the standard library thinks changes."""
    wanted = ip_network(network)
    listed = SPECIAL_IPV4 if wanted.version == 4 else SPECIAL_IPV6
    assert any(wanted.subnet_of(known) for known in listed)  # type: ignore[arg-type]


def test_an_address_with_a_zone_is_never_dialled() -> None:
    """Also where its network was opened: a zone is a network card of this machine."""
    policy = EgressPolicy(allow_cidrs=(ip_network("fd00::/8"),))
    assert may_dial("tracker.example", ip_address("fd00::1"), policy)
    assert not may_dial("tracker.example", IPv6Address("fd00::1%eth0"), policy)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "says",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"],
    ids=["the whole call", "the body"],
)
async def test_the_deadline_spans(says: bytes) -> None:
    """A peer that never finishes holds nothing up for longer."""
    authority = trustme.CA()
    peer, reason = Peer(says, keeps_open=True), None
    async with listening(peer, authority), aclosing(egress_to(peer, authority, seconds=0.2)) as egress:
        with anyio.move_on_after(PATIENCE_SECONDS):
            try:
                await egress.request("GET", peer.url)
            except EgressFailure as failure:
                reason = failure.reason
    assert reason is Reason.TIMEOUT


def test_an_address_is_judged_before_any_packet() -> None:
    """Whoever stores a URL asks this too, long before anything is called."""
    for host in ("169.254.169.254", "10.0.0.1", "[::1]", "[64:ff9b::a9fe:a9fe]", "localhost"):
        with pytest.raises(EgressFailure):
            check_url(f"https://{host}/", EgressPolicy())


@pytest.mark.anyio
async def test_a_redirect_is_not_followed() -> None:
    seen: list[str] = []

    def redirect(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        return httpx.Response(302 if len(seen) == 1 else 200, headers={"Location": "/inside"})

    async with aclosing(Egress(EgressPolicy(), httpx.MockTransport(redirect))) as egress:
        answer = await egress.request("GET", "https://tracker.example/")
    assert (answer.status, seen) == (302, ["/"])


@pytest.mark.anyio
async def test_no_proxy_variables_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would dial for us, past every check of addresses."""
    authority = trustme.CA()
    proxy, peer = Peer(), Peer()
    async with listening(proxy, None), listening(peer, authority):
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        async with aclosing(egress_to(peer, authority)) as egress:
            with suppress(EgressFailure):
                await egress.request("GET", peer.url)
    assert (proxy.connections, peer.connections) == (0, 1)


def test_json_only_with_a_nesting_cap() -> None:
    deep = b"[" * 33 + b"]" * 33
    with pytest.raises(EgressFailure):
        Answer(200, {"content-type": "application/json"}, deep).json()


@pytest.mark.anyio
async def test_never_the_connect_error_of_a_refused_target() -> None:
    """What was tried, and how it was refused, would tell whoever chose the target about our network."""

    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("10.1.2.3:443 answered: ssh-2.0")

    async with aclosing(Egress(EgressPolicy(), httpx.MockTransport(refuse))) as egress:
        with pytest.raises(EgressFailure) as failure:
            await egress.request("GET", "https://tracker.example/")
    assert failure.value.__cause__ is None
    assert failure.value.__suppress_context__
    assert "10.1.2.3" not in str(failure.value)


class Gate(Peer):
    """Answers nobody before it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = asyncio.Event()
        self.arrived = 0

    async def on_connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.arrived += 1
        await self.opened.wait()
        await super().on_connect(reader, writer)


@pytest.mark.anyio
@pytest.mark.parametrize("bound", ["CONNECTIONS", "CONNECTIONS_PER_HOST"])
async def test_no_more_connections_are_open_at_once(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    """In all, and to one host: a call too many waits for its turn."""
    monkeypatch.setattr("service.egress.client." + bound, 2)
    authority, gate = trustme.CA(), Gate()
    async with listening(gate, authority), aclosing(egress_to(gate, authority, seconds=30)) as egress:
        calls = [asyncio.create_task(egress.request("GET", gate.url)) for _ in range(4)]
        async with asyncio.timeout(30):
            while gate.arrived < 2:
                await asyncio.wait(calls, timeout=0.01)
        for _ in range(20):
            await asyncio.wait(calls, timeout=0.01)
        at_once = gate.arrived
        gate.opened.set()
        assert {answer.status for answer in await asyncio.gather(*calls)} == {200}
    assert (at_once, gate.arrived) == (2, 4)
