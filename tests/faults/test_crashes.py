"""A process dies before or after each commit, on either side: both sides end active, or neither does."""

from itertools import product

import pytest

from tests.faults.arrows import A, B, Outcome, Scene
from tests.faults.commits import COMMITS, SCENES, Commit
from tests.faults.failpoints import Fate, Life, Moment
from tests.faults.rest import assert_no_code_was_redeemed_twice, come_to_rest, outcome
from tests.faults.scenes import PLAYED, prepare
from tests.faults.stage import Stage

pytestmark = pytest.mark.anyio


# Of each scene, a crash before its first commit and one after its last: the exhaustive run has all the others.
FIRST = {commit.scene: commit for commit in reversed(COMMITS)}
LAST = {commit.scene: commit for commit in COMMITS}
IN_EVERY_RUN = {
    *((commit.id, Moment.BEFORE) for commit in FIRST.values()),
    *((commit.id, Moment.AFTER) for commit in LAST.values()),
}
CASES = [
    pytest.param(
        commit,
        moment,
        id=f"{moment} {commit.id}",
        marks=() if (commit.id, moment) in IN_EVERY_RUN else pytest.mark.exhaustive,
    )
    for commit, moment in product(COMMITS, Moment)
]
BOTH_MOMENTS = [
    pytest.param(commit, id=commit.id, marks=() if commit is LAST[commit.scene] else pytest.mark.exhaustive)
    for commit in COMMITS
]


@pytest.mark.parametrize(("commit", "moment"), CASES)
async def test_a_crash_on_sqlite(stage: Stage, commit: Commit, moment: Moment) -> None:
    await crash(stage, commit, moment)


@pytest.mark.parametrize("commit", BOTH_MOMENTS)
async def test_a_crash_on_postgresql(postgres_stage: Stage, commit: Commit) -> None:
    """Right before the commit; when it comes to it again, right after it."""
    await crash(postgres_stage, commit, Moment.BEFORE, Moment.AFTER)


async def crash(stage: Stage, commit: Commit, *moments: Moment) -> None:
    """The process dies there, is started again, and both nodes and the person go on."""
    await prepare(stage, commit.scene)
    fate = Fate(stage.side(commit.side), commit.place, *moments)
    for _ in moments:
        if not fate.is_over:
            await PLAYED[commit.scene](stage)
            await come_to_rest(stage.pair)
    assert fate.is_over, "it did not die"
    assert_no_code_was_redeemed_twice(stage.network)
    assert await outcome(stage.pair, stage.draft["id"]) is commit.outcome
    if commit.scene is Scene.CARRY:
        await stage.require_carried()
    if commit.outcome is Outcome.NEITHER and Moment.AFTER in moments:
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
