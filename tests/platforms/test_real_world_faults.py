"""What trackers do in the real world: each fault has a problem of its own, says the way out, and nothing is lost."""

from __future__ import annotations

import html
import ssl
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
import httpx
import pytest

from tests.nodes import Person, RunningNode
from tests.pairs import Pair, read
from tests.platforms.fake_server import FakeServer, reply
from tests.platforms.recorded_redmine import RecordedRedmine

PAGE = "<html><title>Maintenance</title></html>"
Trouble = httpx.Response | Exception


def caused_by(cause: BaseException, error: type[httpx.TransportError] = httpx.ConnectError) -> Exception:
    """Return what the transport raises for this cause."""
    raised = error("no answer")
    raised.__cause__ = cause
    return raised


@dataclass(frozen=True)
class Fault:
    """What the tracker does, and what a program and a person are told of it."""

    name: str
    trouble: Trouble
    reason: str
    cause: str | None
    told: str
    retry_after: str | None = None

    def __str__(self) -> str:
        return self.name


FAULTS = (
    Fault(
        "slow",
        caused_by(TimeoutError(), httpx.ReadTimeout),
        "unreachable",
        "timeout",
        "did not answer in time",
    ),
    Fault("gone", caused_by(aiohttp.ClientOSError()), "unreachable", "connection_lost", "broke off"),
    Fault(
        "a certificate of an unknown authority",
        caused_by(ssl.SSLCertVerificationError("self-signed")),
        "unreachable",
        "tls",
        "PARLEY_EGRESS_CA_FILE",
    ),
    Fault(
        "a proxy that refuses",
        caused_by(aiohttp.ClientHttpProxyError(None, (), status=403)),  # type: ignore[arg-type]
        "unreachable",
        "proxy",
        "PARLEY_EGRESS_PROXY",
    ),
    Fault(
        "asked too often",
        reply({}, 429, {"Retry-After": "30"}),
        "rate_limited",
        None,
        "Try again in 30 seconds",
        "30",
    ),
    Fault("a fault of its own", reply(PAGE, 500), "unreachable", "server_error", "HTTP status 500"),
    Fault(
        "maintenance",
        reply(PAGE, 503, {"Retry-After": "120"}),
        "unreachable",
        "server_error",
        "HTTP status 503",
        "120",
    ),
    Fault("a page instead of JSON", reply(PAGE), "unexpected_answer", None, "single sign-on stands in front"),
    Fault(
        "half of an answer",
        httpx.Response(200, headers={"content-type": "application/json"}, content=b'{"user": {"id'),
        "unexpected_answer",
        None,
        "did not answer as",
    ),
    Fault(
        "an answer without an end",
        httpx.Response(200, headers={"content-type": "application/json"}, content=b" " * 5_000_000),
        "unexpected_answer",
        "too_large",
        "too much",
    ),
)


class Tracker(httpx.AsyncBaseTransport):
    """A platform that answers to its admin; in trouble it does nothing but that."""

    def __init__(self, healthy: httpx.MockTransport) -> None:
        self.healthy = healthy
        self.trouble: Trouble | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.trouble is None:
            return await self.healthy.handle_async_request(request)
        if isinstance(self.trouble, Exception):
            raise self.trouble
        return httpx.Response(
            self.trouble.status_code, headers=self.trouble.headers, content=self.trouble.content
        )


@dataclass(frozen=True)
class Kind:
    """A platform, where two of its instances are, and how its admin signs in."""

    platform: str
    here: str
    there: str
    method: str
    values: dict[str, str]
    answers: Callable[[], httpx.MockTransport]

    def __str__(self) -> str:
        return self.platform


def redmine() -> httpx.MockTransport:
    """It tells strangers from accounts in a way of its own."""
    return RecordedRedmine({"/users/current.json": "admin_users_current"}).transport


def jira_cloud() -> httpx.MockTransport:
    """It is asked in the three steps that all adapters share."""
    me = {"accountId": "5b10", "emailAddress": "olga@example.com", "displayName": "Olga", "active": True}
    granted = {"permissions": {"ADMINISTER": {"havePermission": True}}}
    about = {"deploymentType": "Cloud", "version": "1001.0.0", "serverTitle": "Acme"}
    proven = {"/rest/api/3/myself": me, "/rest/api/3/mypermissions": granted}
    return FakeServer(proven, {"/rest/api/3/serverInfo": about}).transport


KINDS = (
    Kind(
        "redmine",
        "https://acme.example/redmine",
        "https://globex.example/redmine",
        "api_key",
        {"api_key": "a" * 40},
        redmine,
    ),
    Kind(
        "jira_cloud",
        "https://acme.atlassian.net",
        "https://globex.atlassian.net",
        "api_token",
        {"email": "olga@example.com", "token": "a" * 40},
        jira_cloud,
    ),
)
pytestmark = pytest.mark.anyio


