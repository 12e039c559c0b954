"""Real trackers for the tests of this folder; where one cannot be had, its tests fail and never skip."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from service.egress.client import Egress, EgressPolicy
from tests.trackers.tracker_server import TrackerServer, running

NAMES = ("redmine", "request_tracker", "roundup", "escalated", "django_helpdesk")


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Iterator[dict[str, TrackerServer]]:
    """Those trackers that a test of this run asks for, started side by side: most of a start is waiting."""
    asked = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    wanted = [name for name in NAMES if name in asked]
    with ExitStack() as stack, ThreadPoolExecutor(len(NAMES)) as threads:
        started = threads.map(lambda name: stack.enter_context(running(name)), wanted)
        yield dict(zip(wanted, started, strict=True))


@pytest.fixture(scope="session")
def redmine(servers: dict[str, TrackerServer]) -> TrackerServer:
    """A real Redmine with the accounts admin, norma and rita."""
    return servers["redmine"]


@pytest.fixture(scope="session")
def request_tracker(servers: dict[str, TrackerServer]) -> TrackerServer:
    """A real Request Tracker with the accounts root, norma and rita."""
    return servers["request_tracker"]


@pytest.fixture(scope="session")
def roundup(servers: dict[str, TrackerServer]) -> TrackerServer:
    """A real Roundup with the accounts admin, norma and rita."""
    return servers["roundup"]


@pytest.fixture(scope="session")
def escalated(servers: dict[str, TrackerServer]) -> TrackerServer:
    """A real Escalated with the accounts admin and norma."""
    return servers["escalated"]


@pytest.fixture(scope="session")
def django_helpdesk(servers: dict[str, TrackerServer]) -> TrackerServer:
    """A real django-helpdesk with the accounts admin, norma (an agent) and rita (a customer)."""
    return servers["django_helpdesk"]


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    """The real way out; http on loopback is allowed in development only."""
    way_out = Egress(EgressPolicy(development=True))
    yield way_out
    await way_out.aclose()
