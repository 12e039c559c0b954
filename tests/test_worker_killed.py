"""P7 to P9 with kill -9 at every moment that matters: both sides end active, and the code is redeemed once."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

import pytest

from service.demo.run import DemoBrowser
from tests import databases, wizard
from tests.holding_proxy import HoldingProxy, Side, holding_proxy
from tests.processes import Instance, ParleyProcess, started_node
from tests.wizard import Attempt

ALICE = {"login": "alice", "password": "alice-sandbox"}
MOMENTS = [
    pytest.param("POST", "/oauth/token", Side.REQUEST, id="code on its way"),
    pytest.param("POST", "/oauth/token", Side.ANSWER, id="code redeemed, answer on its way"),
    pytest.param("PUT", "/activation", Side.REQUEST, id="activation on its way"),
    pytest.param("PUT", "/activation", Side.ANSWER, id="other side active, answer on its way"),
]


# The moment at which most would be lost; the exhaustive run has the others, too.
WORST = MOMENTS[1]
IN_EVERY_RUN = [
    moment if moment is WORST else pytest.param(*moment.values, id=moment.id, marks=pytest.mark.exhaustive)
    for moment in MOMENTS
]


@dataclass
class Pair:
    """A asks B through the proxy; `working` is the process that does A's jobs, its server or a worker beside it."""

    a: Instance
    b: Instance
    proxy: HoldingProxy
    working: ParleyProcess

    def recover(self) -> None:
        """Whatever does A's jobs is started again."""
        self.working.start()
        self.a.node.wait_until_ready()

    def accept(self) -> Attempt:
        """Return an attempt that both admins have agreed to; from here on the nodes are by themselves."""
        attempt = wizard.begin(self.a, self.b)
        browser = DemoBrowser()
        with closing(browser.client):
            browser.open(attempt.start_url)
            browser.submit(ALICE)
            browser.submit()
            browser.submit(ALICE)
            browser.submit(button="accept")
        assert browser.url == attempt.start_url
        return attempt


@pytest.fixture(scope="module", params=["postgres", "sqlite"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """On PostgreSQL A's worker is a process of its own; on SQLite it is inside the server.

    A lease on SQLite lasts for ever here: a restarted node that waited for it would never finish.
    """
    folder = tmp_path_factory.mktemp("killed")
    on_postgres = request.param == "postgres"
    with ExitStack() as stack:
        settings = {"worker": "true", "job_lease_seconds": "600"}
        database_url = ""
        if on_postgres:
            server_url, template = map(request.getfixturevalue, ("postgres_url", "postgres_template"))
            database_url = stack.enter_context(databases.postgres_copy(server_url, template))
            settings = {"worker": "false", "job_lease_seconds": "1"}
        proxy = stack.enter_context(holding_proxy())
        a = stack.enter_context(started_node(folder, "a", database_url=database_url, **settings))
        b = stack.enter_context(started_node(folder, "b", public_url=proxy.url))
        proxy.target = b.url
        for node in (a, b):
            node.wait_until_ready()
        if on_postgres:
            a.worker.start()
        working = a.worker if on_postgres else a.server
        yield Pair(a.add_instance(), b.add_instance(), proxy, working)


@pytest.fixture
def pair(both: Pair) -> Pair:
    """Both nodes run, and the proxy has seen nothing yet."""
    both.proxy.answered.clear()
    return both


@pytest.mark.parametrize(("method", "path_end", "side"), IN_EVERY_RUN)
def test_the_worker_is_killed_while_it_waits(pair: Pair, method: str, path_end: str, side: Side) -> None:
    held = pair.proxy.hold(method, path_end, side)
    attempt = pair.accept()
    held.wait()
    pair.working.kill()
    held.drop()
    pair.recover()
    wizard.agree(attempt)
    assert pair.proxy.codes_redeemed() == 1


@pytest.mark.exhaustive
@pytest.mark.parametrize("both", ["postgres"], indirect=True)
@pytest.mark.parametrize(("method", "path_end", "side"), MOMENTS[::2])
def test_what_a_dead_worker_sent_arrives_after_all(
    pair: Pair, method: str, path_end: str, side: Side
) -> None:
    held = pair.proxy.hold(method, path_end, side)
    attempt = pair.accept()
    held.wait()
    pair.working.kill()
    pair.recover()
    shared_id = wizard.agree(attempt)
    held.release()
    pair.proxy.wait_until_idle()
    assert wizard.agree(attempt) == shared_id
    assert pair.proxy.codes_redeemed() == 1


@pytest.mark.exhaustive
@pytest.mark.parametrize("both", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("method", "path_end", "side"), MOMENTS[1::2])
def test_the_other_node_is_killed_after_it_did_what_was_asked(
    pair: Pair, method: str, path_end: str, side: Side
) -> None:
    held = pair.proxy.hold(method, path_end, side)
    attempt = pair.accept()
    held.wait()
    pair.b.node.kill()
    held.drop()
    pair.b.node.start()
    wizard.agree(attempt)
    assert pair.proxy.codes_redeemed() == 1


@pytest.mark.exhaustive
def test_the_worker_is_killed_before_it_takes_the_job(pair: Pair) -> None:
    """On SQLite the server has no worker inside until it is started again."""
    alone = pair.working is pair.a.node.worker
    pair.working.kill()
    if not alone:
        pair.working.environment["PARLEY_WORKER"] = "false"
        pair.recover()
    attempt = pair.accept()
    assert attempt.connection()["state"] == "pending"
    if not alone:
        pair.working.kill()
        pair.working.environment["PARLEY_WORKER"] = "true"
    pair.recover()
    wizard.agree(attempt)
    assert pair.proxy.codes_redeemed() == 1