async def front(node: RunningNode, kind: Kind, url: str) -> Tracker:
    """Return the tracker that the node's new instance is; its connections have a user."""
    tracker = Tracker(kind.answers())
    node.network.hosts[httpx.URL(url).host] = tracker
    body = {
        "slug": "tracker",
        "name": "Tracker",
        "platform": kind.platform,
        "url": url,
        "credential": {"method": kind.method, "values": kind.values},
    }
    node.instance, node.slug = read(await node.api.post("/v1/instances", json=body), 201), "tracker"
    return tracker


async def sign_in(person: Person, kind: Kind) -> None:
    forms = [set(kind.values) <= set(form.fields) for form in person.forms()]
    await person.submit(kind.values, form=forms.index(True))


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_fault_at_the_sign_in_has_its_own_problem_and_the_set_up_goes_on_after_it(
    pair: Pair, kind: Kind, fault: Fault
) -> None:
    """And one between the sign-in and the decision takes nothing away: who proved to be an admin decides."""
    await front(pair.a, kind, kind.here)
    there = await front(pair.b, kind, kind.there)
    draft = await pair.draft("script")
    person = await pair.person()
    await person.open((await pair.session(draft))["start_url"])
    await sign_in(person, kind)
    await person.submit()
    there.trouble = fault.trouble
    await sign_in(person, kind)
    assert person.status in {424, 503}
    assert fault.told in html.unescape(person.page)
    body = {"instance": "tracker", "method": kind.method, "values": kind.values}
    answer = await pair.b.api.post("/v1/sessions", json=body)
    problem = read(answer, 424)
    assert (problem["code"], problem["upstream"]["reason"]) == ("platform-unreachable", fault.reason)
    assert problem["upstream"].get("cause") == fault.cause
    assert fault.told in problem["detail"]
    assert fault.retry_after in {None, answer.headers["retry-after"]}
    waiting = await pair.shown(draft)
    assert (waiting["state"], waiting["mode"], waiting["last_error"]) == ("pending", "script", None)
    there.trouble = None
    await sign_in(person, kind)
    assert "Accept this connection?" in person.page
    there.trouble = fault.trouble
    await person.open(person.url)
    assert "The stored user of connections cannot be used now" in person.page
    assert fault.told in html.unescape(person.page)
    await person.submit(button="accept")
    await pair.a.work()
    assert (await pair.shown(draft))["state"] == "active"


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_check_of_an_instance_names_the_fault(pair: Pair, kind: Kind, fault: Fault) -> None:
    tracker = await front(pair.a, kind, kind.here)
    tracker.trouble = fault.trouble
    found = read(await pair.a.api.post(f"/v1/instances/{pair.a.instance['id']}/checks"), 200)
    assert not found["ok"]
    address = found["checks"][0]
    assert address["ok"] is False
    assert address["fix"]
    assert "HTTP status 5" not in fault.told or fault.told in address["detail"]
    assert fault.reason != "rate_limited" or fault.told in address["detail"]
    tracker.trouble = None
    again = read(await pair.a.api.post(f"/v1/instances/{pair.a.instance['id']}/checks"), 200)
    assert again["checks"][1] == {**again["checks"][1], "name": "sign_in", "ok": True}


async def test_a_tracker_below_a_path_is_found_behind_a_redirect_to_https(pair: Pair) -> None:
    """An old bookmark has http, and the server leads on to https: this node goes there by itself, never by http."""
    kind = KINDS[0]
    pasted = "http://acme.example/redmine/issues/42"
    asked: list[str] = []
    recorded = RecordedRedmine({"/users/current.json": "admin_users_current"})

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        if request.url.scheme == "http":
            return httpx.Response(301, headers={"location": str(request.url.copy_with(scheme="https"))})
        return await recorded.transport.handle_async_request(request)

    pair.network.hosts["acme.example"] = httpx.MockTransport(answer)
    found = await pair.post("/v1/destination-probes", {"instance": pair.a.slug, "url": pasted}, expected=200)
    assert (found["platform"], found["tracker_url"]) == ("redmine", kind.here)
    body = {"slug": "redmine", "name": "Redmine", "platform": "redmine", "url": pasted}
    assert (await pair.post("/v1/instances", body))["url"] == kind.here
    signing_in = {"instance": "redmine", "method": kind.method, "values": kind.values}
    assert (await pair.post("/v1/sessions", signing_in))["login"] == "admin"
    assert asked
    assert not [url for url in asked if url.startswith("http://")]
