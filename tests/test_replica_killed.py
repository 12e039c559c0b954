"""Two replicas of each node on PostgreSQL; one is killed in the middle, and the other, which was there, carries on."""

import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from service.demo.run import DemoBrowser
from service.trust.sealing import new_key
from tests import databases, wizard
from tests.deadlines import until
from tests.holding_proxy import Hold, HoldingProxy, Side, holding_proxy
from tests.processes import Instance, NodeProcess, started_node
from tests.wizard import Attempt

ALICE = {"login": "alice", "password": "alice-sandbox"}


@dataclass
class Replicas:
    """One node as two processes on one database, behind a door that leads to one of them."""

    door: HoldingProxy
    working: NodeProcess
    waiting: NodeProcess

    def open_door(self) -> None:
        """Both run, and the door leads to the working one."""
        for replica in (self.working, self.waiting):
            replica.wait_until_ready()
        self.door.target = self.working.url
        self.door.answered.clear()

    def lose_one(self, held: Hold) -> None:
        """The working replica dies with what is held, and the door leads to the other one."""
        held.wait()
        self.working.kill()
        self.working, self.waiting = self.waiting, self.working
        self.door.target = self.working.url

    def replace_the_lost(self) -> None:
        """There are two again."""
        if self.waiting.server.has_ended():
            self.waiting.server.start()

    @contextmanager
    def one_asleep(self) -> Iterator[None]:
        """Only the working replica takes jobs inside the block; the other one is there, and takes none yet."""
        process = self.waiting.server.process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)


@dataclass
class Partners:
    """A asks B; each is an instance of a node that has two replicas."""

    a: Replicas
    b: Replicas
    asking: Instance
    asked: Instance

    def to_consent(self) -> tuple[Attempt, DemoBrowser]:
        """Return an attempt, and a browser that is in front of its decision."""
        attempt, browser = self.to_start()
        browser.submit()
        browser.submit(ALICE)
        return attempt, browser

    def to_start(self) -> tuple[Attempt, DemoBrowser]:
        """Return an attempt, and a browser that is in front of its start page."""
        attempt = wizard.begin(self.asking, self.asked)
        browser = DemoBrowser()
        browser.client.timeout = httpx.Timeout(30)
        browser.open(attempt.start_url)
        browser.submit(ALICE)
        return attempt, browser

    def agree(self, attempt: Attempt) -> None:
        """Both are active, over one code; no job of this attempt is left open on either side."""
        wizard.agree(attempt)
        assert self.b.door.codes_redeemed() == 1


@contextmanager
def replicas(folder: Path, name: str, database_url: str) -> Iterator[Replicas]:
    with holding_proxy() as door, ExitStack() as stack:
        settings = {"sealing_keys": new_key(), "job_lease_seconds": "1", "rate_limits": "false"}
        nodes = [
            stack.enter_context(
                started_node(
                    folder, f"{name}{number}", database_url=database_url, public_url=door.url, **settings
                )
            )
            for number in (1, 2)
        ]
        yield Replicas(door, *nodes)


@pytest.fixture(scope="module")
def both(
    postgres_url: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Partners]:
    folder = tmp_path_factory.mktemp("replicas")
    with ExitStack() as stack:
        a, b = (
            stack.enter_context(
                replicas(
                    folder,
                    name,
                    stack.enter_context(databases.postgres_copy(postgres_url, postgres_template)),
                )
            )
            for name in ("a", "b")
        )
        for node in (a, b):
            node.open_door()
        yield Partners(a, b, *(_instance(node, name) for node, name in ((a, "a"), (b, "b"))))


def _instance(node: Replicas, slug: str) -> Instance:
    """Return an instance that is reached through the node's door."""
    made = node.working.add_instance(slug)
    return replace(made, node=replace(node.working, url=node.door.url))


