"""What is wrong with the database, in a sentence: it is away, full, too busy, or takes nothing new."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoFreeConnection


class Trouble(StrEnum):
    """Why the database does not do its work; nothing of this is a fault of the request, and all of it may pass."""

    AWAY = "away"
    BUSY = "busy"
    FULL = "full"
    READ_ONLY = "read_only"

    @property
    def sentence(self) -> str:
        """What people and programs are told."""
        return SENTENCES[self]


SENTENCES = {
    Trouble.AWAY: "The database did not answer.",
    Trouble.BUSY: "The database has too much to do at the moment.",
    Trouble.FULL: "The database cannot store anything: its disk is full, or cannot be written.",
    Trouble.READ_ONLY: "The database takes nothing new at the moment: it is read-only.",
}
# PostgreSQL's codes, or the classes that their first two characters are (its manual, appendix A).
_BY_SQLSTATE = {
    "53100": Trouble.FULL,
    "58": Trouble.FULL,
    "25006": Trouble.READ_ONLY,
    "40": Trouble.BUSY,
    "53": Trouble.BUSY,
    "55P03": Trouble.BUSY,
    "08": Trouble.AWAY,
    "28": Trouble.AWAY,  # another password, or nobody of this name
    "3D": Trouble.AWAY,  # no such database
    "55": Trouble.AWAY,
    "57": Trouble.AWAY,
}
_BY_SQLITE_WORDS = {
    "disk is full": Trouble.FULL,
    "disk I/O error": Trouble.FULL,
    "readonly": Trouble.READ_ONLY,
    "is locked": Trouble.BUSY,
}


def trouble_of(error: BaseException | None) -> Trouble | None:
    """Return what is wrong with the database, None for an error that says nothing about it."""
    if isinstance(error, NoFreeConnection):
        return Trouble.BUSY
    if not isinstance(error, DBAPIError):
        return None
    state = getattr(error.orig, "sqlstate", None) or ""
    for code in (state, state[:2]):
        if code in _BY_SQLSTATE:
            return _BY_SQLSTATE[code]
    for words, trouble in _BY_SQLITE_WORDS.items():
        if words in str(error.orig):
            return trouble
    is_away = error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return Trouble.AWAY if is_away else None


@dataclass(slots=True)
class Storing:
    """Whether what was to be stored lately could be; reading may work all the same."""

    trouble: Trouble | None = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Whether storing fails inside the block is remembered."""
        try:
            yield
        except SQLAlchemyError as error:
            if (trouble := trouble_of(error)) in {Trouble.FULL, Trouble.READ_ONLY}:
                self.trouble = trouble
            raise
