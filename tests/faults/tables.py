"""The tables of docs/reliability.md, written from the tables that the tests run through."""

from collections.abc import Iterable, Sequence

from tests.faults.arrows import ARROWS, MEANINGS, Fault, Outcome
from tests.faults.commits import COMMITS
from tests.faults.steps import ENDS, Event, Step

SHOWN = {
    Outcome.ACTIVE: "active",
    Outcome.NEITHER: "*neither*",
    Outcome.CLOSED: "closed",
    Outcome.PAUSED: "paused",
}
NOT_POSSIBLE = ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows))


def faults_table() -> str:
    """Return one row for each fault of the network."""
    return _table(["fault", "what the network does"], [[fault, MEANINGS[fault]] for fault in Fault])


def arrows_table() -> str:
    """Return one row for each arrow, with how both sides end after each fault."""
    rows = [
        [
            f"**{arrow.id}** {arrow.source} {arrow.what} at {arrow.target}; {arrow.scene}",
            *(SHOWN[arrow.outcome(fault)] for fault in Fault),
        ]
        for arrow in ARROWS
    ]
    return _table(["arrow", *Fault], rows)


def commits_table() -> str:
    """Return one row for each commit, with how both sides end after a crash right before or right after it."""
    rows = [
        [commit.side, f"`{commit.place}`", commit.what, commit.scene, SHOWN[commit.outcome]]
        for commit in COMMITS
    ]
    return _table(["side", "commit", "what holds from then on", "while", "after a crash"], rows)


def steps_table() -> str:
    """Return one row for each step of a set-up, with how both sides end when it is ended there."""
    rows = [
        [step, *(SHOWN[ENDS[step, event]] if (step, event) in ENDS else NOT_POSSIBLE for event in Event)]
        for step in Step
    ]
    return _table(["the set-up stands where", *Event], rows)


RELIABILITY = {
    "faults": faults_table,
    "arrows": arrows_table,
    "commits": commits_table,
    "steps": steps_table,
}
