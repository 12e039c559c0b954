"""`parley demo`: two nodes as child processes, a person's browser and a program, talking HTTP to both."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from service.demo.different import tell_different
from service.demo.forms import read_forms
from service.demo.story import tell
from service.demo.telling import DemoFailed, Narrator
from service.demo.trackers import Tracker, two_different
from service.trust.sealing import new_key

START_SECONDS = 60.0
STOP_SECONDS = 10.0
MOST_REDIRECTS = 10


@dataclass
class DemoNode:
    """One running node: its process, its addresses, and a program's access to its API."""

    name: str
    url: str
    issuer: str
    token: str
    process: subprocess.Popen[bytes]
    log: Path

    def require_alive(self) -> None:
        """Raise DemoFailed with the end of its log where the process has died."""
        if self.process.poll() is not None:
            tail = self.log.read_text(errors="replace")[-2_000:]
            raise DemoFailed(f"Node {self.name} ended by itself.\n{tail}")

    def call(self, method: str, path: str, expected: int, body: object = None) -> dict[str, Any]:
        """Return the answer's JSON; raise DemoFailed for any other status than the expected one."""
        self.require_alive()
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.request(
            method, self.url + path, json=body, headers=headers, timeout=10, trust_env=False
        )
        if answer.status_code != expected:
            raise DemoFailed(f"{method} {path} at node {self.name}: {answer.status_code} {answer.text}")
        found: dict[str, Any] = answer.json()
        return found


class DemoBrowser:
    """What a person does in a browser: opens pages, reads them, fills in their forms, presses their buttons."""

    def __init__(self) -> None:
        self.client = httpx.Client(headers={"Accept": "text/html"}, timeout=10, trust_env=False)
        self.url, self.page = "", ""

    def open(self, url: str) -> None:
        """The page behind the URL is shown, wherever redirects lead."""
        self._show(self.client.build_request("GET", url))

    def submit(self, values: Mapping[str, str] | None = None, button: str | None = None) -> None:
        """The first form of the page is filled in and sent."""
        forms = read_forms(self.page)
        if not forms:
            raise DemoFailed(f"There is no form at {self.url}.")
        try:
            sent = forms[0].filled(values or {}, button)
        except LookupError as error:
            raise DemoFailed(f"{error} ({self.url})") from error
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(self.url))
        target = urljoin(self.url, forms[0].action)
        self._show(self.client.build_request("POST", target, data=sent, headers={"Origin": origin}))

    def close(self) -> None:
        """Its connections are closed."""
        self.client.close()

    def _show(self, request: httpx.Request) -> None:
        for _ in range(MOST_REDIRECTS):
            answer = self.client.send(request)
            if not answer.has_redirect_location:
                self.url, self.page = str(request.url), answer.text
                return
            request = self.client.build_request("GET", urljoin(str(request.url), answer.headers["location"]))
        raise DemoFailed(f"{request.url} redirects for ever.")


def run_demo(*, once: bool, port: int | None = None, redmine: bool = False) -> int:
    """Tell the story; return 0 only if all went as told. Without `once`, both nodes then run until Ctrl-C.

    They listen on this port and the next one, or on free ones. With `redmine`, the real one takes part.
    """
    narrator, nodes, is_told = Narrator(sys.stdout), tuple[DemoNode, ...](), False
    with tempfile.TemporaryDirectory(prefix="parley-demo-") as folder, ExitStack() as stack:
        try:
            if redmine:
                narrator.say("Redmine is started; the first time this takes a minute.")
            trackers = stack.enter_context(two_different(real_redmine=redmine, port=free_port()))
            starting = _start_both(Path(folder), stack, port)
            first, second = nodes = (starting[0].ready(), starting[1].ready())
            new_browser = partial(_new_browser, stack)
            tell(narrator, first, second, starting[1].add_instance("depot", "--private"), new_browser)
            sides = [
                (node.add_tracker(tracker), tracker) for node, tracker in zip(starting, trackers, strict=True)
            ]
            tell_different(narrator, sides[0], sides[1], new_browser)
            for node in nodes:
                node.require_alive()
            narrator.say("\nAll went as told.")
            is_told = True
            if not once:
                _stay(narrator, first, second)
        except (DemoFailed, httpx.TransportError) as failure:
            narrator.say(f"\nThe demo FAILED: {failure}")
            _report_the_dead(narrator, nodes)
            return 1
        except KeyboardInterrupt:
            narrator.say("\nStopped." if is_told else "\nStopped before the end.")
    return 0 if is_told else 1


