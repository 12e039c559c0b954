"""One `parley serve` owns the embedded SQLite file; a second one is told so instead of corrupting its work."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

FOR_STRANGERS = 0o007


class AlreadyOwned(Exception):
    """Another process serves from this file."""


@contextmanager
def claim_database(database_url: str) -> Iterator[None]:
    """Hold the file for this process; raise AlreadyOwned where another one does. PostgreSQL needs no claim."""
    path = database_file(database_url)
    if path is None:
        yield
        return
    keep_private(path)
    with path.with_name(path.name + ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyOwned(
                f"Another `parley serve` owns {path}. Stop it, choose another PARLEY_DATA_DIR, "
                "or use PostgreSQL (PARLEY_DATABASE_URL) for several processes."
            ) from None
        yield


def database_file(database_url: str) -> Path | None:
    """Return the file of an embedded SQLite database, or None for another one."""
    if not database_url.startswith("sqlite"):
        return None
    name = make_url(database_url).database
    return Path(name) if name else None


def keep_private(file: Path) -> None:
    """The file of the database exists, empty at first, and it and the files beside it are its owner's alone.

    SQLite gives the files beside it the rights of the file itself. What was there before is closed to strangers; a
    group that an operator has let in may stay, and so may the rights of a folder that was there before.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (file.name, f"{file.name}.lock"):
        file.with_name(name).touch(mode=0o600)
    for path in (file.with_name(file.name + end) for end in ("", ".lock", "-wal", "-shm")):
        if path.is_file() and path.stat().st_mode & FOR_STRANGERS:
            path.chmod(path.stat().st_mode & ~FOR_STRANGERS)
    require_usable_file(file)


def require_usable_file(file: Path) -> None:
    """The file is there, and may be read and written; raises OSError, which names it.

    The driver has a thread for each connection; where one cannot be opened, it may outlive the command and say so.
    """
    with file.open("r+b"):
        pass
