"""The command line of a node, in a process that counts what it does (BENCH_COUNTS), or is profiled (BENCH_PROFILE).

The counts are numbers in a file that is shared with whoever measures: to read them costs the node nothing.
"""

import atexit
import mmap
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.sampler import Sampler

NAMES = (
    "statements",
    "transactions",
    "commits",
    "commits_that_wrote",
    "rollbacks",
    "jobs_claimed",
    "claims",
    "thread_hops",
    "orm_loads",
    "calls",
    "http_clients",
    "requests",
)
WRITING = ("INSERT", "UPDATE", "DELETE")


class SharedCounts:
    """One number for each name, in a file."""

    def __init__(self, path: Path) -> None:
        size = 8 * len(NAMES)
        if not path.exists():
            path.write_bytes(bytes(size))
        with path.open("r+b") as file:
            self._numbers = memoryview(mmap.mmap(file.fileno(), size)).cast("q")

    def add(self, name: str, number: int = 1) -> None:
        """Count so many more."""
        self._numbers[NAMES.index(name)] += number

    def read(self) -> dict[str, int]:
        """Return all counts."""
        return dict(zip(NAMES, self._numbers, strict=True))


def count_everything(counts: SharedCounts) -> None:
    """Whatever this process does from now on is counted."""
    _count_database(counts)
    _count_threads(counts)
    _count_calls(counts)


def _count_database(counts: SharedCounts) -> None:
    from sqlalchemy import Engine, event  # noqa: PLC0415 - what is imported before the node is not its cost
    from sqlmodel import SQLModel  # noqa: PLC0415

    def executed(connection: Any, cursor: Any, statement: str, *_: object) -> None:
        counts.add("statements")
        if statement.startswith(WRITING):
            connection.info["wrote"] = True
        if "lease_token" in statement and statement.startswith("UPDATE job SET") and "attempts" in statement:
            counts.add("jobs_claimed", max(cursor.rowcount, 0))
        if statement.startswith("SELECT job.id") and "lease_until" in statement:
            counts.add("claims")

    def began(connection: Any) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            counts.add("transactions")

    def committed(connection: Any) -> None:
        counts.add("commits")
        counts.add("commits_that_wrote", bool(connection.info.pop("wrote", False)))

    def rolled_back(connection: Any) -> None:
        counts.add("rollbacks")
        connection.info.pop("wrote", None)

    event.listen(Engine, "after_cursor_execute", executed)
    event.listen(Engine, "begin", began)
    event.listen(Engine, "commit", committed)
    event.listen(Engine, "rollback", rolled_back)
    event.listen(SQLModel, "load", lambda *_: counts.add("orm_loads"), propagate=True)


def _count_threads(counts: SharedCounts) -> None:
    """A hop is a piece of work that another thread is asked for, and waited for."""
    import aiosqlite.core  # noqa: PLC0415
    import anyio.to_thread  # noqa: PLC0415

    _before(ThreadPoolExecutor, "submit", lambda: counts.add("thread_hops"))
    _before(aiosqlite.core.Connection, "_execute", lambda: counts.add("thread_hops"))
    _before(anyio.to_thread, "run_sync", lambda: counts.add("thread_hops"))


def _count_calls(counts: SharedCounts) -> None:
    import aiohttp  # noqa: PLC0415
    import httpx  # noqa: PLC0415
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle  # noqa: PLC0415

    _before(aiohttp.ClientSession, "_request", lambda: counts.add("calls"))
    _before(httpx.AsyncClient, "__init__", lambda: counts.add("http_clients"))
    _before(RequestResponseCycle, "run_asgi", lambda: counts.add("requests"))


def _before(owner: Any, name: str, count: Callable[[], None]) -> None:
    original = getattr(owner, name)

    def counted(*given: Any, **named: Any) -> Any:
        count()
        return original(*given, **named)

    setattr(owner, name, counted)


def _profile_until_the_end(path: Path) -> None:
    sampler = Sampler()
    # uvicorn gives a signal that ended it back to whoever handled it before: the interpreter then ends in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGUSR1, lambda *_: sampler.start())  # whoever measures says when it is warm
    atexit.register(sampler.write, path)


def main() -> None:
    """Run the command line of the node."""
    if path := os.environ.get("BENCH_COUNTS"):
        count_everything(SharedCounts(Path(path)))
    from service.cli import main as parley  # noqa: PLC0415

    if path := os.environ.get("BENCH_PROFILE"):
        _profile_until_the_end(Path(path))
    parley()


if __name__ == "__main__":
    main()
