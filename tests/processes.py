"""Real nodes as real processes on loopback: a test may kill them and start them again; by pid, never by name."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from service.demo.run import free_port, node_environment, parley_command, stop_process
from tests.deadlines import until

COMMAND_SECONDS = 60
START_SECONDS = 120
Json = dict[str, Any]


@dataclass
class ParleyProcess:
    """`parley …` as a child process; all its lives write to one log."""

    arguments: tuple[str, ...]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own command line
                parley_command(*self.arguments), env=self.environment, stdout=output, stderr=output
            )

    def kill(self) -> None:
        """As in a crash: it finishes nothing and says good-bye to nobody."""
        assert self.process is not None
        self.require_alive()
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None:
            stop_process(self.process)

    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def require_alive(self) -> None:
        assert not self.has_ended(), f"parley {self.arguments[0]} does not run:\n{self.said()[-3000:]}"

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""


@dataclass
class NodeProcess:
    """One node: `parley serve`, and a worker of its own where the test runs one beside it."""

    name: str
    url: str
    public_url: str
    folder: Path
    server: ParleyProcess
    worker: ParleyProcess
    uds: str = ""
    instances: list["Instance"] = field(default_factory=list)

    def kill(self) -> None:
        self.server.kill()

    def start(self) -> None:
        """The node answers, with all that it knew before."""
        self.server.start()
        self.wait_until_ready()

    def restart(self) -> None:
        self.kill()
        self.start()

    def wait_until_ready(self) -> None:
        until(self._is_ready, within=START_SECONDS)

    def http(self) -> httpx.Client:
        """Return a client that calls the node at its port, or at its Unix socket where it has no port."""
        transport = httpx.HTTPTransport(uds=self.uds) if self.uds else None
        return httpx.Client(base_url=self.url, transport=transport, timeout=20, trust_env=False)

    def add_instance(
        self, slug: str = "", platform: str = "sandbox", url: str = "", *options: str
    ) -> "Instance":
        """Return a new instance, made as an operator makes it, with a token for it alone."""
        slug = slug or self.name
        given = ["--slug", slug, "--name", slug.title(), "--platform", platform, "--url", url]
        issuer, token = self.run("instance", "add", *given, *options).split()
        instance = Instance(self, slug, issuer, token)
        self.instances.append(instance)
        return instance

    def run(self, *arguments: str) -> str:
        """Return what the command printed."""
        done = subprocess.run(  # noqa: S603 - our own command line
            parley_command(*arguments),
            env=self.server.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )
        assert done.returncode == 0, f"parley {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def _is_ready(self) -> bool:
        self.server.require_alive()
        if self.uds and not _is_listened_to(self.uds):
            return False
        with suppress(httpx.TransportError), self.http() as client:
            return client.get("/readyz", timeout=2).is_success
        return False


def _is_listened_to(uds: str) -> bool:
    """True where a process takes connections at this socket; the client of the tests leaks where none does."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(uds) == 0


@dataclass(frozen=True)
class Instance:
    """An instance on a running node, as a program with a token for it reaches it."""

    node: NodeProcess
    slug: str
    issuer: str
    token: str = field(repr=False)

    def call(self, method: str, path: str, body: object = None, *, expected: int = 200) -> Json:
        """Return the JSON of the answer, which has the expected status."""
        headers = {"Authorization": f"Bearer {self.token}"}
        with self.node.http() as client:
            answer = client.request(method, path, json=body, headers=headers)
        assert answer.status_code == expected, f"{method} {path}: {answer.status_code} {answer.text}"
        found: Json = answer.json()
        return found


@contextmanager
def started_node(
    folder: Path,
    name: str,
    *,
    database_url: str = "",
    public_url: str = "",
    uds: str = "",
    **settings: str,
) -> Iterator[NodeProcess]:
    """Give a node whose process has been started; `settings` are PARLEY_ variables in lower case.

    With `uds` it listens on this Unix socket only: there is no port at which anybody could dial it.

    Nothing waits for it here, so that several can start at once: see `wait_until_ready`.
    """
    url = f"http://127.0.0.1:{free_port()}"
    data = folder / name
    data.mkdir(parents=True)
    environment = node_environment(public_url or url, data)
    environment["PARLEY_DATABASE_URL"] = database_url
    environment["PARLEY_RATE_LIMITS"] = "false"
    environment |= {f"PARLEY_{key.upper()}": value for key, value in settings.items()}
    place = ("--uds", uds) if uds else ("--port", url.rpartition(":")[2])
    server = ParleyProcess(("serve", *place), environment, data / "serve.log")
    worker = ParleyProcess(("worker",), environment, data / "worker.log")
    server.start()
    try:
        yield NodeProcess(name, url, public_url or url, data, server, worker, uds)
    finally:
        server.stop()
        worker.stop()
