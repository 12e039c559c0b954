"""One `parley serve` owns the embedded SQLite file; a second one is told so instead of corrupting its work."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url


class AlreadyOwned(Exception):
    """Another process serves from this file."""


@contextmanager
def claim_database(database_url: str) -> Iterator[None]:
    """Hold the file for this process; raise AlreadyOwned where another one does. PostgreSQL needs no claim."""
    path = database_file(database_url)
    if path is None:
        yield
        return
    make_folder(path)
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


def make_folder(file: Path) -> None:
    """The folder of the database exists; a new one is for its owner alone."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
