"""The emulator of GitHub as an Enterprise Server: what it answers at its root, a server answers below /api/v3."""

import fcntl
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

SCRIPT = Path(__file__).parent / "start_github_emulator.sh"
HOST = "github.test"
PATIENCE_SECONDS = 600


class Emulator(httpx.AsyncBaseTransport):
    """Whoever calls https://github.test reaches the emulator."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().removeprefix("/api/v3")
        url = httpx.URL(f"http://127.0.0.1:{self.port}{path}")
        headers = httpx.Headers(request.headers)
        headers["host"] = f"127.0.0.1:{self.port}"
        sent = httpx.Request(
            request.method, url, headers=headers, stream=request.stream, extensions=request.extensions
        )
        async with httpx.AsyncHTTPTransport() as wire:
            answer = await wire.handle_async_request(sent)
            content = await answer.aread()
            await answer.aclose()
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)


@contextmanager
def running_emulator() -> Iterator[int]:
    """Within, a freshly seeded emulator answers at this port; another run on this machine waits for its turn."""
    folder = Path(os.environ.get("PARLEY_TRACKERS", Path(tempfile.gettempdir()) / "parley-trackers"))
    state = folder / "github-emulator"
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        port = _free_port()
        _run("stop", state, port)
        _run("install", state, port)
        _run("start", state, port)
        try:
            yield port
        finally:
            _run("stop", state, port)


def _run(what: str, state: Path, port: int) -> None:
    environment = os.environ | {"STATE": str(state), "PORT": str(port)}
    with (state / "script.log").open("w+") as log:
        done = subprocess.run(  # noqa: S603 - our own script
            [str(SCRIPT), what],
            env=environment,
            stdout=log,
            stderr=log,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        log.seek(0)
        if done.returncode:
            raise RuntimeError(f"{SCRIPT.name} {what}: {log.read()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
