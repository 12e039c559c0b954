"""A node whose process dies before or after a commit of our choice; production code knows nothing of it."""

from collections import Counter
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Any

from greenlet import getcurrent
from sqlalchemy import Connection, event
from sqlmodel import Session

from service.node import Node
from tests.nodes import Crash, RunningNode
from tests.source_tree import ROOT

SERVICE = ROOT / "service"
# The door to the database stands before every commit, and middleware around every request: neither names one.
DATABASE, MIDDLEWARE = "database", "__call__"
WRITES = ("INSERT", "UPDATE", "DELETE")
WROTE = "wrote_in_this_transaction"


class Moment(StrEnum):
    """When the process dies."""

    BEFORE = "before"
    AFTER = "after"


class Life:
    """One life of a node: `commits` are its commits that wrote something, by where the code made them."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.commits: list[str] = []
        self.counted: Counter[str] = Counter()
        self.dies: tuple[str, Moment] | None = None
        self.dies_later: tuple[int, Moment] | None = None
        self.is_over = False
        node.database.writes.configure(sync_session_class=self._session_class())
        event.listen(node.database.engine.sync_engine, "before_cursor_execute", self._execute)

    def die(self, commit: str, moment: Moment) -> None:
        """The process will die at this commit."""
        self.dies = (commit, moment)

    def die_later(self, commits: int, moment: Moment) -> None:
        """The process will die at the commit after so many others."""
        self.dies_later = (len(self.commits) + commits + 1, moment)

    def spare(self) -> None:
        """The process will not die after all."""
        self.dies = self.dies_later = None

    def _session_class(life) -> type[Session]:  # noqa: N805 - the session has a self of its own
        class Watched(Session):
            def commit(self) -> None:
                life._around(self, super().commit)

        return Watched

    def _around(self, session: Session, commit: Callable[[], None]) -> None:
        session.flush()
        if not session.in_transaction() or not session.connection().info.pop(WROTE, False):
            commit()
            return
        name = self._name()
        self.commits.append(name)
        self._reach(name, Moment.BEFORE)
        commit()
        self._reach(name, Moment.AFTER)

    def _name(self) -> str:
        """Return the place of the commit, with a number where it is not the first from there."""
        place = where_from()
        self.counted[place] += 1
        nth = self.counted[place]
        return place if nth == 1 else f"{place} #{nth}"

    def _reach(self, name: str, moment: Moment) -> None:
        if self.dies == (name, moment) or self.dies_later == (len(self.commits), moment):
            self.is_over = True
            raise Crash(f"{moment} {name}")

    def _execute(self, connection: Connection, _cursor: Any, statement: str, *_more: Any) -> None:
        """What is left of a dead process writes and reads nothing."""
        if self.is_over:
            raise Crash
        if statement.lstrip().startswith(WRITES):
            connection.info[WROTE] = True


class Fate:
    """The process dies at this commit, and whoever is started in its place dies there, too: each in its own moment."""

    def __init__(self, running: RunningNode, commit: str, *moments: Moment) -> None:
        self.commit = commit
        self.moments = list(moments)
        self.lives: list[Life] = []
        running.watch = self.watch
        self.watch(running.node)

    def watch(self, node: Node) -> None:
        """A life begins; after the last moment it is one like any other."""
        if self.moments:
            life = Life(node)
            life.die(self.commit, self.moments.pop(0))
            self.lives.append(life)

    @property
    def is_over(self) -> bool:
        """True where each of them died."""
        return not self.moments and all(life.is_over for life in self.lives)


def where_from() -> str:
    """Return the function of the service that commits, or the operation whose request it is."""
    parent = getcurrent().parent
    assert parent is not None
    request = ""
    for frame in _callers(parent.gr_frame):
        path = Path(frame.f_code.co_filename)
        if not path.is_relative_to(SERVICE):
            continue
        if frame.f_code.co_name == MIDDLEWARE:
            request = request or _operation(frame.f_locals)
        elif path.parent.name != DATABASE:
            return f"{path.relative_to(SERVICE).with_suffix('')}: {frame.f_code.co_name}"
    assert request, "a commit that nobody asked for"
    return request


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _operation(local: dict[str, Any]) -> str:
    endpoint = local.get("scope", {}).get("endpoint")
    if endpoint is None:
        return ""
    return f"{endpoint.__module__.removeprefix('service.').replace('.', '/')}: {endpoint.__name__}"
