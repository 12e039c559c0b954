"""A probe is no port scanner and no flood: what it may not call stays dark, and it ends soon."""

import asyncio
import socket

import httpx
import pytest
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

from service.discovery import search
from service.discovery.probes import Outcome, Probe
from service.discovery.reasons import ProbeReason
from service.egress.client import Egress, EgressPolicy
from tests.discovery.asking_node import asking_node
from tests.discovery.fake_web import NODE, TRACKER, FakeWeb, metadata_url, put_node, put_resource
from tests.tls_peers import LOOPBACK, Peer, listening

pytestmark = pytest.mark.anyio


class Resolver(AbstractResolver):
    """Knows one name; it means an address of a private network."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host != "intern.example":
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        found = ResolveResult(hostname=host, host="10.1.2.3", port=port, family=family, proto=0, flags=0)
        return [found]

    async def close(self) -> None:
        pass


class Probes:
    """Asks over a real way out that may call loopback, with the given ports and patience."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url

    async def ask(self, url: str, *ports: int, seconds: float = 5.0) -> Probe:
        policy = EgressPolicy(allow_cidrs=LOOPBACK, ports=frozenset({443, *ports}), timeout_seconds=seconds)
        egress = Egress(policy, resolver=Resolver())
        async with asking_node(self._database_url, egress) as asker:
            return await asker.ask(url)


@pytest.fixture
def probes(sqlite_url: str) -> Probes:
    return Probes(sqlite_url)


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def test_a_name_that_nobody_knows(probes: Probes) -> None:
    found = await probes.ask("https://nobody.example")
    assert (found.outcome, found.reason) == (Outcome.NOTHING_THERE, ProbeReason.DNS)
    assert "don't have a URL" in str(found.fix)


async def test_a_port_where_nobody_listens(probes: Probes) -> None:
    port = closed_port()
    found = await probes.ask(f"https://127.0.0.1:{port}", port)
    assert (found.outcome, found.reason) == (Outcome.NOTHING_THERE, ProbeReason.REFUSED)


async def test_a_certificate_that_nobody_trusts(probes: Probes) -> None:
    async with listening(Peer(), trustme.CA()) as peer:
        found = await probes.ask(peer.url, peer.port)
    assert (found.outcome, found.reason) == (Outcome.NOTHING_THERE, ProbeReason.TLS)
    assert peer.heard == []


async def test_a_host_that_says_nothing(probes: Probes) -> None:
    async with listening(Peer(says=b""), None) as peer:
        found = await probes.ask(peer.url, peer.port, seconds=0.2)
    assert (found.outcome, found.reason) == (Outcome.NOTHING_THERE, ProbeReason.TIMEOUT)
    assert peer.connections == 1


async def test_a_name_that_leads_to_a_private_network(probes: Probes) -> None:
    found = await probes.ask("https://intern.example/redmine")
    assert (found.outcome, found.reason) == (Outcome.BLOCKED, ProbeReason.BLOCKED_ADDRESS)


def told(probe: Probe) -> tuple[object, ...]:
    return (probe.outcome, probe.reason, probe.detail, probe.fix, probe.modes, probe.issuer, probe.platform)


async def test_open_and_closed_ports_of_a_blocked_address_look_the_same(sqlite_url: str) -> None:
    async with listening(Peer(), trustme.CA()) as peer:
        policy = EgressPolicy(ports=frozenset({peer.port, (closed := closed_port())}))
        async with asking_node(sqlite_url, Egress(policy)) as asker:
            at_open = await asker.ask(peer.url)
            at_closed = await asker.ask(f"https://127.0.0.1:{closed}")
            elsewhere = await asker.ask("https://169.254.169.254/latest/meta-data")
    assert told(at_open) == told(at_closed) == told(elsewhere)
    assert at_open.outcome is Outcome.BLOCKED
    assert peer.connections == 0


@pytest.mark.parametrize(
    "url", ["http://acme.example:8080", "https://acme.example:22", "https://2130706433/"]
)
async def test_schemes_ports_and_notations_that_may_not_be_called(sqlite_url: str, url: str) -> None:
    web = FakeWeb()
    async with asking_node(sqlite_url, web.egress()) as asker:
        assert (await asker.ask(url)).outcome is Outcome.BLOCKED
    assert web.asked == []


async def test_a_host_cannot_send_the_probe_to_a_private_address(sqlite_url: str) -> None:
    web = FakeWeb()
    put_resource(web, TRACKER, "https://10.0.0.1/i/x", "http://169.254.169.254/latest")
    async with asking_node(sqlite_url, web.egress()) as asker:
        found = await asker.ask(TRACKER)
    assert (found.outcome, found.reason) == (Outcome.NOTHING_THERE, ProbeReason.NOT_A_NODE)
    assert {httpx.URL(url).host for url in web.asked} == {"tracker.acme.example"}


async def test_one_link_causes_few_calls(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    web = FakeWeb()
    async with asking_node(sqlite_url, web.egress()) as asker:
        await asker.ask(f"{TRACKER}/" + "/".join("abcdefghij"))
        assert len(web.asked) <= search.MAX_CALLS
        assert not any("/a/b/c/d" in url for url in web.asked[1:])
        monkeypatch.setattr(search, "MAX_CALLS", 3)
        web.asked.clear()
        await asker.ask(f"{TRACKER}/browse/ABC-1")
        assert len(web.asked) == 3


async def test_a_host_may_name_many_nodes_but_few_are_asked(sqlite_url: str) -> None:
    web = FakeWeb()
    put_resource(web, TRACKER, *(f"https://n{number}.example" for number in range(50)))
    async with asking_node(sqlite_url, web.egress()) as asker:
        await asker.ask(TRACKER)
    assert (
        len([url for url in web.asked if ".example" in url and TRACKER not in url])
        == search.MAX_NAMED_ISSUERS
    )


async def test_of_many_instances_at_one_tracker_few_are_asked(sqlite_url: str) -> None:
    web = FakeWeb()
    async with asking_node(sqlite_url, web.egress()) as asker:
        for number in range(5):
            await asker.add(f"n{number}", TRACKER)
        await asker.ask(TRACKER)
    assert len([url for url in web.asked if "/i/n" in url]) == search.MAX_LISTED


class SlowWeb(FakeWeb):
    """Each page named here is answered never."""

    slow = ""

    async def answer(self, request: httpx.Request) -> httpx.Response:
        if self.slow and self.slow in str(request.url):
            await asyncio.Event().wait()
        return await super().answer(request)


async def test_the_whole_search_has_an_end(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "SEARCH_SECONDS", 0.1)
    web = SlowWeb()
    web.slow = "oauth-protected-resource"
    async with asking_node(sqlite_url, web.egress()) as asker:
        found = await asker.ask(TRACKER)
    assert (found.outcome, found.reason) == (Outcome.NOTHING_THERE, ProbeReason.TIMEOUT)


async def test_a_slow_tracker_does_not_hide_its_node(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "CONFIRM_SECONDS", 0.1)
    web = SlowWeb()
    web.slow = "tracker.acme.example"
    put_node(web)
    async with asking_node(sqlite_url, web.egress()) as asker:
        found = await asker.ask(NODE)
    assert (found.outcome, found.tracker_url_confirmed) == (Outcome.NODE_FOUND, False)
    assert web.asked[0] == metadata_url(NODE)


def test_the_whole_probe_takes_ten_seconds_at_most() -> None:
    assert search.SEARCH_SECONDS + search.CONFIRM_SECONDS <= 10
