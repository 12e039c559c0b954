"""Real trackers for the tests of this folder; where one cannot be had, its tests fail and never skip."""

from collections.abc import Iterator

import pytest

from tests.trackers.redmine_server import RedmineServer, running_redmine


@pytest.fixture(scope="session")
def redmine() -> Iterator[RedmineServer]:
    """A real Redmine with the accounts admin, norma and rita."""
    with running_redmine() as server:
        yield server
