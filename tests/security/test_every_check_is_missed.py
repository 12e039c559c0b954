"""A check counts when a test dies without it (ADR 0011): each is switched off alone, and its test has to fail."""

import os
from collections.abc import Iterator

import pytest

from tests.security.check import Check
from tests.security.mutants import SECONDS_FOR_ALL, Copy, copy_of_the_project
from tests.security.nursery import nursery
from tests.security.table import CHECKS

# All of them take minutes: CHECKS_PART=2/4 tries every fourth one, beginning with the second.
PART, PARTS = (int(number) for number in os.environ.get("CHECKS_PART", "1/1").split("/"))
THESE = CHECKS[PART - 1 :: PARTS]


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """One copy for each process that runs these tests."""
    with nursery() as started:
        yield copy_of_the_project(tmp_path_factory.mktemp("copy"), started)


def test_all_these_tests_pass_as_long_as_no_check_is_missing(copy: Copy) -> None:
    """Otherwise a failure would mean nothing."""
    run = copy.run(*dict.fromkeys(check.test for check in THESE), seconds=SECONDS_FOR_ALL)
    assert run.code == 0, run.said


@pytest.mark.parametrize("check", THESE, ids=[check.id for check in THESE])
def test_without_this_check_its_test_fails(copy: Copy, check: Check) -> None:
    with copy.without(check):
        run = copy.run(check.test)
    assert run.missed(check.test), f"{check.words}\n{run.code}\n{run.said}"


def test_each_check_has_an_id_of_its_own_and_a_test_named_after_it() -> None:
    ids = [check.id for check in CHECKS]
    assert sorted({name for name in ids if ids.count(name) > 1}) == []
    assert [f"{check.id}: {check.test}" for check in CHECKS if not check.names_its_test] == []
