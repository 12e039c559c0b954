"""A process that has loaded the libraries once: each run of pytest is a fork of it, and starts in a third of the time.

Nothing of the project itself is loaded before the fork, so that each run reads the files as they are then.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO

import pytest

# What the tests and the service import anyway, the slow ones of it.
LIBRARIES = (
    "aiosqlite",
    "alembic.command",
    "alembic.context",
    "fastapi",
    "httpx_aiohttp",
    "hypothesis.strategies",
    "idna",
    "jinja2",
    "jose.jws",
    "pydantic_settings",
    "sqlmodel.ext.asyncio.session",
    "structlog",
    "uvicorn",
)


@dataclass(frozen=True)
class Nursery:
    """A started nursery: orders go in, exit codes come out."""

    orders: IO[str]
    codes: IO[str]

    def run_pytest(self, folder: Path, arguments: Sequence[str], said: Path, seconds: int) -> int:
        """Return the exit code of pytest in this folder; what it said is in the file. Too slow is below zero."""
        order = {"folder": str(folder), "arguments": arguments, "said": str(said), "seconds": seconds}
        self.orders.write(json.dumps(order) + "\n")
        self.orders.flush()
        return int(self.codes.readline())


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Give a nursery. Its runs write no compiled files: each of those has to stay that of its source."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment = {**kept, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "4000"}
    with subprocess.Popen(  # noqa: S603 - this very file
        [sys.executable, __file__],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Nursery(process.stdin, process.stdout)
        process.stdin.close()


def main() -> None:
    """Serve orders until there are no more."""
    for name in LIBRARIES:
        import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become_pytest(**json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _become_pytest(folder: str, arguments: list[str], said: str, seconds: int) -> None:
    signal.alarm(seconds)
    os.chdir(folder)
    sys.path[0] = folder
    for number, path in ((0, os.devnull), (1, said), (2, said)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), number)
    code = pytest.main(arguments)
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
