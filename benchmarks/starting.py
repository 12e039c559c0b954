"""`make bench-start`: how long a command and a node take to start, beside the bare import of the frameworks."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.cpu import machine
from benchmarks.processes import environment_with, free_port, python, run, served

TIMES = 7


def main() -> None:
    """Print the median of each, and the ratio that counts."""
    print(f"machine: {machine()}")
    bare = _seconds([sys.executable, "-c", "import fastapi, sqlmodel"])
    helped = _seconds(python("service.cli", "--help"))
    answered = asyncio.run(_first_answers())
    print(f"  import fastapi, sqlmodel       {bare:.2f} s")
    print(f"  parley --help                  {helped:.2f} s")
    print(f"  start to first answer          {answered:.2f} s: {answered / bare:.2f} x the bare import")


def _seconds(command: list[str]) -> float:
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=environment_with({}))  # noqa: S603 - our own
        taken.append(time.perf_counter() - began)
    return median(taken)


async def _first_answers() -> float:
    taken = []
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as place:
        folder, port = Path(place), free_port()
        environment = {
            "PARLEY_ENV": "development",
            "PARLEY_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "PARLEY_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'node.db'}",
            "PARLEY_DATA_DIR": str(folder),
            "PARLEY_SEALING_KEYS": run(python("service.cli", "new-sealing-key"), {}).strip(),
            "PATH": os.environ["PATH"],
        }
        run(python("service.cli", "migrate"), environment)
        command = python("service.cli", "serve", "--port", str(port))
        for _ in range(TIMES):
            began = time.perf_counter()
            with served("node", command, port, folder, environment) as server:
                await server.wait_until("/livez")
                taken.append(time.perf_counter() - began)
    return median(taken)


if __name__ == "__main__":
    main()
