"""Real trackers for the tests of this folder; where one cannot be had, its tests fail and never skip."""

from collections.abc import AsyncIterator, Iterator

import pytest

from service.egress.client import Egress, EgressPolicy
from tests.trackers.tracker_server import TrackerServer, running


@pytest.fixture(scope="session")
def redmine() -> Iterator[TrackerServer]:
    """A real Redmine with the accounts admin, norma and rita."""
    with running("redmine") as server:
        yield server


@pytest.fixture(scope="session")
def request_tracker() -> Iterator[TrackerServer]:
    """A real Request Tracker with the accounts root, norma and rita."""
    with running("request_tracker") as server:
        yield server


@pytest.fixture(scope="session")
def roundup() -> Iterator[TrackerServer]:
    """A real Roundup with the accounts admin, norma and rita."""
    with running("roundup") as server:
        yield server


@pytest.fixture(scope="session")
def escalated() -> Iterator[TrackerServer]:
    """A real Escalated with the accounts admin and norma."""
    with running("escalated") as server:
        yield server


@pytest.fixture(scope="session")
def django_helpdesk() -> Iterator[TrackerServer]:
    """A real django-helpdesk with the accounts admin, norma (an agent) and rita (a customer)."""
    with running("django_helpdesk") as server:
        yield server


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    """The real way out; http on loopback is allowed in development only."""
    way_out = Egress(EgressPolicy(development=True))
    yield way_out
    await way_out.aclose()