def _report_the_dead(narrator: Narrator, nodes: tuple[DemoNode, ...]) -> None:
    """A failure that a dead node caused is told with its name and the end of its log."""
    for node in nodes:
        try:
            node.require_alive()
        except DemoFailed as death:
            narrator.say(str(death))


def _start_both(folder: Path, stack: ExitStack, port: int | None) -> list["StartingNode"]:
    ports = (free_port(), free_port()) if port is None else (port, port + 1)
    return [
        stack.enter_context(_starting(folder, name, port))
        for name, port in zip(("acme", "globex"), ports, strict=True)
    ]


def _new_browser(stack: ExitStack) -> DemoBrowser:
    return stack.enter_context(closing(DemoBrowser()))


@dataclass
class StartingNode:
    """A node whose process has been started."""

    name: str
    url: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    log: Path

    def ready(self) -> DemoNode:
        """Return the node once it answers, with a sandbox instance of its own name and a token for it."""
        node = DemoNode(self.name, self.url, "", "", self.process, self.log)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            node.require_alive()
            if time.monotonic() > deadline:
                raise DemoFailed(f"Node {self.name} did not start within {START_SECONDS:.0f} seconds.")
            time.sleep(0.1)
        return replace(node, issuer=f"{self.url}/i/{self.name}", token=self._first_token())

    def _first_token(self) -> str:
        """Return the token that the node has told of at its first start."""
        told = re.search(r"PARLEY_TOKEN=(\S+)", self.log.read_text(encoding="utf-8"))
        if told is None:
            raise DemoFailed(f"Node {self.name} told of no token.")
        return told[1]

    def add_instance(self, slug: str, *options: str) -> DemoNode:
        """Return the node as a program with a token for its new sandbox instance sees it."""
        return self._add(slug, "--platform", "sandbox", *options)

    def add_tracker(self, tracker: Tracker) -> DemoNode:
        """Return the node as a program with a token for this tracker sees it."""
        slug = tracker.platform.partition("_")[0]
        return self._add(slug, "--platform", tracker.platform, "--url", tracker.url)

    def _add(self, slug: str, *options: str) -> DemoNode:
        command = ("instance", "add", "--slug", slug, "--name", slug.title(), *options)
        made = subprocess.run(  # noqa: S603 - our own command line
            parley_command(*command),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=START_SECONDS,
        )
        if made.returncode != 0:
            raise DemoFailed(f"parley {' '.join(command)}: {made.stderr}")
        issuer, token = made.stdout.split()
        return DemoNode(slug, self.url, issuer, token, self.process, self.log)

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(self.url + "/readyz", timeout=2, trust_env=False).is_success
        return False


@contextmanager
def _starting(folder: Path, name: str, port: int) -> Iterator[StartingNode]:
    """Give a node as a child process with its own SQLite file; it is stopped at the end."""
    data = folder / name
    data.mkdir()
    url, log = f"http://127.0.0.1:{port}", data / "node.log"
    environment = node_environment(url, data)
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            parley_command("serve", "--port", str(port), "--sandbox", name),
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        yield StartingNode(name, url, environment, process, log)
    finally:
        stop_process(process)
        shutil.rmtree(data, ignore_errors=True)


def node_environment(url: str, data: Path) -> dict[str, str]:
    """Return what a node on loopback needs, and nothing that the caller's own node was given."""
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")},
        "PARLEY_ENV": "development",
        "PARLEY_PUBLIC_URL": url,
        "PARLEY_DATA_DIR": str(data),
        "PARLEY_SEALING_KEYS": new_key(),
        "PARLEY_SANDBOX": "true",
    }


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """The process has ended, by itself or by force."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def parley_command(*arguments: str) -> list[str]:
    """Return how this very installation is run on the command line."""
    return [sys.executable, "-m", "service.cli", *arguments]


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _stay(narrator: Narrator, first: DemoNode, second: DemoNode) -> None:
    """Keep both nodes running for whoever wants to look around."""
    narrator.title("Both nodes keep running. Look around; Ctrl-C ends it.")
    for node in (first, second):
        narrator.say(f"  {node.name}: docs {node.url}/docs   reference {node.url}/redoc")
    narrator.say("  Sandbox accounts: alice / alice-sandbox (admin), bob / bob-sandbox (member).")
    narrator.say("  For the curls of README.md, paste this into a second terminal:\n")
    for node in (first, second):
        name = node.name.upper()
        narrator.say(f"export {name}={node.url} {name}_TOKEN={node.token}")
    while True:
        for node in (first, second):
            node.require_alive()
        time.sleep(1)
