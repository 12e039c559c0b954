"""Anything may happen in any order: at rest both sides are active, or neither is, and no code was redeemed twice."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.any_invitation import WithInvitations
from tests.faults.theatre import sqlite_databases

# One run is a whole story between two nodes: fewer of them than of a property that takes a millisecond.
STORIES = max(3, settings().max_examples // 10)


@pytest.mark.parametrize("stories", [3, pytest.param(STORIES, marks=pytest.mark.exhaustive)])
def test_whatever_happens_nobody_is_active_alone(sqlite_template: Path, tmp_path: Path, stories: int) -> None:
    class OnSqlite(WithInvitations):
        fresh_database = staticmethod(sqlite_databases(sqlite_template, tmp_path))

    slow = [HealthCheck.too_slow]
    told = settings(max_examples=stories, stateful_step_count=20, suppress_health_check=slow)
    run_state_machine_as_test(OnSqlite, settings=told)