@pytest.fixture
def partners(both: Partners) -> Iterator[Partners]:
    """Two replicas of each run."""
    for node in (both.a, both.b):
        node.replace_the_lost()
    for node in (both.a, both.b):
        node.open_door()
    yield both
    for node in (both.a, both.b):
        node.door.holds.clear()


@contextmanager
def meanwhile(browser: DemoBrowser, button: str | None = None) -> Iterator["Future[None]"]:
    """The person presses the button and waits; when the answer is lost, the page stays as it was."""

    def press() -> None:
        with suppress(httpx.TransportError):
            browser.submit(button=button)

    with ThreadPoolExecutor(1) as threads:
        yield threads.submit(press)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("method", "path_end", "side"),
    [
        pytest.param("POST", "/oauth/token", Side.REQUEST, id="code on its way"),
        pytest.param("PUT", "/activation", Side.ANSWER, id="other side active, answer on its way"),
    ],
)
def test_the_asking_replica_that_finishes_the_set_up_is_killed(
    partners: Partners, method: str, path_end: str, side: Side
) -> None:
    attempt, browser = partners.to_consent()
    held = partners.b.door.hold(method, path_end, side)
    with partners.a.one_asleep():
        browser.submit(button="accept")
        partners.a.lose_one(held)
    held.drop()
    partners.agree(attempt)


def test_the_asked_replica_is_killed_before_it_can_activate(partners: Partners) -> None:
    attempt, browser = partners.to_consent()
    held = partners.b.door.hold("PUT", "/activation", Side.REQUEST)
    browser.submit(button="accept")
    partners.b.lose_one(held)
    held.drop()
    partners.agree(attempt)


@pytest.mark.exhaustive
def test_the_asked_replica_is_killed_after_the_decision_which_counts_once(partners: Partners) -> None:
    attempt, browser = partners.to_consent()
    held = partners.b.door.hold("POST", "", Side.ANSWER)
    with meanwhile(browser, "accept"):
        partners.b.lose_one(held)
        held.drop()
    browser.submit(button="accept")
    assert browser.url == attempt.start_url
    partners.agree(attempt)


@pytest.mark.exhaustive
def test_the_asking_replica_is_killed_when_it_has_the_code(partners: Partners) -> None:
    attempt, browser = partners.to_consent()
    held = partners.a.door.hold("GET", "/oauth/callback", Side.ANSWER)
    with meanwhile(browser, "accept"):
        partners.a.lose_one(held)
        held.drop()
    browser.open(attempt.start_url)
    assert "other side accepted" in browser.page or "is active on both sides" in browser.page
    partners.agree(attempt)


@pytest.mark.exhaustive
def test_the_asking_replica_is_killed_while_it_pushes(partners: Partners) -> None:
    attempt, browser = partners.to_start()
    held = partners.b.door.hold("POST", "/oauth/par", Side.REQUEST)
    with meanwhile(browser):
        partners.a.lose_one(held)
        held.drop()
    browser.submit()
    browser.submit(ALICE)
    browser.submit(button="accept")
    partners.agree(attempt)


@pytest.mark.exhaustive
def test_the_closing_replica_is_killed_before_the_other_side_was_told(partners: Partners) -> None:
    attempt, browser = partners.to_consent()
    browser.submit(button="accept")
    shared_id = wizard.agree(attempt)
    held = partners.b.door.hold("DELETE", "", Side.REQUEST)
    with partners.a.one_asleep():
        partners.asking.call("DELETE", f"/v1/connections/{attempt.connection_id}")
        partners.a.lose_one(held)
    held.drop()

    def at_b() -> list[tuple[str, str | None]]:
        listed = partners.asked.call("GET", "/v1/connections")["items"]
        return [(item["state"], item["reason"]) for item in listed if item["shared_id"] == shared_id]

    assert until(at_b, accept=lambda shown: shown != [("active", None)]) == [("closed", "closed_by_peer")]
    until(attempt.connection, accept=lambda shown: shown["destination"]["state"] == "closed")
