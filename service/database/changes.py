"""Who waits for a row to change is woken by the commit that changes it; what another process changes is looked for."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.orm import Session
from sqlalchemy.orm.unitofwork import UOWTransaction

CHANGED = "changed"


class Changes:
    """The bells of one process, by the id of what somebody waits for; nobody waits with a connection in hand."""

    def __init__(self) -> None:
        self._bells: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @contextmanager
    def watching(self, subject: str) -> Iterator[asyncio.Event]:
        """Give the bell that rings when this, or what belongs to it, has changed."""
        bell = asyncio.Event()
        self._bells[subject].add(bell)
        try:
            yield bell
        finally:
            self._bells[subject].discard(bell)
            if not self._bells[subject]:
                del self._bells[subject]

    def happened(self, subjects: Iterable[str]) -> None:
        """Whoever waits for one of these looks again."""
        for subject in subjects:
            for bell in self._bells.get(subject, ()):
                bell.set()


@event.listens_for(Session, "after_flush")
def _note(session: Session, _flush: UOWTransaction) -> None:
    """The transaction remembers which connections, and what of them, it changed."""
    changed = session.info.setdefault(CHANGED, set())
    for row in (*session.new, *session.dirty, *session.deleted):
        changed.update(filter(None, (getattr(row, "connection_id", None), getattr(row, "id", None))))
