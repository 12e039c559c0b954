"""A real tracker on this machine, that a test may also stop and start."""

import fcntl
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
# The first installation fetches packages; later starts take seconds.
PATIENCE_SECONDS = 900


@dataclass(frozen=True)
class TrackerServer:
    """Where it answers, where it keeps what it writes, and the script that starts and stops it."""

    url: str
    state: Path
    script: Path

    @contextmanager
    def changed(self, change: str, back: str) -> Iterator[None]:
        """Within, an administrator has changed this: `lock norma`, and back with `unlock norma`."""
        self.run("admin", *change.split())
        try:
            yield
        finally:
            self.run("admin", *back.split())

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Within, nothing answers at the URL."""
        self.run("stop")
        try:
            yield
        finally:
            self.run("start")

    def run(self, *arguments: str) -> None:
        """The script did this; a failure carries what it said."""
        environment = os.environ | {"STATE": str(self.state), "PORT": self.url.rpartition(":")[2]}
        done = subprocess.run(  # noqa: S603 - our own script
            [str(self.script), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{self.script.name} {' '.join(arguments)}: {done.stdout}{done.stderr}")


@contextmanager
def running(name: str) -> Iterator[TrackerServer]:
    """Within, a freshly seeded tracker answers; another run on this machine waits for its turn.

    The folder is kept between runs, for making it takes ten times as long as starting it.
    """
    folder = Path(os.environ.get("PARLEY_TRACKERS", Path(tempfile.gettempdir()) / "parley-trackers"))
    state = folder / name
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = TrackerServer(f"http://127.0.0.1:{_free_port()}", state, HERE / f"start_{name}.sh")
        server.run("stop")
        server.run("all")
        try:
            yield server
        finally:
            server.run("stop")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
