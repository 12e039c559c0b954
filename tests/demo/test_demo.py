"""`parley demo` ends with 0 only if everything it told is true, and leaves nothing behind."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.demo.run import DemoBrowser, DemoNode, free_port, parley_command, run_demo
from service.demo.story import tell
from service.demo.telling import Narrator

SECONDS = 180
NewBrowser = Callable[[], DemoBrowser]


@pytest.fixture
def own_temporary_folder(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(tmp_path)}


def neighbours() -> int:
    """Return the first of two ports of loopback, one after the other, that nobody listens on now."""
    while True:
        port = free_port()
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port + 1))
            return port


@pytest.mark.exhaustive
def test_it_shows_both_sides_of_a_connection_and_ends(
    own_temporary_folder: dict[str, str], tmp_path: Path
) -> None:
    port = neighbours()
    done = subprocess.run(  # noqa: S603 - our own command line
        parley_command("demo", "--once", "--port", str(port)),
        env=own_temporary_folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    views = re.findall(
        r"(acme|globex): .* is active, role (\w+), .* \(active\), shared id (\S+)", done.stdout
    )
    assert [view[:2] for view in views] == [("acme", "initiator"), ("globex", "responder")]
    assert views[0][2] == views[1][2]
    assert set(re.findall(r"http://127\.0\.0\.1:(\d+)", done.stdout)) == {str(port), str(port + 1)}
    assert "is active on both sides" in done.stdout, "the local connection"
    assert "An admin of the other side denied it." in done.stdout
    assert "'Here to Partner' is active at acme, active at globex" in done.stdout, "the invitation"
    assert "because: The partner rejected it: We work with your other tracker already." in done.stdout
    assert "'Here to Depot' is active at acme, active at depot" in done.stdout, "the private side"
    assert "409" in done.stdout, "the call out of order"
    assert "'Jira to Redmine' is active at jira and at redmine" in done.stdout, "two different systems"
    assert done.stdout.endswith("All went as told.\n")
    assert list(tmp_path.iterdir()) == [], "the data of both nodes is gone"
    for url in set(re.findall(r"http://127\.0\.0\.1:\d+", done.stdout)):
        with suppress(httpx.ConnectError):
            pytest.fail(f"a node still answers: {httpx.get(url)}")


def test_without_a_redmine_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("service.demo.trackers.SCRIPT", tmp_path / "none")
    assert run_demo(once=True, redmine=True) == 1
    assert "apt-get install redmine redmine-sqlite puma" in capsys.readouterr().out


class KillingNarrator(Narrator):
    """Kills a node, by its process id, as soon as a chapter begins."""

    def __init__(self, out: Any, victim: DemoNode, chapter: str) -> None:
        super().__init__(out)
        self.victim = victim
        self.chapter = chapter

    def title(self, text: str) -> None:
        super().title(text)
        if self.chapter in text:
            os.kill(self.victim.process.pid, signal.SIGKILL)
            self.victim.process.wait()


@pytest.mark.exhaustive
def test_it_fails_when_a_node_dies_in_the_middle(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def kill_and_tell(
        out: Narrator, first: DemoNode, second: DemoNode, hidden: DemoNode, browser: NewBrowser
    ) -> None:
        tell(KillingNarrator(out.out, second, "Alice proves"), first, second, hidden, browser)

    monkeypatch.setattr("service.demo.run.tell", kill_and_tell)
    assert run_demo(once=True) == 1
    told = capsys.readouterr().out
    assert "The demo FAILED" in told
    assert "Node globex ended by itself." in told
    assert "All went as told." not in told


@pytest.mark.exhaustive
def test_it_fails_when_a_node_dies_while_somebody_looks_around(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def only_kill(out: Narrator, first: DemoNode, *_others: DemoNode | NewBrowser) -> None:
        KillingNarrator(out.out, first, "").title("Somebody looks around")

    monkeypatch.setattr("service.demo.run.tell", only_kill)
    assert run_demo(once=False) == 1
    assert "Node acme ended by itself." in capsys.readouterr().out


class LyingNode:
    """Answers every call, wrongly."""

    url = "http://127.0.0.1:1"
    issuer = "http://127.0.0.1:1/i/liar"

    def __init__(self, name: str) -> None:
        self.name = name

    def call(self, method: str, path: str, expected: int, body: object = None) -> dict[str, Any]:
        return {"outcome": "nothing_there"}

    def require_alive(self) -> None:
        """It lives."""

    def ready(self) -> "LyingNode":
        return self

    def add_instance(self, slug: str, *_options: str) -> "LyingNode":
        return LyingNode(slug)


def test_it_fails_when_an_answer_differs_from_what_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def liars(*_: object) -> list[LyingNode]:
        return [LyingNode("acme"), LyingNode("globex")]

    monkeypatch.setattr("service.demo.run._start_both", liars)
    assert run_demo(once=True) == 1
    told = capsys.readouterr().out
    assert "the probe's outcome: told 'node_found', found 'nothing_there'" in told


def test_it_fails_when_it_is_stopped_before_its_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> list[LyingNode]:
        raise KeyboardInterrupt

    monkeypatch.setattr("service.demo.run._start_both", interrupted)
    assert run_demo(once=True) == 1
    assert "Stopped before the end." in capsys.readouterr().out
