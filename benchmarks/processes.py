"""Servers as child processes on loopback: started, waited for, measured, and stopped by their own id."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.http_client import HttpClient

ROOT = Path(__file__).parent.parent
START_SECONDS, STOP_SECONDS = 60, 15
READY = range(200, 500)


@dataclass(frozen=True, slots=True)
class Served:
    """A running server."""

    name: str
    url: str
    pid: int
    log: Path
    process: subprocess.Popen[bytes]

    async def wait_until(self, path: str) -> None:
        """It answers at this path."""
        for _ in range(START_SECONDS * 50):
            if self.process.poll() is not None:
                break
            try:
                async with HttpClient() as http:
                    if (await http.request("GET", self.url + path)).status in READY:
                        return
            except OSError:
                pass
            await asyncio.sleep(0.02)
        raise RuntimeError(f"{self.name} does not answer:\n{self.log.read_text(errors='replace')[-3000:]}")


@contextmanager
def served(
    name: str, command: Sequence[str], port: int, folder: Path, environment: Mapping[str, str]
) -> Iterator[Served]:
    """Give a server that was started with this command; it has ended afterwards."""
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command lines
            command, cwd=ROOT, env=environment_with(environment), stdout=output, stderr=output
        )
    try:
        yield Served(name, f"http://127.0.0.1:{port}", process.pid, log, process)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return what a command printed."""
    done = subprocess.run(  # noqa: S603 - our own command lines
        command, cwd=ROOT, env=environment_with(environment), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return done.stdout


def environment_with(more: Mapping[str, str]) -> dict[str, str]:
    """Return our environment without any setting of a node, and with these."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")} | dict(more)


def python(module: str, *arguments: str) -> list[str]:
    """Return how a module of this installation is run."""
    return [sys.executable, "-m", module, *arguments]


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
