"""Every command of the README and its tutorials does what it says: real nodes on loopback, a scripted browser."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from service.demo.run import free_port, parley_command
from service.trust.sealing import new_key
from tests import databases
from tests.deadlines import until
from tests.documents import Block, blocks
from tests.source_tree import ROOT

SECONDS = 180
FIVE_CURLS = ("README.md", "A set-up in five curls")
INVITATION = ("docs/invitation.md", "An invitation in seven curls")
MESSAGES = ("docs/messages.md", "A message in four curls")
OWN_NODE = ("docs/operating.md", "A node of your own")
PRODUCTION = ("docs/operating.md", "In production")


@pytest.fixture
def terminal(tmp_path: Path) -> Mapping[str, str]:
    """The environment of a terminal in an empty folder, with this installation as `parley` and `.venv/bin/parley`."""
    (tmp_path / ".venv/bin").mkdir(parents=True)
    _write_command(tmp_path / ".venv/bin/parley", "-m service.cli")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    path = f"{tmp_path}/.venv/bin{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    browser = f"{shlex.quote(sys.executable)} {shlex.quote(str(ROOT / 'tests/scripted_browser.py'))} %s"
    return {**kept, "PATH": path, "PYTHONPATH": str(ROOT), "BROWSER": browser}


def _write_command(path: Path, what: str) -> None:
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {what} "$@"\n', encoding="utf-8")
    path.chmod(0o755)


@contextmanager
def running(script: str, terminal: Mapping[str, str], folder: Path) -> Iterator[Path]:
    """Run a script that does not end by itself; give the file that it writes to, and stop it like Ctrl-C at the end."""
    said = folder / f"said-{free_port()}"
    with said.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - commands of our own README
            ["bash", "-euc", script],  # noqa: S607 - the Makefile needs bash, too
            cwd=folder,
            env=terminal,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield said
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(SECONDS)


def run(script: str, terminal: Mapping[str, str], folder: Path) -> str:
    """Return what the script printed."""
    done = subprocess.run(  # noqa: S603 - commands of our own README
        ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607
        cwd=folder,
        env=terminal,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def shell(place: tuple[str, str]) -> list[str]:
    return [block.text for block in blocks(*place) if block.language == "bash"]


def test_the_curls_set_up_a_connection_and_an_invitation(terminal: Mapping[str, str], tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        _write_command(tmp_path / ".venv/bin/curl", str(ROOT / "tests/curl_stand_in.py"))
    demo = shlex.join(parley_command("demo"))
    with running(f"exec {demo}", terminal, tmp_path) as said:
        told = until(
            said.read_text, within=SECONDS, accept=re.compile(r"FAILED|_TOKEN.*\n.*_TOKEN.*\n").search
        )
        exports = [line for line in told.splitlines() if line.startswith("export ")]
        assert len(exports) == 2, told
        parts = [list(_steps(blocks(*place))) for place in (FIVE_CURLS, MESSAGES, INVITATION)]
        steps = [step for part in parts for step in part]
        script = "\n".join(
            [*exports, *(f"{{\n{text}}} > {index}.out" for index, (text, _) in enumerate(steps))]
        )
        run(script, terminal, tmp_path)
    assert said.read_text().endswith("Stopped.\n")
    for index, (text, expected) in enumerate(steps):
        if expected is not None:
            found = json.loads((tmp_path / f"{index}.out").read_text(encoding="utf-8"))
            assert includes(found, expected), f"{text}\nanswered {json.dumps(found, indent=1)}"
    assert [sum(text.count("curl ") for text, _ in part) for part in parts] == [5, 4, 7]


def _steps(found: list[Block]) -> Iterator[tuple[str, object]]:
    """Yield each script with the answer that stands below it, or None."""
    for block, below in zip(found, [*found[1:], None], strict=True):
        if block.language == "bash":
            yield block.text, json.loads(below.text) if below and below.language == "json" else None


def includes(found: object, shown: object) -> bool:
    """True where everything that is shown was found; `…` stands for whatever there is."""
    match found, shown:
        case dict(), dict():
            return all(name in found and includes(found[name], value) for name, value in shown.items())
        case list(), list():
            return len(found) >= len(shown) and all(map(includes, found, shown))
        case str(), str():
            return bool(re.fullmatch(re.escape(shown).replace("…", ".+"), found))
        case _:
            return found == shown


@pytest.mark.exhaustive
def test_a_node_of_your_own_takes_an_instance_and_gives_tokens(
    terminal: Mapping[str, str], tmp_path: Path
) -> None:
    port = str(free_port())
    make_key, exports, serve, add, tokens, lists = (text.replace("8000", port) for text in shell(OWN_NODE))
    run(make_key, terminal, tmp_path)
    with running(f"{exports}\nexec {serve}", terminal, tmp_path) as said:
        wait_until_ready(port, said)
        node_url, token = run(exports + add, terminal, tmp_path).split()
        everything, status_page = run(exports + tokens, terminal, tmp_path).split()
        assert node_url == f"http://127.0.0.1:{port}/i/globex"
        assert get(port, "/v1/me", token)["all_instances"] is False
        assert get(port, "/v1/me", everything)["name"] == "set-up wizard"
        assert get(port, "/v1/me", status_page)["scopes"] == ["connections:read"]
        shown = run(exports + lists, terminal, tmp_path)
        assert [name for name in ("globex", "set-up wizard", "status page") if name not in shown] == []
    run(make_key, terminal, tmp_path)  # once more: the key stays
    assert "globex" in run(exports + lists, terminal, tmp_path)
    assert_private(tmp_path / ".parley")


def test_make_serve_runs_a_node_that_can_be_tried_at_once(
    terminal: Mapping[str, str], tmp_path: Path
) -> None:
    port, data = str(free_port()), tmp_path / "data"
    own = {"PARLEY_PUBLIC_URL": f"http://127.0.0.1:{port}", "PARLEY_DATA_DIR": str(data)}
    make = f"make -C {ROOT} --no-print-directory -o .venv/.ready SECRETS={data}/sealing-keys"
    environment = {**terminal, **own}
    serve = f"exec {make} ARGS='--port {port}' serve"
    with running(serve, environment, tmp_path) as said:
        wait_until_ready(port, said)
        page = httpx.get(f"http://127.0.0.1:{port}/docs", trust_env=False)
        assert page.status_code == 200
        export, _, line = said.read_text().partition("\nexport ")[2].partition("\nTry it: ")
        told = run(f"export {export}\n{line.splitlines()[0]}", terminal, tmp_path)
        assert json.loads(told)["name"] == "Acme"
        assert "acme" in run(f"{make} parley ARGS='instance list'", environment, tmp_path)
    with running(serve, environment, tmp_path) as said:
        wait_until_ready(port, said)
        assert "Another token: `parley token create --all-instances`" in said.read_text()
        assert run(f"{make} parley ARGS='token list'", environment, tmp_path).count("tok_") == 1
    assert_private(data)


def assert_private(folder: Path) -> None:
    """Nobody but the owner reads what the node keeps."""
    found = {path.name: path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())}
    assert {"parley.db", "sealing-keys"} <= set(found)
    assert set(found.values()) == {0}


@pytest.mark.exhaustive
def test_production_has_a_replica_and_a_worker_on_postgresql(
    terminal: Mapping[str, str], tmp_path: Path, postgres_url: str
) -> None:
    port = str(free_port())
    exports, migrate, serve, worker = shell(PRODUCTION)
    keys = tmp_path / "keys"
    keys.write_text(new_key(), encoding="utf-8")
    exports = exports.replace("/etc/parley/sealing-keys", str(keys))
    with databases.postgres_copy(postgres_url, "template1") as url:
        exports = re.sub(r"'postgresql://\S+'", lambda _: shlex.quote(url), exports)
        assert "newest revision" in run(exports + migrate, terminal, tmp_path)
        replica = serve.replace("8000", port).replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - replaced
        without = "export PARLEY_WORKER=false\n"
        with (
            running(f"{exports}{without}exec {replica}", terminal, tmp_path) as said,
            running(f"{exports}exec {worker}", terminal, tmp_path) as done,
        ):
            wait_until_ready(port, said)
        assert "Traceback" not in said.read_text() + done.read_text()


def wait_until_ready(port: str, said: Path) -> None:
    def is_ready() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2, trust_env=False).is_success
        except httpx.TransportError:
            return False

    assert until(is_ready), said.read_text()


def get(port: str, path: str, token: str) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.get(f"http://127.0.0.1:{port}{path}", headers=headers, trust_env=False)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found
