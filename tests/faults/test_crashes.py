"""A process dies before or after each commit, on either side: both sides end active, or neither does."""

from collections.abc import Sequence
from itertools import product

import pytest

from tests.faults.arrows import A, B, Outcome, Scene
from tests.faults.commits import COMMITS, ON_POSTGRESQL, SCENES, Commit
from tests.faults.failpoints import Life, Moment
from tests.faults.rest import assert_no_code_was_redeemed_twice, come_to_rest, outcome
from tests.faults.scenes import PLAYED, prepare
from tests.faults.stage import Stage

pytestmark = pytest.mark.anyio


def each_crash(commits: Sequence[Commit]) -> pytest.MarkDecorator:
    """Run the test before and after each of these commits."""
    cases = [
        pytest.param(commit, moment, id=f"{moment} {commit.id}")
        for commit, moment in product(commits, Moment)
    ]
    return pytest.mark.parametrize(("commit", "moment"), cases)


@each_crash(COMMITS)
async def test_a_crash_on_sqlite(stage: Stage, commit: Commit, moment: Moment) -> None:
    await crash(stage, commit, moment)


@each_crash(ON_POSTGRESQL)
async def test_a_crash_on_postgresql(postgres_stage: Stage, commit: Commit, moment: Moment) -> None:
    await crash(postgres_stage, commit, moment)


async def crash(stage: Stage, commit: Commit, moment: Moment) -> None:
    """The process dies there, is started again, and both nodes and the person go on."""
    await prepare(stage, commit.scene)
    life = Life(stage.side(commit.side).node)
    life.die(commit.place, moment)
    await PLAYED[commit.scene](stage)
    await come_to_rest(stage.pair)
    assert life.is_over, "it did not die"
    assert_no_code_was_redeemed_twice(stage.network)
    assert await outcome(stage.pair, stage.draft["id"]) is commit.outcome
    if commit.outcome is Outcome.NEITHER and moment is Moment.AFTER:
        await stage.connect()


@pytest.mark.parametrize("scene", SCENES, ids=str)
async def test_the_table_has_every_commit(stage: Stage, scene: Scene) -> None:
    """A commit that is new, or gone, changes the table."""
    await prepare(stage, scene)
    lives = {side: Life(stage.side(side).node) for side in (A, B)}
    await PLAYED[scene](stage)
    await come_to_rest(stage.pair)
    seen = {(side, commit.partition(" #")[0]) for side, life in lives.items() for commit in life.commits}
    assert seen - {(commit.side, commit.place) for commit in COMMITS} == set()
    assert {(commit.side, commit.place) for commit in COMMITS if commit.scene is scene} - seen == set()
